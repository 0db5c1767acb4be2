// Maps that outlive the program: pinned by name, they are found again and reused by the next object that declares them the same way.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
} inner_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
    __type(key, uint32_t);
    __uint(max_entries, 1);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
    __array(values, typeof(inner_map));
} outer_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
    __uint(pinning, LIBBPF_PIN_BY_NAME);
} port_map SEC(".maps");

SEC("sample_ext")
int lookup_update(sample_program_context_t* ctx)
{
    uint32_t key = 0;
    void* inner = bpf_map_lookup_elem(&outer_map, &key);
    if (!inner)
        return 1;
    uint32_t* value = bpf_map_lookup_elem(inner, &key);
    if (!value)
        return 2;
    return bpf_map_update_elem(&port_map, &key, value, BPF_ANY) == 0 ? (int)*value : 3;
}
