// expect: CTX-02 line 3 bug advice
#include "threads.h"
SEC("cgroup/connect4") int prog(struct bpf_sock_addr *ctx) { ctx->family = 2; return 1; }
