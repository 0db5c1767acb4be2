// expect: REF-03 line 20 bug release
// fix: bpf_spin_unlock(&v->lock);   /* before each return that lacks it */
#include "../threads/threads.h"
struct val { struct bpf_spin_lock lock; u32 n; u64 sum; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct val, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = 0;
  struct val *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return 0;
  bpf_spin_lock(&v->lock);
  if (v->n > 100) {
#ifdef FIX
    bpf_spin_unlock(&v->lock);
#endif
    return TC_ACT_SHOT;
  }
  v->n++;
  bpf_spin_unlock(&v->lock);
  return TC_ACT_OK;
}
