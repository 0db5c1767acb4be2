// Hooks and their context: an XDP program reads where the packet starts and ends from its context and decides by the length.
// Only addresses are compared, so no packet byte needs to be proved present.
#include "include/ebpf_windows.h"

SEC("xdp")
int my_xdp_parser(xdp_md_t* ctx)
{
    int length = (char*)ctx->data_end - (char*)ctx->data;
    return length > 1 ? XDP_PASS : XDP_DROP;
}
