// A helper call as the disassembly shows it: which register holds which argument, with the source line of each instruction.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 2);
} map SEC(".maps");

SEC("sample_ext")
int func(sample_program_context_t* ctx)
{
    uint32_t key = 0;
    uint32_t value = 42;
    int result = bpf_map_update_elem(&map, &key, &value, BPF_ANY);
    return result;
}
