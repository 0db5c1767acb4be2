// expect: REF-01 line 10 bug release
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  struct bpf_sock_tuple t = {};
  t.ipv4.saddr = 1;
  struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
  if (sk && sk->state == 1) return TC_ACT_OK;
  if (sk) bpf_sk_release(sk);
  return TC_ACT_SHOT;
}
