// A tail call: the caller continues in another program that it finds in a map of programs and never comes back.
// The second map shows how far it came: the caller writes 1 before the call and 2 when the call failed.
#include "include/ebpf_windows.h"

// The maps stand at the end, so that the caller is the object's first program.
extern struct programs map;
extern struct progress progress_map;

SEC("sample_ext")
int caller(sample_program_context_t* ctx)
{
    uint32_t key = 0;
    uint32_t mark = 1;
    bpf_map_update_elem(&progress_map, &key, &mark, BPF_ANY);
    bpf_tail_call(ctx, &map, 0);
    mark = 2;
    bpf_map_update_elem(&progress_map, &key, &mark, BPF_ANY);
    return 6;
}

SEC("sample_ext/0")
int callee(sample_program_context_t* ctx)
{
    return 42;
}

struct programs {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(key_size, sizeof(uint32_t));
    __uint(max_entries, 10);
    __array(values, int(void* ctx));
};
struct programs map SEC(".maps") = {
    .values = {(void*)&callee},
};

struct progress {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
};
struct progress progress_map SEC(".maps");
