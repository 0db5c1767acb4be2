// expect: MAP-03 line 19 bug index_check
#include "../threads/threads.h"
struct bpf_iter_num { u64 x[1]; } __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __attribute__((section(".ksyms")));
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
u32 slots[10];
SEC("tc") int prog(struct __sk_buff *skb) {
  struct bpf_iter_num it;
  int *i;
  bpf_iter_num_new(&it, 0, 12);
  while ((i = bpf_iter_num_next(&it))) {
    u32 at = *i;
#ifdef FIX
    if (at >= 10) break;
#else
    if (at > 10) break;
#endif
    slots[at]++;
  }
  bpf_iter_num_destroy(&it);
  return 0;
}
