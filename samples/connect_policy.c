// Decides outgoing IPv4 TCP connections by destination address and port: a map holds the verdict, what is not in it proceeds.
#include "include/ebpf_windows.h"

typedef struct {
    uint32_t address;
    uint16_t port;
    uint16_t unused;
} destination_t;

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, destination_t);
    __type(value, uint32_t);
    __uint(max_entries, 1024);
} policy_map SEC(".maps");

SEC("cgroup/connect4")
int connect_policy(bpf_sock_addr_t* ctx)
{
    if (ctx->protocol != PROTOCOL_TCP)
        return BPF_SOCK_ADDR_VERDICT_PROCEED;
    destination_t key = {.address = ctx->user_ip4, .port = ctx->user_port};
    uint32_t* verdict = bpf_map_lookup_elem(&policy_map, &key);
    if (!verdict)
        return BPF_SOCK_ADDR_VERDICT_PROCEED;
    return *verdict != 0 ? BPF_SOCK_ADDR_VERDICT_PROCEED : BPF_SOCK_ADDR_VERDICT_REJECT;
}
