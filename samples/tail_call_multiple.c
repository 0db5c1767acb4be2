// A chain of tail calls through one map of programs: caller, callee0, callee1. Each adds its digit only if the next call fails.
#include "include/ebpf_windows.h"

int callee0(sample_program_context_t* ctx);
int callee1(sample_program_context_t* ctx);

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(key_size, sizeof(uint32_t));
    __uint(max_entries, 10);
    __array(values, int(void* ctx));
} map SEC(".maps") = {
    .values = {(void*)&callee0, (void*)&callee1},
};

SEC("sample_ext/0")
int callee0(sample_program_context_t* ctx)
{
    bpf_tail_call(ctx, &map, 1);
    return 2;
}

SEC("sample_ext/1")
int callee1(sample_program_context_t* ctx)
{
    return 3;
}

SEC("sample_ext")
int caller(sample_program_context_t* ctx)
{
    bpf_tail_call(ctx, &map, 0);
    return 1;
}
