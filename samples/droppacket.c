// Drops UDP packets whose length field says that they are empty, and counts them. The packet starts with its IPv4 header.
// Safe: before a header is read, the end of the packet is compared with the end of the header (see droppacket_unsafe.c).
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint64_t);
    __uint(max_entries, 1);
} dropped_packet_map SEC(".maps");

SEC("xdp")
int DropPacket(xdp_md_t* ctx)
{
    ipv4_header_t* ip = ctx->data;
    udp_header_t* udp = (udp_header_t*)(ip + 1);
    int action = XDP_PASS;
    if ((void*)(udp + 1) > ctx->data_end)
        return action;
    if (ip->protocol == PROTOCOL_UDP) {
        if (NTOHS(udp->length) <= sizeof(udp_header_t)) {
            uint32_t key = 0;
            uint64_t* count = bpf_map_lookup_elem(&dropped_packet_map, &key);
            if (count)
                *count += 1;
            action = XDP_DROP;
        }
    }
    return action;
}
