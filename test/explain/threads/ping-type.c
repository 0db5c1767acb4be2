// expect: PKT-02 line 12 bug packet_check
#include "threads.h"
static __attribute__((noinline)) unsigned char proto(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
  if (data + 34 > data_end) return 0;
  return ((struct iphdr *)(data + 14))->protocol;
}
SEC("xdp") int ping(struct xdp_md *ctx) {
  if (proto(ctx) == 1) {
    void *data = (void *)(long)ctx->data;
    struct icmphdr *icmp = data + sizeof(struct ethhdr) + sizeof(struct iphdr);
    if (icmp->type == 8) bpf_printk("request");
    if (icmp->type == 0) bpf_printk("response");
  }
  return XDP_PASS;
}
