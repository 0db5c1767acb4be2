// expect: PKT-01 line 7 bug packet_check
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  u8 *data = (void *)(long)skb->data;
  u8 *end = data + skb->len;
  if (data + 34 > end) return TC_ACT_OK;
  return data[23] == 6 ? TC_ACT_SHOT : TC_ACT_OK;
}
