// expect: REF-01 line 14 bug release
// fix: bpf_sk_release(sk);   /* before each return that lacks it */
#include "../threads/threads.h"
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(key_size, 4); __uint(value_size, 8); __uint(max_entries, 4); } socks SEC(".maps");
SEC("sk_lookup") int prog(struct bpf_sk_lookup *ctx) {
  u32 zero = 0;
  struct bpf_sock *sk = bpf_map_lookup_elem(&socks, &zero);
  if (!sk) return SK_PASS;
  bpf_sk_assign(ctx, sk, 0);
#ifdef FIX
  bpf_sk_release(sk);
#endif
  return SK_PASS;
}
