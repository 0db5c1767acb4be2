// expect: LOOP-02 line 9 bug loop_cap
// fix: if (n > 64) n = 64;   /* before the loop */
#include "../threads/threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 n = skb->mark, x = 1;
#ifdef FIX
  if (n > 64) n = 64;
#endif
  for (u32 i = 0; i < n; i++) { x = x * 31 + i; asm volatile("" : "+r"(x)); }
  return x & 1;
}
