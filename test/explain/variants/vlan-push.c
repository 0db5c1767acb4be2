// expect: PKT-04 line 14 bug reload
// fix: eth = (void *)(long)skb->data;
#include "../threads/threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  struct ethhdr *eth = (void *)(long)skb->data;
  void *end = (void *)(long)skb->data_end;
  if ((void *)(eth + 1) > end) return TC_ACT_OK;
  if (skb->vlan_present == 0 && bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), 100)) return TC_ACT_SHOT;
#ifdef FIX
  eth = (void *)(long)skb->data;
  end = (void *)(long)skb->data_end;
  if ((void *)(eth + 1) > end) return TC_ACT_OK;
#endif
  return eth->h_source[0] & 1 ? TC_ACT_SHOT : TC_ACT_OK;
}
