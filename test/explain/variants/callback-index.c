// expect: MAP-02 line 11 bug index_check
// fix: if (i > 15) return 0;
#include "../threads/threads.h"
struct ctx_ { u32 sum; };
u32 weights[16];
static long add(u32 i, void *p) {
  struct ctx_ *c = p;
#ifdef FIX
  if (i >= 16) return 1;
#endif
  c->sum += weights[i];
  return 0;
}
SEC("tc") int prog(struct __sk_buff *skb) {
  struct ctx_ c = {};
  bpf_loop(32, add, &c, 0);
  return c.sum & 1;
}
