// expect: REF-03 line 13 bug release
#include "threads.h"
struct v { struct bpf_spin_lock l; u64 n; };
MAP(m, BPF_MAP_TYPE_HASH, u32, struct v, 16);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = 1; struct v *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return 0;
  bpf_spin_lock(&v->l);
  if (v->n > 100) return TC_ACT_SHOT;
  v->n++;
  bpf_spin_unlock(&v->l);
  return 0;
}
