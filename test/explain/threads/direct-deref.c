// expect: TYP-01 line 6 bug advice
#include "threads.h"
struct task { long state; int pid; };
SEC("kprobe/wake_up_new_task") int prog(struct pt_regs *ctx) {
  struct task *task = (struct task *)ctx->rdi;
  int pid = task->pid;
  bpf_printk("pid %d", pid);
  return 0;
}
