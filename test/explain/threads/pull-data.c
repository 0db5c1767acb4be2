// expect: PKT-04 line 7 bug reload
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  struct iphdr *ip = data + 14;
  if ((void *)(ip + 1) > data_end) { if (bpf_skb_pull_data(skb, 34)) return TC_ACT_OK; }
  return ip->protocol == 6 ? TC_ACT_SHOT : TC_ACT_OK;
}
