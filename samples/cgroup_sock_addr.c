// One object with eight programs: connect, connect authorization, receive-or-accept and listen, each for IPv4 and IPv6. All look a
// connection up in a policy map; what is not in it is rejected. Connects also remember the socket's cookie.
#include "include/ebpf_windows.h"

typedef struct {
    uint32_t local[4];
    uint32_t remote[4];
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t protocol;
    uint32_t compartment_id;
    uint32_t unused;
    uint64_t interface_luid;
} connection_t;

#define POLICY_MAP(name)                  \
    struct {                              \
        __uint(type, BPF_MAP_TYPE_HASH);  \
        __type(key, connection_t);        \
        __type(value, uint32_t);          \
        __uint(max_entries, 1);           \
    } name SEC(".maps")

POLICY_MAP(egress_connection_policy_map);
POLICY_MAP(ingress_connection_policy_map);
POLICY_MAP(listen_connection_policy_map);

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __type(key, connection_t);
    __type(value, uint64_t);
    __uint(max_entries, 1000);
} socket_cookie_map SEC(".maps");

__attribute__((always_inline)) static void connection_of(bpf_sock_addr_t* ctx, connection_t* key, int words)
{
    key->remote[0] = ctx->user_ip4;
    if (words == 4) {
        key->remote[1] = ctx->user_ip6[1];
        key->remote[2] = ctx->user_ip6[2];
        key->remote[3] = ctx->user_ip6[3];
    }
    key->remote_port = ctx->user_port;
    key->protocol = ctx->protocol;
    key->compartment_id = ctx->compartment_id;
    key->interface_luid = ctx->interface_luid;
}

__attribute__((always_inline)) static int decide(bpf_sock_addr_t* ctx, void* policy, int words, int remember)
{
    connection_t key = {0};
    connection_of(ctx, &key, words);
    if (remember) {
        uint64_t cookie = bpf_get_socket_cookie(ctx);
        bpf_map_update_elem(&socket_cookie_map, &key, &cookie, BPF_ANY);
    }
    uint32_t* verdict = bpf_map_lookup_elem(policy, &key);
    return verdict && *verdict != 0 ? BPF_SOCK_ADDR_VERDICT_PROCEED : BPF_SOCK_ADDR_VERDICT_REJECT;
}

SEC("cgroup/connect4")
int authorize_connect4(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &egress_connection_policy_map, 1, 1);
}

SEC("cgroup/connect6")
int authorize_connect6(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &egress_connection_policy_map, 4, 1);
}

SEC("cgroup/connect_authorization4")
int connect_authorization4(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &egress_connection_policy_map, 1, 0);
}

SEC("cgroup/connect_authorization6")
int connect_authorization6(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &egress_connection_policy_map, 4, 0);
}

SEC("cgroup/recv_accept4")
int authorize_recv_accept4(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &ingress_connection_policy_map, 1, 0);
}

SEC("cgroup/recv_accept6")
int authorize_recv_accept6(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &ingress_connection_policy_map, 4, 0);
}

SEC("cgroup/listen4")
int authorize_listen4(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &listen_connection_policy_map, 1, 0);
}

SEC("cgroup/listen6")
int authorize_listen6(bpf_sock_addr_t* ctx)
{
    return decide(ctx, &listen_connection_policy_map, 4, 0);
}
