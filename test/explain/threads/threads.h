/* What the programs of this folder share: small re-creations of programs that people asked about in public. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/in.h>
struct icmphdr { __u8 type, code; __sum16 checksum; __u32 rest; };
#include <linux/pkt_cls.h>
struct pt_regs { unsigned long r15,r14,r13,r12,rbp,rbx,r11,r10,r9,r8,rax,rcx,rdx,rsi,rdi,orig_rax,rip,cs,eflags,rsp,ss; };
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#define MAP(n,t,k,v,m) struct { __uint(type,t); __type(key,k); __type(value,v); __uint(max_entries,m);} n SEC(".maps")
#define memset __builtin_memset
#define memcpy __builtin_memcpy
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64; typedef __s64 s64;
#ifndef NOLIC
char LICENSE[] SEC("license") = "GPL";
#endif
