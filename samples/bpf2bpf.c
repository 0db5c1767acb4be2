// Calls between functions of one program, eight frames deep. The functions live in .text and are linked behind the program that
// calls them; .text itself is no program.
#include "include/ebpf_windows.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
} limits_map SEC(".maps");

NOINLINE uint32_t read_limit(uint64_t process)
{
    uint32_t key = 0;
    uint32_t* limit = bpf_map_lookup_elem(&limits_map, &key);
    return limit ? *limit : (uint32_t)process & 0;
}

NOINLINE uint32_t level6(uint64_t process) { return read_limit(process) + 1; }
NOINLINE uint32_t level5(uint64_t process) { return level6(process) + 1; }
NOINLINE uint32_t level4(uint64_t process) { return level5(process) + 1; }
NOINLINE uint32_t level3(uint64_t process) { return level4(process) + 1; }
NOINLINE uint32_t level2(uint64_t process) { return level3(process) + 1; }
NOINLINE uint32_t level1(uint64_t process) { return level2(process) + 1; }

SEC("bind")
int BindMonitor_Caller(bind_md_t* ctx)
{
    return level1(ctx->process_id) > 6 ? BIND_DENY : BIND_PERMIT;
}
