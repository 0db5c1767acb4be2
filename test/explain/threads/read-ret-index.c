// expect: MAP-04 line 10 bug index_check
#include "threads.h"
struct buf { char data[64]; u32 n; };
MAP(bufs, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct buf, 1);
SEC("kprobe/vfs_open") int prog(struct pt_regs *ctx) {
  u32 z = 0;
  struct buf *b = bpf_map_lookup_elem(&bufs, &z);
  if (!b) return 0;
  int n = bpf_probe_read_kernel_str(b->data, sizeof(b->data), (void *)ctx->rdi);
  b->data[n - 1] = '!';
  return 0;
}
