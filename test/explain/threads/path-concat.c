// expect: HLP-08 line 14 bug index_check
#include "threads.h"
struct buf { char s[512]; };
MAP(bufs, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct buf, 1);
struct dentry { struct dentry *parent; const char *name; u32 len; };
SEC("kprobe/vfs_unlink") int prog(struct pt_regs *ctx) {
  u32 z = 0;
  struct buf *b = bpf_map_lookup_elem(&bufs, &z);
  if (!b) return 0;
  struct dentry d, *p = (void *)ctx->rsi;
  u64 pos = 0;
  for (int i = 0; i < 20; i++) {
    if (bpf_probe_read_kernel(&d, sizeof(d), p)) break;
    long n = bpf_probe_read_kernel_str(b->s + pos, 256, d.name);
    if (n <= 1) break;
    pos += n;
    if (d.parent == p || !d.parent) break;
    p = d.parent;
  }
  return 0;
}
