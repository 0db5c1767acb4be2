// expect: REF-02 line 13 bug advice
#include "../threads/threads.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
SEC("tc") int prog(struct __sk_buff *skb) {
  u32 *e = bpf_ringbuf_reserve(&rb, 4, 0);
  if (!e) return 0;
  *e = skb->len;
  if (skb->len > 100)
    bpf_ringbuf_submit(e, 0);
#ifdef FIX
  else
#endif
  bpf_ringbuf_discard(e, 0);
  return 0;
}
