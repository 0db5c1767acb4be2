// expect: HLP-01 line 13 bug advice
// fix: typeof(*recs.value) r = {};
#include "../threads/threads.h"
struct rec { u64 a, b, c; };
MAP(recs, BPF_MAP_TYPE_HASH, u32, struct rec, 16);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = skb->mark;
#ifdef FIX
  struct rec r = {};
#else
  u64 r = 0;
#endif
  bpf_map_update_elem(&recs, &k, &r, BPF_ANY);
  return TC_ACT_OK;
}
