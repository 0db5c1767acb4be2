// A traffic control classifier for Linux (platform=linux): counts bytes per protocol number of the link layer.
#include "include/ebpf_linux.h"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, uint32_t);
    __type(value, uint64_t);
    __uint(max_entries, 64);
} bytes_by_protocol SEC(".maps");

SEC("tc")
int count_bytes(struct __sk_buff* skb)
{
    uint32_t protocol = skb->protocol;
    uint64_t* bytes = bpf_map_lookup_elem(&bytes_by_protocol, &protocol);
    if (bytes) {
        __sync_fetch_and_add(bytes, skb->len);
        return TC_ACT_OK;
    }
    uint64_t first = skb->len;
    bpf_map_update_elem(&bytes_by_protocol, &protocol, &first, 0);
    return TC_ACT_OK;
}

char license_text[] SEC("license") = "MIT";
