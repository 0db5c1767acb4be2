// expect: LOOP-01 line 8 bug loop_cap
#include "../threads/threads.h"
volatile u32 go;
SEC("tc") int prog(struct __sk_buff *skb) {
#ifdef FIX
  for (int i = 0; i < 1000 && go; i++) ;
#else
  while (go) ;
#endif
  return TC_ACT_OK;
}
