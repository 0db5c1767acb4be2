// expect: CTX-01 line 4 bug advice
#include "threads.h"
SEC("socket") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  if (data + 14 > data_end) return 0;
  return ((u8 *)data)[12];
}
