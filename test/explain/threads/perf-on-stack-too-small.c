// expect: HLP-08 line 5 bug size_check
#include "threads.h"
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  char comm[8];
  bpf_get_current_comm(&comm, 16);
  return comm[0];
}
