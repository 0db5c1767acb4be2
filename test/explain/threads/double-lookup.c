// expect: NUL-02 line 12 bug null_check
#include "threads.h"
MAP(m, BPF_MAP_TYPE_HASH, u32, u64, 16);
SEC("tracepoint/sched/sched_switch") int prog(void *ctx) {
  u32 pid = bpf_get_current_pid_tgid();
  u64 one = 1;
  u64 *v = bpf_map_lookup_elem(&m, &pid);
  if (!v) {
    bpf_map_update_elem(&m, &pid, &one, BPF_ANY);
    v = bpf_map_lookup_elem(&m, &pid);
  }
  (*v)++;
  return 0;
}
