// A map and a helper that writes to it. In the object the map's address is a relocation; linked code names the map by number.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 512);
} map SEC(".maps");

int func()
{
    uint32_t key = 0;
    uint32_t value = 42;
    int result = bpf_map_update_elem(&map, &key, &value, 0);
    return result;
}
