// expect: PKT-02 line 8 bug packet_check
#include "threads.h"
MAP(bl, BPF_MAP_TYPE_HASH, u32, u64, 16);
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct iphdr *ip = data + 14;
  if ((void *)ip + 12 > data_end) return XDP_PASS;
  return bpf_map_lookup_elem(&bl, &ip->saddr) ? XDP_DROP : XDP_PASS;
}
