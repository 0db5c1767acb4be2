// expect: HLP-07 line 11 bug size_check
#include "threads.h"
struct buf { char data[256]; };
MAP(bufs, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct buf, 1);
SEC("kprobe/vfs_write") int prog(struct pt_regs *ctx) {
  u32 zero = 0;
  struct buf *b = bpf_map_lookup_elem(&bufs, &zero);
  if (!b) return 0;
  int len = ctx->rdx;
  if (len > 256) len = 256;
  bpf_probe_read_user(b->data, len, (void *)ctx->rsi);
  return 0;
}
