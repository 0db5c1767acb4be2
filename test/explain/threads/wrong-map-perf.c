// expect: HLP-05 line 6 rule advice
#include "threads.h"
MAP(m, BPF_MAP_TYPE_HASH, u32, u32, 16);
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  u64 v = 1;
  return bpf_perf_event_output(ctx, &m, BPF_F_CURRENT_CPU, &v, sizeof(v));
}
