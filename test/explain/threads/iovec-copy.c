// expect: HLP-08 line 24 limit advice
#include "threads.h"
struct record { u32 n; char text[4096]; };
MAP(heap, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct record, 1);
struct part { void *base; unsigned long len; };
SEC("kprobe/sys_sendmsg") int prog(struct pt_regs *ctx) {
  u32 z = 0;
  struct record *record = bpf_map_lookup_elem(&heap, &z);
  if (!record) return 0;
  struct part part = {};
  const unsigned long room = sizeof(record->text);
  unsigned long used = 0;
  bpf_probe_read_user(&part, sizeof(part), (void *)ctx->rsi);
  if (used < room) {
    const unsigned long left = room - used;
    const int len = part.len < left ? part.len : left;
    bpf_probe_read_user(record->text + used, len, part.base);
    used += len;
  }
  bpf_probe_read_user(&part, sizeof(part), (void *)ctx->rsi + 16);
  if (used < room) {
    const unsigned long left = room - used;
    const int len = part.len < left ? part.len : left;
    bpf_probe_read_user(record->text + used, len, part.base);
    used += len;
  }
  return 0;
}
