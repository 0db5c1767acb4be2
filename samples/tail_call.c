// A tail call: the caller continues in another program that it finds in a map of programs and never comes back.
// The second map shows which of them ran last: 1 is written before the call, 2 by the callee.
#include "include/ebpf_windows.h"

int callee(sample_program_context_t* ctx);

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(key_size, sizeof(uint32_t));
    __uint(max_entries, 10);
    __array(values, int(void* ctx));
} map SEC(".maps") = {
    .values = {(void*)&callee},
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
} last_map SEC(".maps");

SEC("sample_ext")
int caller(sample_program_context_t* ctx)
{
    uint32_t key = 0;
    uint32_t mark = 1;
    bpf_map_update_elem(&last_map, &key, &mark, BPF_ANY);
    bpf_tail_call(ctx, &map, 0);
    // Only reached when the call failed.
    return 6;
}

SEC("sample_ext/0")
int callee(sample_program_context_t* ctx)
{
    return 42;
}
