// expect: HLP-09 line 12 bug size_check
#include "threads.h"
SEC("socket") int prog(struct __sk_buff *skb) {
  char payload[64];
  u8 hlen = 0; u16 tot = 0; u8 doff = 0;
  bpf_skb_load_bytes(skb, 14, &hlen, 1);
  hlen = (hlen & 0xf) * 4;
  bpf_skb_load_bytes(skb, 16, &tot, 2);
  bpf_skb_load_bytes(skb, 14 + hlen + 12, &doff, 1);
  doff = (doff >> 4) * 4;
  u32 plen = bpf_ntohs(tot) - hlen - doff;
  bpf_skb_load_bytes(skb, 14 + hlen + doff, payload, plen);
  return payload[0];
}
