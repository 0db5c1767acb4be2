// Sends one event per bind to user space through a ring buffer: process, operation, protocol and time.
#include "include/ebpf_windows.h"

typedef struct {
    uint64_t process_id;
    uint64_t time;
    uint32_t operation;
    uint32_t protocol;
} bind_event_t;

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("bind")
int bind_events(bind_md_t* ctx)
{
    bind_event_t event = {
        .process_id = ctx->process_id,
        .time = bpf_ktime_get_boot_ns(),
        .operation = ctx->operation,
        .protocol = ctx->protocol,
    };
    bpf_ringbuf_output(&events, &event, sizeof(event), 0);
    return BIND_PERMIT;
}
