// expect: HLP-08 line 11 bug size_check
// fix: bpf_fib_lookup(ctx, (void *)&p, sizeof(p), 0);
#include "../threads/threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
#ifdef FIX
  struct bpf_fib_lookup p = {};
#else
  struct { u8 family; u8 pad[15]; } p = {};
#endif
  p.family = 2;
  return bpf_fib_lookup(ctx, (void *)&p, sizeof(struct bpf_fib_lookup), 0) ? XDP_PASS : XDP_DROP;
}
