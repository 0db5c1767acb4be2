// expect: NUL-05 line 7 bug null_check
// fix: if (!in) return 0;
#include "../threads/threads.h"
struct inner { u64 a, b; };
struct event { u32 kind; struct inner in; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
static __always_inline void fill(struct inner *in) { in->a = 1; in->b = 2; }
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  struct event *e = bpf_ringbuf_reserve(&rb, sizeof *e, 0);
#ifdef FIX
  if (!e) return 0;
#endif
  fill(&e->in);
  e->kind = 1;
  bpf_ringbuf_submit(e, 0);
  return 0;
}
