// expect: MAP-02 line 9 bug index_check
#include "threads.h"
struct c { u64 cnt[64]; };
MAP(m, BPF_MAP_TYPE_ARRAY, u32, struct c, 1);
SEC("tracepoint/sched/sched_switch") int prog(void *ctx) {
  u32 z = 0; struct c *c = bpf_map_lookup_elem(&m, &z);
  if (!c) return 0;
  u32 cpu = bpf_get_smp_processor_id();
  c->cnt[cpu]++;
  return 0;
}
