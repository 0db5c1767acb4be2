// expect: ENV-03 line 4 environment advice
#include "threads.h"
extern int helper_in_other_file(int);
SEC("xdp") int prog(struct xdp_md *ctx) { return helper_in_other_file(ctx->ingress_ifindex); }
