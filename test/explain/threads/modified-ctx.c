// expect: CTX-03 line 5 bug advice
#include "threads.h"
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(key_size, 4); __uint(value_size, 1016); __uint(max_entries, 128);} st SEC(".maps");
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  return bpf_get_stackid((void *)ctx + 16, &st, 0) > 0;
}
