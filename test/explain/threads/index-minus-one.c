// expect: MAP-04 line 11 bug index_check
#include "threads.h"
struct t { char name[32]; };
MAP(m, BPF_MAP_TYPE_HASH, u32, struct t, 64);
SEC("tracepoint/syscalls/sys_enter_execve") int prog(u64 *ctx) {
  u32 pid = bpf_get_current_pid_tgid();
  struct t *t = bpf_map_lookup_elem(&m, &pid);
  if (!t) return 0;
  int len = bpf_probe_read_user_str(t->name, sizeof(t->name), (void *)ctx[2]);
  if (len < 0) return 0;
  t->name[len - 1] = 0;
  return 0;
}
