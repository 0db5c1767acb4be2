// expect: TYP-01 line 5 bug advice
#include "threads.h"
SEC("uprobe") int prog(struct pt_regs *ctx) {
  const char **argv = (const char **)ctx->rsi;
  bpf_printk("%s", argv[0]);
  return 0;
}
