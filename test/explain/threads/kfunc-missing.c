// expect: ENV-03 line 4 environment advice
#include "threads.h"
extern int bpf_no_such_kfunc(int) __attribute__((section(".ksyms")));
SEC("tc") int prog(struct __sk_buff *skb) { return bpf_no_such_kfunc(1); }
