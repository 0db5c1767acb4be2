// expect: HLP-09 line 8 bug size_check
#include "threads.h"
SEC("tc") int prog(struct __sk_buff *skb) {
  u8 buf[128];
  u16 len;
  if (bpf_skb_load_bytes(skb, 16, &len, 2)) return TC_ACT_OK;
  len = bpf_ntohs(len);
  if (bpf_skb_load_bytes(skb, 14, buf, len)) return TC_ACT_OK;
  return buf[0] ? TC_ACT_SHOT : TC_ACT_OK;
}
