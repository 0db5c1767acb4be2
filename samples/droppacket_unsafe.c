// Drops UDP packets whose length field says that they are empty, and counts them. The packet starts with its IPv4 header.
// UNSAFE on purpose: nothing proves that the packet is long enough for the two header fields the program reads.
// Verification fails on both reads; droppacket.c shows the missing check. The swap of bytes is a function of its own in .text,
// which is no program: verified as one, it fails because its argument would be the context.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint64_t);
    __uint(max_entries, 1);
} dropped_packet_map SEC(".maps");

uint16_t ntohs(uint16_t value)
{
    return value << 8 | value >> 8;
}

SEC("xdp")
int DropPacket(xdp_md_t* ctx)
{
    ipv4_header_t* ip = ctx->data;
    udp_header_t* udp = (udp_header_t*)(ip + 1);
    int action = XDP_PASS;
    if (ip->protocol == PROTOCOL_UDP) {
        if (ntohs(udp->length) <= sizeof(udp_header_t)) {
            uint64_t key = 0;
            uint64_t* count = bpf_map_lookup_elem(&dropped_packet_map, &key);
            if (count)
                *count += 1;
            action = XDP_DROP;
        }
    }
    return action;
}
