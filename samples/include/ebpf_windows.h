// What a C program for eBPF for Windows needs: types, context structures, map declarations and helpers by number.
// Written for these samples; covers what they use.
#pragma once

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef long long int64_t;

#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))

// Maps: a struct of these members in the section ".maps".
#define __uint(name, value) int(*name)[value]
#define __type(name, type) typeof(type) *name
#define __array(name, type) typeof(type) *name[]

enum map_type {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_ARRAY = 2,
    BPF_MAP_TYPE_PROG_ARRAY = 3,
    BPF_MAP_TYPE_PERCPU_ARRAY = 5,
    BPF_MAP_TYPE_HASH_OF_MAPS = 6,
    BPF_MAP_TYPE_ARRAY_OF_MAPS = 7,
    BPF_MAP_TYPE_LRU_HASH = 8,
    BPF_MAP_TYPE_RINGBUF = 13,
};
enum pin_type { LIBBPF_PIN_NONE = 0, LIBBPF_PIN_BY_NAME = 1 };
enum update_flag { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };

// Global helpers.
static void* (*bpf_map_lookup_elem)(void* map, const void* key) = (void*)1;
static int (*bpf_map_update_elem)(void* map, const void* key, const void* value, uint64_t flags) = (void*)2;
static int (*bpf_map_delete_elem)(void* map, const void* key) = (void*)3;
static int (*bpf_tail_call)(void* ctx, void* programs, uint32_t index) = (void*)5;
static uint64_t (*bpf_ktime_get_boot_ns)(void) = (void*)7;
static int (*bpf_ringbuf_output)(void* ring, void* data, uint64_t size, uint64_t flags) = (void*)11;
static int (*bpf_trace_printk2)(const char* format, uint32_t size) = (void*)12;
static int (*bpf_trace_printk3)(const char* format, uint32_t size, uint64_t argument) = (void*)13;
static uint64_t (*bpf_get_current_pid_tgid)(void) = (void*)19;
static uint64_t (*bpf_get_socket_cookie)(void* ctx) = (void*)26;

// Helpers of xdp programs alone.
static int (*bpf_xdp_adjust_head)(void* ctx, int delta) = (void*)65536;

// printf-style output to the trace log; the format is built on the stack.
#define PRINTK(format)                                    \
    ({                                                    \
        char text_[] = format;                            \
        bpf_trace_printk2(text_, sizeof(text_));          \
    })
#define PRINTK1(format, argument)                                        \
    ({                                                                   \
        char text_[] = format;                                           \
        bpf_trace_printk3(text_, sizeof(text_), (uint64_t)(argument));   \
    })

// xdp
typedef struct {
    void* data;
    void* data_end;
    uint64_t data_meta;
    uint32_t ingress_ifindex;
} xdp_md_t;
enum xdp_action { XDP_PASS = 1, XDP_DROP = 2, XDP_TX = 3 };

// bind
typedef struct {
    uint8_t* app_id_start;
    uint8_t* app_id_end;
    uint64_t process_id;
    uint8_t socket_address[16];
    uint8_t socket_address_length;
    uint32_t operation;
    uint8_t protocol;
} bind_md_t;
enum bind_operation { BIND_OPERATION_BIND, BIND_OPERATION_POST_BIND, BIND_OPERATION_UNBIND };
enum bind_action { BIND_PERMIT = 0, BIND_DENY = 1, BIND_REDIRECT = 2 };

// cgroup/connect4 and the other socket address hooks; addresses and ports are in network byte order.
typedef struct {
    uint32_t family;
    union {
        uint32_t msg_src_ip4;
        uint32_t msg_src_ip6[4];
    };
    uint16_t msg_src_port;
    union {
        uint32_t user_ip4;
        uint32_t user_ip6[4];
    };
    uint16_t user_port;
    uint32_t protocol;
    uint32_t compartment_id;
    uint64_t interface_luid;
} bpf_sock_addr_t;
enum sock_addr_action { BPF_SOCK_ADDR_VERDICT_REJECT = 0, BPF_SOCK_ADDR_VERDICT_PROCEED = 1 };

// sample_ext
typedef struct {
    uint8_t* data_start;
    uint8_t* data_end;
    uint32_t uint32_data;
    uint16_t uint16_data;
    uint64_t helper_data_1;
    uint32_t helper_data_2;
} sample_program_context_t;

// Packets. Multi-byte fields are in network byte order.
typedef struct {
    uint8_t destination[6];
    uint8_t source[6];
    uint16_t type;
} ethernet_header_t;

typedef struct {
    uint8_t version_and_length;
    uint8_t service;
    uint16_t total_length;
    uint16_t id;
    uint16_t fragment;
    uint8_t time_to_live;
    uint8_t protocol;
    uint16_t checksum;
    uint32_t source;
    uint32_t destination;
} ipv4_header_t;

typedef struct {
    uint16_t source_port;
    uint16_t destination_port;
    uint16_t length;
    uint16_t checksum;
} udp_header_t;

typedef struct {
    uint16_t tag;
    uint16_t type;
} vlan_header_t;

typedef struct {
    uint32_t version_class_flow;
    uint16_t payload_length;
    uint8_t next_header;
    uint8_t hop_limit;
    uint8_t source[16];
    uint8_t destination[16];
} ipv6_header_t;

enum { ETHERNET_TYPE_IPV4 = 0x0800, ETHERNET_TYPE_IPV6 = 0x86dd, ETHERNET_TYPE_VLAN = 0x8100, ETHERNET_TYPE_QINQ = 0x88a8 };
enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

// Byte order by the compiler's own instruction, so that no subprogram appears.
#define HTONS(value) __builtin_bswap16(value)
#define NTOHS(value) __builtin_bswap16(value)
