// expect: PKT-03 line 13 bug packet_check
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  struct iphdr *ip = data + 14;
  if ((void *)(ip + 1) > data_end) return TC_ACT_OK;
  u32 ihl = ip->ihl * 4;
  if (ihl < 20) return TC_ACT_OK;
  struct tcphdr *tcp = (void *)ip + ihl;
  if ((void *)(tcp + 1) > data_end) return TC_ACT_OK;
  u32 doff = tcp->doff * 4;
  char *payload = (char *)tcp + doff;
  if (payload[0] == 'G' && payload[1] == 'E' && payload[2] == 'T') return TC_ACT_SHOT;
  return TC_ACT_OK;
}
