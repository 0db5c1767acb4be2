// A program built against the wrong context structure: it expects the end of the packet where the hook's context has already ended.
// Verification fails on the read at offset 32, because the context of XDP has 32 bytes.
#include "include/ebpf_windows.h"

typedef struct {
    void* data;
    uint64_t more[3];
    void* data_end;
} wrong_xdp_md_t;

SEC("xdp")
int my_xdp_parser(wrong_xdp_md_t* ctx)
{
    int length = (char*)ctx->data_end - (char*)ctx->data;
    return length > 1 ? XDP_PASS : XDP_DROP;
}
