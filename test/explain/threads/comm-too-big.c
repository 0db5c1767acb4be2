// expect: HLP-08 line 8 bug size_check
#include "threads.h"
MAP(m, BPF_MAP_TYPE_HASH, u32, char[16], 16);
SEC("kprobe/foo") int prog(struct pt_regs *ctx) {
  u32 k = 1;
  char *v = bpf_map_lookup_elem(&m, &k);
  if (!v) return 0;
  bpf_get_current_comm(v, 64);
  return 0;
}
