// An XDP program for Linux (platform=linux): drops IPv4 packets from source addresses in a map and counts them.
// Its context holds 32-bit packet addresses, its map type and helper numbers are those of Linux.
#include "include/ebpf_linux.h"

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __type(key, uint32_t);
    __type(value, uint64_t);
    __uint(max_entries, 4096);
} blocked SEC(".maps");

SEC("xdp")
int drop_blocked(struct xdp_md* ctx)
{
    uint8_t* packet = (uint8_t*)(long)ctx->data;
    uint8_t* end = (uint8_t*)(long)ctx->data_end;
    // Ethernet and IPv4 headers.
    if (packet + 14 + 20 > end)
        return XDP_PASS;
    if (packet[12] != 0x08 || packet[13] != 0x00)
        return XDP_PASS;
    uint32_t source = *(uint32_t*)(packet + 14 + 12);
    uint64_t* count = bpf_map_lookup_elem(&blocked, &source);
    if (!count)
        return XDP_PASS;
    __sync_fetch_and_add(count, 1);
    return XDP_DROP;
}

char license_text[] SEC("license") = "MIT";
