// expect: HLP-05 line 10 rule advice
// fix: __uint(type, BPF_MAP_TYPE_DEVMAP);
#include "../threads/threads.h"
MAP(hosts, BPF_MAP_TYPE_HASH, u32, u32, 4);
MAP(ports, BPF_MAP_TYPE_DEVMAP, u32, u32, 4);
SEC("xdp") int prog(struct xdp_md *ctx) {
#ifdef FIX
  return bpf_redirect_map(&ports, 0, 0);
#else
  return bpf_redirect_map(&hosts, 0, 0);
#endif
}
