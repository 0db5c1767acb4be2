// expect: NUL-01 line 5 bug null_check
#include "threads.h"
SEC("cgroup_skb/egress") int prog(struct __sk_buff *skb) {
  struct bpf_sock *sk = skb->sk;
  return sk->family == 2;
}
