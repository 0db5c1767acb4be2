// expect: PKT-03 line 10 bug packet_check
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  struct ethhdr *eth = data;
  if (data + sizeof(*eth) + sizeof(struct iphdr) + sizeof(struct tcphdr) > data_end) return TC_ACT_OK;
  struct iphdr *ip = data + sizeof(*eth);
  if (ip->protocol != IPPROTO_TCP) return TC_ACT_OK;
  struct tcphdr *tcp = (void *)ip + ip->ihl * 4;
  return tcp->dest == bpf_htons(22) ? TC_ACT_SHOT : TC_ACT_OK;
}
