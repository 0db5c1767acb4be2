// expect: REF-01 line 20 bug release
// fix: bpf_iter_num_destroy(&it);   /* before each return that lacks it */
#include "../threads/threads.h"
struct bpf_iter_num { u64 x[1]; } __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __attribute__((section(".ksyms")));
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __attribute__((section(".ksyms")));
SEC("tc") int prog(struct __sk_buff *skb) {
  struct bpf_iter_num it;
  int *i, sum = 0;
  bpf_iter_num_new(&it, 0, 10);
  while ((i = bpf_iter_num_next(&it))) {
    sum += *i;
#ifndef FIX
    if (sum > 20) return sum;
#endif
  }
  bpf_iter_num_destroy(&it);
  return sum;
}
