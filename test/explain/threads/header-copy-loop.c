// expect: PKT-06 line 19 bug packet_check
#include "threads.h"
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 24); } rb SEC(".maps");
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  if ((void *)(eth + 1) > data_end) return XDP_PASS;
  struct iphdr *ip = (void *)(eth + 1);
  if ((void *)(ip + 1) > data_end) return XDP_PASS;
  if (ip->protocol != IPPROTO_TCP) return XDP_PASS;
  int ihl = ip->ihl * 4;
  if (ihl < 20) return XDP_PASS;
  struct tcphdr *tcp = (void *)ip + ihl;
  if ((void *)(tcp + 1) > data_end) return XDP_PASS;
  const int copied = 32;
  if ((void *)tcp + copied > data_end) return XDP_PASS;
  char *s = bpf_ringbuf_reserve(&rb, 32, 0);
  if (!s) return XDP_PASS;
  for (int i = 0; i < 33; i++) s[i] = *((unsigned char *)tcp + i);
  bpf_ringbuf_submit(s, 0);
  return XDP_PASS;
}
