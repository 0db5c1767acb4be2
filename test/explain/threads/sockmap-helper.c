// expect: ENV-01 line 4 rule advice
#include "threads.h"
struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 4); __type(key, u32); __type(value, u32);} sm SEC(".maps");
SEC("tc") int prog(struct __sk_buff *skb) { return bpf_sk_redirect_map(skb, &sm, 0, 0); }
