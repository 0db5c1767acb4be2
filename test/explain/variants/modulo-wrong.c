// expect: MAP-02 line 10 bug index_check
// fix: if (index > 11) return TC_ACT_OK;
#include "../threads/threads.h"
struct val { u32 c[12]; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct val, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = 0;
  struct val *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return TC_ACT_OK;
  v->c[skb->hash % 13]++;
  return TC_ACT_OK;
}
