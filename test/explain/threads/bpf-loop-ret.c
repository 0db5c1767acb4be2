// expect: EXIT-02 line 3 rule advice
#include "threads.h"
static long cb(u32 i, void *c) { *(u32 *)c += i; return i; }
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 s = 0;
  bpf_loop(10, cb, &s, 0);
  return s & 1;
}
