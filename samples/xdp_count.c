// Counts packets and bytes by IP protocol, for IPv4 and IPv6 over Ethernet, and lets everything pass.
#include "include/ebpf_windows.h"

typedef struct {
    uint64_t packets;
    uint64_t bytes;
} counter_t;

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, counter_t);
    __uint(max_entries, 256);
} protocol_map SEC(".maps");

SEC("xdp")
int count_packets(xdp_md_t* ctx)
{
    uint8_t* packet = ctx->data;
    uint8_t* end = ctx->data_end;
    ethernet_header_t* ethernet = (ethernet_header_t*)packet;
    if (packet + sizeof(*ethernet) > end)
        return XDP_PASS;

    uint32_t protocol;
    uint8_t* network = packet + sizeof(*ethernet);
    if (ethernet->type == HTONS(ETHERNET_TYPE_IPV4)) {
        if (network + sizeof(ipv4_header_t) > end)
            return XDP_PASS;
        protocol = ((ipv4_header_t*)network)->protocol;
    } else if (ethernet->type == HTONS(ETHERNET_TYPE_IPV6)) {
        // The next header field is byte 6 of the fixed 40-byte header.
        if (network + 40 > end)
            return XDP_PASS;
        protocol = network[6];
    } else {
        return XDP_PASS;
    }

    counter_t* counter = bpf_map_lookup_elem(&protocol_map, &protocol);
    if (counter) {
        __sync_fetch_and_add(&counter->packets, 1);
        __sync_fetch_and_add(&counter->bytes, end - packet);
    }
    return XDP_PASS;
}
