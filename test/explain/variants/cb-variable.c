// expect: CTX-04 line 10 rule advice
#include "../threads/threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 i = skb->mark;
#ifdef FIX
  return (i & 1) ? skb->cb[1] : skb->cb[0];
#else
  i &= 3;
  asm volatile("" : "+r"(i));
  return skb->cb[i];
#endif
}
