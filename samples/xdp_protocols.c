// Counts packets and bytes by IP version and protocol, tagged or not, and lets everything pass.
#include "include/network_header.h"

typedef struct {
    uint16_t ethernet_type;
    uint16_t protocol;
} flow_key_t;

typedef struct {
    uint64_t packets;
    uint64_t bytes;
} counter_t;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, flow_key_t);
    __type(value, counter_t);
    __uint(max_entries, 512);
} protocols SEC(".maps");

SEC("xdp")
int count_protocols(xdp_md_t* ctx)
{
    uint8_t* packet = ctx->data;
    uint8_t* end = ctx->data_end;
    network_header_t network = find_network_header(packet, end);
    flow_key_t key = {NTOHS(network.type), 0};
    if (network.type == HTONS(ETHERNET_TYPE_IPV4) && network.start + sizeof(ipv4_header_t) <= end)
        key.protocol = ((ipv4_header_t*)network.start)->protocol;
    else if (network.type == HTONS(ETHERNET_TYPE_IPV6) && network.start + sizeof(ipv6_header_t) <= end)
        key.protocol = ((ipv6_header_t*)network.start)->next_header;

    counter_t* counter = bpf_map_lookup_elem(&protocols, &key);
    if (!counter) {
        counter_t none = {0, 0};
        bpf_map_update_elem(&protocols, &key, &none, BPF_NOEXIST);
        counter = bpf_map_lookup_elem(&protocols, &key);
        if (!counter)
            return XDP_PASS;
    }
    __sync_fetch_and_add(&counter->packets, 1);
    __sync_fetch_and_add(&counter->bytes, end - packet);
    return XDP_PASS;
}
