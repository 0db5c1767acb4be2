// expect: REF-01 line 13 bug release
#include "threads.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } rb SEC(".maps");
struct e { u32 pid; char f[64]; };
SEC("tracepoint/syscalls/sys_enter_openat") int prog(u64 *ctx) {
  struct e *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
  if (!e) return 0;
  e->pid = bpf_get_current_pid_tgid() >> 32;
  if (bpf_probe_read_user_str(e->f, sizeof(e->f), (void *)ctx[3]) < 0)
    return 0;
  bpf_ringbuf_submit(e, 0);
  return 0;
}
