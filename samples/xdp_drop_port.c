// Drops UDP packets from or to one port, over IPv4 and IPv6, tagged or not, and counts them. The port stands in a map; 0 drops none.
#include "include/network_header.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint16_t);
    __uint(max_entries, 1);
} blocked_port SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint64_t);
    __uint(max_entries, 1);
} dropped SEC(".maps");

SEC("xdp")
int drop_port(xdp_md_t* ctx)
{
    uint8_t* end = ctx->data_end;
    network_header_t network = find_network_header(ctx->data, end);
    udp_header_t* udp;
    if (network.type == HTONS(ETHERNET_TYPE_IPV4)) {
        ipv4_header_t* ip = (ipv4_header_t*)network.start;
        if ((uint8_t*)(ip + 1) > end || ip->protocol != PROTOCOL_UDP)
            return XDP_PASS;
        // Later fragments carry no ports.
        if (ip->fragment & HTONS(0x1fff))
            return XDP_PASS;
        udp = (udp_header_t*)(network.start + (ip->version_and_length & 15) * 4);
    } else if (network.type == HTONS(ETHERNET_TYPE_IPV6)) {
        ipv6_header_t* ip = (ipv6_header_t*)network.start;
        if ((uint8_t*)(ip + 1) > end || ip->next_header != PROTOCOL_UDP)
            return XDP_PASS;
        udp = (udp_header_t*)(ip + 1);
    } else {
        return XDP_PASS;
    }
    if ((uint8_t*)(udp + 1) > end)
        return XDP_PASS;

    uint32_t key = 0;
    uint16_t* port = bpf_map_lookup_elem(&blocked_port, &key);
    uint64_t* count = bpf_map_lookup_elem(&dropped, &key);
    if (!port || !count || *port == 0)
        return XDP_PASS;
    if (NTOHS(udp->source_port) != *port && NTOHS(udp->destination_port) != *port)
        return XDP_PASS;
    *count += 1;
    return XDP_DROP;
}
