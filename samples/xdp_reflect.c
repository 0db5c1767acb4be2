// Rewrites headers: a UDP packet over IPv4 goes back to where it came from, with addresses and ports swapped.
// Checksums stay right because swapping does not change a sum.
#include "include/ebpf_windows.h"

SEC("xdp")
int reflect(xdp_md_t* ctx)
{
    uint8_t* packet = ctx->data;
    uint8_t* end = ctx->data_end;
    ethernet_header_t* ethernet = (ethernet_header_t*)packet;
    ipv4_header_t* ip = (ipv4_header_t*)(ethernet + 1);
    udp_header_t* udp = (udp_header_t*)(ip + 1);
    if ((uint8_t*)(udp + 1) > end)
        return XDP_PASS;
    // 0x45: version 4, header without options.
    if (ethernet->type != HTONS(ETHERNET_TYPE_IPV4) || ip->version_and_length != 0x45 || ip->protocol != PROTOCOL_UDP)
        return XDP_PASS;

    for (int index = 0; index < 6; index++) {
        uint8_t byte = ethernet->destination[index];
        ethernet->destination[index] = ethernet->source[index];
        ethernet->source[index] = byte;
    }
    uint32_t address = ip->destination;
    ip->destination = ip->source;
    ip->source = address;
    uint16_t port = udp->destination_port;
    udp->destination_port = udp->source_port;
    udp->source_port = port;
    return XDP_TX;
}
