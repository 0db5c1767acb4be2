// expect: HLP-09 line 9 bug size_check
#include "threads.h"
MAP(heap, BPF_MAP_TYPE_PERCPU_ARRAY, u32, char[512], 1);
SEC("socket") int prog(struct __sk_buff *skb) {
  u32 zero = 0;
  char *b = bpf_map_lookup_elem(&heap, &zero);
  if (!b) return 0;
  u32 len = skb->len;
  bpf_skb_load_bytes(skb, 0, b, len);
  return b[0];
}
