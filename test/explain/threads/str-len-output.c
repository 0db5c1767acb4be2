// expect: HLP-07 line 12 bug size_check
#include "threads.h"
struct ev { u32 len; char s[128]; };
MAP(heap, BPF_MAP_TYPE_PERCPU_ARRAY, u32, struct ev, 1);
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
SEC("tracepoint/syscalls/sys_enter_openat") int prog(u64 *ctx) {
  u32 zero = 0;
  struct ev *e = bpf_map_lookup_elem(&heap, &zero);
  if (!e) return 0;
  long n = bpf_probe_read_user_str(e->s, sizeof(e->s), (void *)ctx[3]);
  e->len = n;
  bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, sizeof(e->len) + n);
  return 0;
}
