// expect: REF-01 line 17 bug release
// fix: bpf_ringbuf_discard_dynptr(&d, 0);   /* before each return that lacks it */
#include "../threads/threads.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
SEC("tp/sched/sched_switch") int prog(void *ctx) {
  struct bpf_dynptr d;
  u32 v = 7;
  if (bpf_ringbuf_reserve_dynptr(&rb, 16, 0, &d)) {
#ifdef FIX
    bpf_ringbuf_discard_dynptr(&d, 0);
#endif
    return 0;
  }
  bpf_dynptr_write(&d, 0, &v, 4, 0);
  bpf_ringbuf_submit_dynptr(&d, 0);
  return 0;
}
