// expect: STK-04 line 4 bug advice
#include "../threads/threads.h"
static __attribute__((noinline)) int c(int x) { volatile u8 b[200] = {}; b[x & 127] = x; return b[0]; }
static __attribute__((noinline)) int b(int x) { volatile u8 d[200] = {}; d[x & 127] = c(x); return d[1]; }
#ifdef FIX
static __attribute__((noinline)) int a(int x) { volatile u8 d[40] = {}; d[x & 31] = b(x); return d[2]; }
#else
static __attribute__((noinline)) int a(int x) { volatile u8 d[200] = {}; d[x & 127] = b(x); return d[2]; }
#endif
SEC("tc") int prog(struct __sk_buff *skb) { return a(skb->mark) & 1; }
