// A map without any code that uses it: listing the object shows the map's definition.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 512);
} map SEC(".maps");

int func()
{
    return 0;
}
