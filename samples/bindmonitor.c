// Limits how many ports one application may hold: counts binds and unbinds per process and refuses beyond a limit that a user sets.
#include "include/ebpf_windows.h"

typedef struct {
    uint32_t count;
    uint8_t name[64];
} process_entry_t;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, uint64_t);
    __type(value, process_entry_t);
    __uint(max_entries, 1024);
} process_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __type(key, uint32_t);
    __type(value, uint32_t);
    __uint(max_entries, 1);
} limits_map SEC(".maps");

// The entry of the process, made on first use with as much of the application's name as fits.
static process_entry_t* find_or_create(bind_md_t* ctx)
{
    uint64_t key = ctx->process_id;
    process_entry_t* entry = bpf_map_lookup_elem(&process_map, &key);
    if (entry)
        return entry;
    if (ctx->operation != BIND_OPERATION_BIND)
        return 0;
    process_entry_t fresh = {0};
    if (bpf_map_update_elem(&process_map, &key, &fresh, BPF_ANY) < 0)
        return 0;
    entry = bpf_map_lookup_elem(&process_map, &key);
    if (!entry)
        return 0;
    for (int index = 0; index < (int)sizeof(entry->name); index++) {
        if (ctx->app_id_start + index + 1 > ctx->app_id_end)
            break;
        entry->name[index] = ctx->app_id_start[index];
    }
    return entry;
}

SEC("bind")
int BindMonitor(bind_md_t* ctx)
{
    uint32_t zero = 0;
    uint32_t* limit = bpf_map_lookup_elem(&limits_map, &zero);
    if (!limit || *limit == 0)
        return BIND_PERMIT;

    process_entry_t* entry = find_or_create(ctx);
    if (!entry)
        return BIND_PERMIT;

    switch (ctx->operation) {
    case BIND_OPERATION_BIND:
        if (entry->count >= *limit)
            return BIND_DENY;
        entry->count++;
        return BIND_PERMIT;
    case BIND_OPERATION_UNBIND:
        if (entry->count > 0)
            entry->count--;
        return BIND_PERMIT;
    default:
        return BIND_PERMIT;
    }
}
