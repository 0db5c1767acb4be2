// Writes to the trace log: a message, and a number from the context.
#include "include/ebpf_windows.h"

SEC("bind")
int func(bind_md_t* ctx)
{
    PRINTK("Hello, world");
    PRINTK1("process: %llu", ctx->process_id);
    return BIND_PERMIT;
}
