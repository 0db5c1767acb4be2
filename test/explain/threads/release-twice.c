// expect: REF-02 line 8 bug advice
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  struct bpf_sock_tuple t = {};
  struct bpf_sock *sk = bpf_sk_lookup_udp(skb, &t, sizeof(t.ipv4), BPF_F_CURRENT_NETNS, 0);
  if (!sk) return 0;
  bpf_sk_release(sk);
  u32 mark = sk->mark;
  return mark;
}
