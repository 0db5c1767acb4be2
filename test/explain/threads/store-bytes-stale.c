// expect: PKT-04 line 10 bug reload
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  struct iphdr *ip = data + sizeof(struct ethhdr);
  if ((void *)(ip + 1) > data_end) return TC_ACT_OK;
  u32 new_ip = 0x0100007f;
  bpf_l3_csum_replace(skb, 24, ip->daddr, new_ip, 4);
  bpf_skb_store_bytes(skb, 30, &new_ip, 4, 0);
  return ip->ttl > 1 ? TC_ACT_OK : TC_ACT_SHOT;
}
