// expect: REF-01 line 19 bug release
// fix: bpf_sk_release(sk);   /* before each return that lacks it */
#include "../threads/threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  struct bpf_sock_tuple t = {};
  for (int i = 0; i < 3; i++) {
    t.ipv4.dport = i;
    struct bpf_sock *sk = bpf_sk_lookup_tcp(skb, &t, sizeof t.ipv4, -1, 0);
    if (!sk) continue;
    u32 state = sk->state;
#ifdef FIX
    bpf_sk_release(sk);
#else
    if (state != 10) bpf_sk_release(sk);
#endif
    if (state == 10) return TC_ACT_SHOT;
  }
  return TC_ACT_OK;
}
