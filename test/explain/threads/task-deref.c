// expect: TYP-01 line 6 bug advice
#include "threads.h"
struct task { long x; int pid; };
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  struct task *t = (void *)bpf_get_current_task();
  return t->pid;
}
