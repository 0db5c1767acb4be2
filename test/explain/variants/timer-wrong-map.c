// expect: HLP-10 line 13 bug advice
#include "../threads/threads.h"
struct val { struct bpf_timer t; u64 n; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct val, 1);
MAP(other, BPF_MAP_TYPE_ARRAY, u32, u64, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = 0;
  struct val *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return 0;
#ifdef FIX
  bpf_timer_init(&v->t, &m, 1);
#else
  bpf_timer_init(&v->t, &other, 1);
#endif
  return TC_ACT_OK;
}
