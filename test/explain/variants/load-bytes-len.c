// expect: HLP-06 line 15 bug size_check
// fix: if ((__u64)len > 256) return TC_ACT_OK;
#include "../threads/threads.h"
MAP(scratch, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct { u8 b[256]; }, 1);
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 k = 0;
  u8 *buf = bpf_map_lookup_elem(&scratch, &k);
  if (!buf) return TC_ACT_OK;
  u32 len = skb->len;
#ifdef FIX
  if (len == 0 || len > 256) return TC_ACT_OK;
#else
  if (len == 0) return TC_ACT_OK;
#endif
  bpf_skb_load_bytes(skb, 0, buf, len);
  return TC_ACT_OK;
}
