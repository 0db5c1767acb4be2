// expect: CTX-02 line 4 bug advice
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  skb->len = 100;
  return TC_ACT_OK;
}
