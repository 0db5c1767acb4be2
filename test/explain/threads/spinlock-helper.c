// expect: REF-04 line 11 bug advice
#include "threads.h"
struct v { struct bpf_spin_lock l; u64 n, t; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct v, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 z = 0;
  struct v *v = bpf_map_lookup_elem(&m, &z);
  if (!v) return 0;
  bpf_spin_lock(&v->l);
  v->n++;
  v->t = bpf_ktime_get_ns();
  bpf_spin_unlock(&v->l);
  return 0;
}
