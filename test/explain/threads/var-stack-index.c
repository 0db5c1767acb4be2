// expect: STK-02 line 6 bug index_check
#include "threads.h"
SEC("tracepoint/syscalls/sys_enter_open") int prog(u64 *ctx) {
  char buf[32] = {};
  int idx = bpf_probe_read_user_str(buf, sizeof(buf), (void *)ctx[2]);
  buf[idx] = '/';
  bpf_printk("%s", buf);
  return 0;
}
