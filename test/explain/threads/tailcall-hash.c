// expect: HLP-04 line 4 rule advice
#include "threads.h"
MAP(jt, BPF_MAP_TYPE_ARRAY, u32, u32, 4);
SEC("xdp") int prog(struct xdp_md *ctx) { bpf_tail_call(ctx, &jt, 1); return XDP_PASS; }
