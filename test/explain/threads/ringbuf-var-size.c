// expect: HLP-10 line 6 rule advice
#include "threads.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
SEC("kprobe/vfs_write") int prog(struct pt_regs *ctx) {
  u64 len = ctx->rdx & 0xff;
  char *e = bpf_ringbuf_reserve(&rb, len + 8, 0);
  if (!e) return 0;
  e[0] = 1;
  bpf_ringbuf_submit(e, 0);
  return 0;
}
