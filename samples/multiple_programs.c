// Several programs in one object: two of one type in the same section, one of another type in its own.
#include "include/ebpf_windows.h"

SEC("sample_ext")
int program1(sample_program_context_t* ctx)
{
    return ctx->uint16_data;
}

SEC("sample_ext")
int program2(sample_program_context_t* ctx)
{
    return ctx->uint32_data != 0;
}

SEC("bind")
int program3(bind_md_t* ctx)
{
    return ctx->operation == BIND_OPERATION_BIND ? BIND_PERMIT : BIND_DENY;
}
