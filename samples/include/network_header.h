// Finds the IP header of an Ethernet frame, behind up to two VLAN tags.
#pragma once
#include "ebpf_windows.h"

typedef struct {
    // Where the IP header would begin; at most data_end.
    uint8_t* start;
    // Ethernet type behind the tags, in network byte order; 0 where the frame is too short.
    uint16_t type;
} network_header_t;

static inline __attribute__((always_inline)) network_header_t find_network_header(uint8_t* packet, uint8_t* end)
{
    network_header_t found = {packet, 0};
    ethernet_header_t* ethernet = (ethernet_header_t*)packet;
    if (packet + sizeof(*ethernet) > end)
        return found;
    uint16_t type = ethernet->type;
    uint8_t* next = packet + sizeof(*ethernet);
#pragma unroll
    for (int tags = 0; tags < 2; tags++) {
        if (type != HTONS(ETHERNET_TYPE_VLAN) && type != HTONS(ETHERNET_TYPE_QINQ))
            break;
        vlan_header_t* vlan = (vlan_header_t*)next;
        if (next + sizeof(*vlan) > end)
            return found;
        type = vlan->type;
        next += sizeof(*vlan);
    }
    found.start = next;
    found.type = type;
    return found;
}
