// A map whose values are maps. The inner map both describes what may be put in and starts in slot 0.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
} inner_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __type(key, uint32_t);
    __uint(max_entries, 1);
    __array(values, typeof(inner_map));
} outer_map SEC(".maps") = {
    .values = {&inner_map},
};

SEC("sample_ext")
int lookup(sample_program_context_t* ctx)
{
    uint32_t slot = 0;
    void* inner = bpf_map_lookup_elem(&outer_map, &slot);
    if (!inner)
        return 0;
    uint32_t key = 0;
    uint32_t* value = bpf_map_lookup_elem(inner, &key);
    return value ? *value : 1;
}
