// expect: NUL-01 line 16 bug null_check
// fix: if (!backend) return 1;
#include "../threads/threads.h"
MAP(index_of, BPF_MAP_TYPE_HASH, u32, u32, 64);
MAP(backends, BPF_MAP_TYPE_HASH, u32, u64, 64);
SEC("cgroup_skb/egress") int prog(struct __sk_buff *skb) {
  u32 key = skb->remote_port;
  u32 *slot = bpf_map_lookup_elem(&index_of, &key);
  if (!slot) return 1;
  u64 *backend = bpf_map_lookup_elem(&backends, slot);
#ifdef FIX
  if (!backend) return 1;
#else
  if (!slot) return 1;
#endif
  *backend += skb->len;
  return 1;
}
