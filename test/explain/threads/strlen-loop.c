// expect: STK-02 line 8 bug index_check
#include "threads.h"
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  char s[64] = {};
  bpf_probe_read_user(s, sizeof(s), (void *)ctx->rdi);
  int i = 0;
#pragma clang loop unroll(disable)
  while (s[i]) i++;
  return i;
}
