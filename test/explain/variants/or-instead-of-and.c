// expect: TYP-03 line 13 rule advice
// fix: if (!a) { asm volatile(""); if (!b) return 0; }
#include "../threads/threads.h"
MAP(a, BPF_MAP_TYPE_ARRAY, u32, u64, 4);
MAP(b, BPF_MAP_TYPE_HASH, u32, u64, 4);
SEC("tracepoint/syscalls/sys_enter_openat") int prog(void *ctx) {
  u32 k = 3;
  u64 *x = bpf_map_lookup_elem(&a, &k);
  u64 *y = bpf_map_lookup_elem(&b, &k);
#ifdef FIX
  if (!x || !y) return 0;
#else
  if (!x && !y) return 0;
#endif
  *x += *y;
  return 0;
}
