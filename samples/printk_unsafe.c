// Leaks a kernel address: the context pointer itself goes to the trace log. Verification fails because a number is required there.
#include "include/ebpf_windows.h"

SEC("bind")
int func(bind_md_t* ctx)
{
    PRINTK1("ctx: %u", ctx);
    return BIND_PERMIT;
}
