// expect: PKT-09 line 7 rule advice
#include "threads.h"
SEC("cgroup_skb/egress") int prog(struct __sk_buff *skb) {
  void *data = (void *)(long)skb->data, *data_end = (void *)(long)skb->data_end;
  struct iphdr *ip = data;
  if ((void *)(ip + 1) > data_end) return 1;
  ip->tos = 4;
  return 1;
}
