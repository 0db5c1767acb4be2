import type { KnowledgeEntry } from './entry.ts';

/** Accesses to packet bytes. */
export const PACKET_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'PKT-01',
    title: 'Packet read without a bounds check',
    nature: 'bug',
    family: 'memory',
    cause: 'Nothing on the path compares the packet with data_end, so not a single byte is proved to exist: packets may be shorter than the header.',
    needs: 'A comparison of a packet pointer with data_end that covers the last byte read.',
    bad: `struct ethhdr *eth = data;
return eth->h_proto == 8 ? XDP_PASS : XDP_DROP;`,
    good: `struct ethhdr *eth = data;
if ((void *)(eth + 1) > data_end) return XDP_PASS;
return eth->h_proto == 8 ? XDP_PASS : XDP_DROP;`,
    fixes: [
      { change: 'Compare the end of the header with data_end before the first access.', code: 'if ((void *)(eth + 1) > data_end) return XDP_PASS;' },
      { change: 'For bytes that may be anywhere, copy them with bpf_xdp_load_bytes or bpf_skb_load_bytes and test its result.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most packet_size (valid_access(r1.offset+12, width=1) for read)',
        'Upper bound must be at most packet_size (valid_access(r1.offset, width=4) for read)',
        'Upper bound must be at most packet_size (valid_access(r1.offset, width=1) for read)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=12 size=1, R1(id=0,off=12,r=0) / R1 offset is outside of the packet',
        'invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0) / R1 offset is outside of the packet',
      ],
    },
    report: [
      'Memory Safety: Access outside bounds. The verifier cannot prove offset + access_size <= object_size. R1 is packet pointer; object_size is 0.',
    ],
    words: [
      'Reads packet bytes up to byte 13, but nothing on this path compares the packet with data_end; 14 bytes missing.',
      'Reads packet bytes up to byte 13, but no check against data_end holds on this path',
      'packet out of bounds',
    ],
    tell: 'No comparison with data_end on the path; Linux shows r=0.',
    related: ['PKT-02', 'PKT-03', 'PKT-06'],
  },
  {
    id: 'PKT-02',
    title: 'Bounds check of the packet is too short',
    nature: 'bug',
    family: 'memory',
    cause: 'A check is there, but it covers fewer bytes than are read, for example only the Ethernet header.',
    needs: 'A check that reaches to the last byte of the furthest access.',
    bad: `struct iphdr *ip = (void *)(eth + 1);
if ((void *)(eth + 1) > data_end) return XDP_PASS;
return ip->protocol == 6 ? XDP_PASS : XDP_DROP;`,
    good: `struct iphdr *ip = (void *)(eth + 1);
if ((void *)(ip + 1) > data_end) return XDP_PASS;
return ip->protocol == 6 ? XDP_PASS : XDP_DROP;`,
    fixes: [
      {
        change: 'Check the end of the last header that is read, not of the one before it.',
        code: 'if ((void *)(ip + 1) > data_end) return XDP_PASS;',
      },
      { change: 'Look at the comparison: `p > data_end` lets p equal data_end, so `*p` needs `p + 1 > data_end`.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Upper bound must be at most packet_size (valid_access(r1.offset+23, width=1) for read)'],
    },
    linux: {
      verdict: 'rejects',
      messages: ['invalid access to packet, off=23 size=1, R1(id=0,off=23,r=14) / R1 offset is outside of the packet'],
    },
    report: ['Memory Safety: Access outside bounds. offset + access_size <= object_size. R1 is packet pointer; object_size is 14.'],
    words: [
      'Reads packet bytes up to byte 24, but only the first 14 are proved by the comparison with data_end at instruction 4; 10 bytes missing.',
      'Reads packet bytes up to byte 13, but only the first 13 are proved; 1 byte missing.',
      'Reads packet bytes up to byte 2, but only the first is proved by the comparison with data_end at instruction 3; 1 byte missing.',
      'packet bounds check too short, off by one at data_end',
    ],
    tell: 'There is a check; Linux shows how much it proved: r=14.',
    related: ['PKT-01', 'PKT-03'],
  },
  {
    id: 'PKT-03',
    title: 'Variable header length not checked again',
    nature: 'bug',
    family: 'memory',
    cause: 'A number from the packet, such as ihl * 4, was added to the pointer. The earlier check covered only the fixed part.',
    needs: 'A new comparison with data_end after the addition, and an added number with a small upper bound and no negative values.',
    bad: `struct tcphdr *tcp = (void *)ip + ip->ihl * 4;
return tcp->dest == 80 ? XDP_PASS : XDP_DROP;`,
    good: `struct tcphdr *tcp = (void *)ip + ip->ihl * 4;
if ((void *)(tcp + 1) > data_end) return XDP_PASS;
return tcp->dest == 80 ? XDP_PASS : XDP_DROP;`,
    fixes: [
      { change: 'Check again after every addition of a variable number.', code: 'if ((void *)(tcp + 1) > data_end) return XDP_PASS;' },
      { change: 'Bound the number before it is added, so that the comparison can be trusted.', code: 'off &= 0x1ff;' },
      { change: 'Refuse header lengths below the minimum (ihl < 5), or the pointer may lie before the fields you mean.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most packet_size (valid_access(r1.offset+2, width=2) for read)',
        'Lower bound must be at least meta_offset (valid_access(r1.offset, width=1) for read)',
        'Upper bound must be at most 65535 (valid_access(r5.offset) for comparison/subtraction)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=16 size=2, R1(id=1,off=16,r=0) / R1 offset is outside of the packet',
        'R1 has pointer with unsupported alu operation, pointer arithmetic with it prohibited for !root',
        'math between pkt pointer and register with unbounded min value is not allowed',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R1 is packet pointer; offset is variable: known bits, unknown mask, plus fixed offset.'],
    words: [
      'Reads 2 bytes of the packet at a variable offset; instruction 9 added a number known only at run time and nothing compares the sum with data_end afterwards.',
      'Reads before the start of the packet: the offset may be negative.',
    ],
    tell: 'A number from the packet was added to the pointer; Linux shows id=1 or another id but 0.',
    related: ['PKT-02', 'LOOP-03', 'PRC-06'],
  },
  {
    id: 'PKT-04',
    title: 'Packet pointer used after a helper moved the packet',
    nature: 'bug',
    family: 'register',
    cause:
      'Helpers such as bpf_xdp_adjust_head, bpf_skb_pull_data, bpf_skb_store_bytes or bpf_l4_csum_replace may move the data. Every pointer into the packet taken before is worthless afterwards.',
    needs: 'Load data and data_end from the context again after the call, and repeat the check.',
    bad: `if (bpf_xdp_adjust_head(ctx, -4)) return XDP_DROP;
eth->h_proto = 0;`,
    good: `if (bpf_xdp_adjust_head(ctx, -4)) return XDP_DROP;
data = (void *)(long)ctx->data;
data_end = (void *)(long)ctx->data_end;
eth = data;
if ((void *)(eth + 1) > data_end) return XDP_PASS;
eth->h_proto = 0;`,
    fixes: [{ change: 'Reload both pointers after the call and check again.' }, { change: 'Or do all packet accesses before the helper is called.' }],
    prevail: {
      verdict: 'rejects',
      messages: ['Invalid type (r6.type in {ctx, stack, packet, shared, socket, alloc_mem})'],
    },
    linux: { verdict: 'rejects', messages: ["R6 invalid mem access 'scalar'", 'R6 !read_ok'] },
    report: ['Register Type Safety: Invalid dereference. R6 is an integer scalar here. packet data may have moved.'],
    words: [
      "r6 pointed into the packet before a helper moved the packet's data; reload ctx->data and check again.",
      'stale packet pointer after bpf_xdp_adjust_head or bpf_skb_pull_data',
    ],
    tell: 'A helper that moves or writes packet data stands between the check and this access; the register is one that calls keep (r6 to r9).',
    related: ['UNI-03', 'TYP-01', 'REF-02'],
  },
  {
    id: 'PKT-05',
    title: 'Read relative to data_end',
    nature: 'limit',
    family: 'register',
    cause:
      'The program reads at data_end minus something. That is inside the packet once enough bytes are proved, but Linux allows no access or arithmetic on data_end.',
    needs: 'On Linux: addresses formed from data. On Windows nothing more.',
    bad: `if (data + 1 > data_end) return XDP_PASS;
return *((__u8 *)data_end - 1);`,
    good: `if (data + 1 > data_end) return XDP_PASS;
return *(__u8 *)data;`,
    fixes: [
      { change: 'Walk forward from data instead of back from data_end.' },
      { change: 'For the last bytes of a packet, copy them at an offset computed from the length with a load_bytes helper.' },
    ],
    prevail: { verdict: 'accepts', messages: [] },
    linux: { verdict: 'rejects', messages: ["R2 invalid mem access 'pkt_end'", 'R2 pointer arithmetic on pkt_end prohibited'] },
    report: ['Register Type Safety: Invalid dereference. R2 has type packet end pointer here, which is not valid for this memory access.'],
    words: ['Reads relative to data_end; Linux allows no access or arithmetic on data_end.', 'access through data_end'],
    tell: 'The message names pkt_end.',
    related: ['PKT-01', 'PKT-08'],
  },
  {
    id: 'PKT-06',
    title: 'Loop over the packet without a check in each turn',
    nature: 'bug',
    family: 'memory',
    cause: 'The position moves with each turn of the loop, but no turn compares it with data_end.',
    needs: 'A comparison with data_end inside the loop, before the access of that turn.',
    bad: `for (int i = 0; i < 64; i++)
    sum += p[i];`,
    good: `for (int i = 0; i < 64; i++) {
    if (p + 1 > data_end) break;
    sum += *p++;
}`,
    fixes: [
      { change: 'Check one element in every turn and leave the loop when it does not fit.', code: 'if (p + 1 > data_end) break;' },
      { change: 'Or check the whole constant length once before the loop.', code: 'if (p + 64 > data_end) return XDP_PASS;' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Upper bound must be at most packet_size (valid_access(r3.offset, width=1) for read)'],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=0 size=1, R3(id=0,off=0,r=0) / R3 offset is outside of the packet',
        'R3 has pointer with unsupported alu operation, pointer arithmetic with it prohibited for !root',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R3 is packet pointer; object_size is 0.'],
    words: ['Reads the packet at a position that moves with each turn of the loop, but no turn compares it with data_end.'],
    tell: 'The access is in a loop, at displacement 0, mostly of single bytes.',
    related: ['PKT-01', 'LOOP-03'],
  },
  {
    id: 'PKT-07',
    title: 'Metadata checked only against data_end',
    nature: 'limit',
    family: 'memory',
    cause:
      'data_meta lies at or before data, so a check of data against data_end is proof enough in principle. Linux still wants data_meta compared with data.',
    needs: 'On Linux: a comparison of data_meta plus the size with data.',
    bad: `if (data + 14 > data_end) return 0;
return *(__u8 *)(void *)(long)skb->data_meta;`,
    good: `__u8 *meta = (void *)(long)skb->data_meta;
if ((void *)(meta + 1) > data) return 0;
return *meta;`,
    fixes: [{ change: 'Compare the end of the metadata with data.', code: 'if ((void *)(meta + 1) > data) return 0;' }],
    prevail: { verdict: 'accepts', messages: [] },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0) / R1 offset is outside of the packet',
        "R1 invalid mem access 'pkt_meta'",
      ],
    },
    report: ['Memory Safety: Access outside bounds. R1 is packet metadata pointer; object_size is 0.'],
    words: ['Reads packet metadata that was checked only against data_end; Linux wants data_meta compared with data.'],
    tell: 'The pointer was loaded from data_meta.',
    related: ['PKT-01'],
  },
  {
    id: 'PKT-08',
    title: 'Packet length computed by subtraction',
    nature: 'limit',
    family: 'memory',
    cause:
      'The length is computed as data_end - data and compared as a number. That proves the access, but Linux follows only comparisons of the pointers themselves.',
    needs: 'On Linux: a pointer compared with data_end.',
    bad: `long len = data_end - data;
if (len < 14) return XDP_PASS;
return eth->h_proto == 8 ? XDP_PASS : XDP_DROP;`,
    good: `if (data + 14 > data_end) return XDP_PASS;
return eth->h_proto == 8 ? XDP_PASS : XDP_DROP;`,
    fixes: [{ change: 'Compare pointers, not lengths.', code: 'if (data + 14 > data_end) return XDP_PASS;' }],
    prevail: { verdict: 'accepts', messages: [] },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=12 size=1, R2(id=0,off=12,r=0) / R2 offset is outside of the packet',
        'R1 pointer -= pointer prohibited',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R2 is packet pointer; object_size is 0.'],
    words: ['The packet access is proved by data_end - data as a number; Linux follows only comparisons of the pointers themselves.'],
    tell: 'The program tests a length, not a pointer.',
    related: ['PKT-01', 'PKT-05'],
  },
  {
    id: 'PKT-09',
    title: 'Packet written by a program type that may only read it',
    nature: 'rule',
    family: 'policy',
    cause: 'Programs of this type get the packet for reading only; a direct write is refused whatever the bounds.',
    needs: 'A program type with direct packet write, or a helper that writes.',
    bad: `SEC("cgroup_skb/ingress") int prog(struct __sk_buff *skb) {
    ...
    eth->h_proto = 0;
    return 1;
}`,
    good: `SEC("tc") int prog(struct __sk_buff *skb) {
    ...
    eth->h_proto = 0;
    return TC_ACT_OK;
}`,
    fixes: [
      { change: 'Use a type that may write: xdp, tc, sk_skb, lwt_xmit.' },
      { change: 'Or write through a helper where the type has one.', code: 'bpf_skb_store_bytes(skb, off, &value, sizeof(value), 0);' },
    ],
    prevail: { verdict: 'accepts', messages: ['Packet is read-only for this program type (valid_access(r1.offset, width=2) for write)'] },
    linux: { verdict: 'rejects', messages: ['cannot write into packet', 'cannot write into R1 pkt'] },
    report: [],
    words: ['Programs of type cgroup_skb may not write to the packet directly.'],
    tell: 'The failing instruction is a store.',
    related: ['CTX-02', 'MAP-06'],
  },
];
