// expect: PKT-02 line 12 bug packet_check
#include "threads.h"
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  struct ethhdr *eth = data;
  struct iphdr *ip = (void *)(eth + 1);
  struct udphdr *udp = (void *)(ip + 1);
  if ((void *)(udp + 1) > data_end) return XDP_PASS;
  char *payload = (char *)(udp + 1);
  char match[] = "test";
  for (int i = 0; i < 4; i++)
    if (payload[i] != match[i]) return XDP_PASS;
  return XDP_DROP;
}
