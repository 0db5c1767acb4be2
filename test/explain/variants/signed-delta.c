// expect: MAP-04 line 16 bug index_check
// fix: if (at < 0 || at > 31) return TC_ACT_OK;
#include "../threads/threads.h"
struct ring { int head; u32 slots[32]; };
MAP(rings, BPF_MAP_TYPE_ARRAY, u32, struct ring, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 zero = 0;
  struct ring *r = bpf_map_lookup_elem(&rings, &zero);
  if (!r) return TC_ACT_OK;
  int at = r->head;
#ifdef FIX
  if (at < 0 || at >= 32) return TC_ACT_OK;
#else
  if (at >= 32) return TC_ACT_OK;
#endif
  r->slots[at] = skb->len;
  return TC_ACT_OK;
}
