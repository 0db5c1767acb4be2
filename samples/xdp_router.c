// Rewrites headers as a router at the end of a VLAN does: takes the outer tag off, lowers the time to live, repairs the IPv4 checksum,
// and exchanges the Ethernet addresses. What has no time left is dropped; what is not IP passes untouched.
#include "include/network_header.h"

SEC("xdp")
int route(xdp_md_t* ctx)
{
    uint8_t* packet = ctx->data;
    uint8_t* end = ctx->data_end;
    network_header_t network = find_network_header(packet, end);
    if (network.type == HTONS(ETHERNET_TYPE_IPV4)) {
        ipv4_header_t* ip = (ipv4_header_t*)network.start;
        if ((uint8_t*)(ip + 1) > end)
            return XDP_PASS;
        if (ip->time_to_live <= 1)
            return XDP_DROP;
        ip->time_to_live -= 1;
        // RFC 1624: the checksum grows by what the word with the time to live shrinks by, carries folded in.
        uint32_t sum = (uint32_t)ip->checksum + HTONS(0x0100);
        ip->checksum = (uint16_t)(sum + (sum >= 0xffff));
    } else if (network.type == HTONS(ETHERNET_TYPE_IPV6)) {
        ipv6_header_t* ip = (ipv6_header_t*)network.start;
        if ((uint8_t*)(ip + 1) > end)
            return XDP_PASS;
        if (ip->hop_limit <= 1)
            return XDP_DROP;
        ip->hop_limit -= 1;
    } else {
        return XDP_PASS;
    }

    ethernet_header_t* ethernet = (ethernet_header_t*)packet;
    if (packet + sizeof(*ethernet) > end)
        return XDP_PASS;
    uint8_t addresses[12];
    __builtin_memcpy(addresses, ethernet->source, 6);
    __builtin_memcpy(addresses + 6, ethernet->destination, 6);
    int tagged = ethernet->type == HTONS(ETHERNET_TYPE_VLAN) || ethernet->type == HTONS(ETHERNET_TYPE_QINQ);
    if (tagged) {
        // The type behind the tag stands where the new header's type will be.
        if (bpf_xdp_adjust_head(ctx, sizeof(vlan_header_t)) != 0)
            return XDP_DROP;
        packet = ctx->data;
        end = ctx->data_end;
    }
    if (packet + sizeof(*ethernet) > end)
        return XDP_DROP;
    __builtin_memcpy(packet, addresses, sizeof(addresses));
    return XDP_TX;
}
