import type { KnowledgeEntry } from './entry.ts';

/** Arguments of helper calls. */
export const HELPER_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'HLP-01',
    title: 'Buffer smaller than the key or value of the map',
    nature: 'bug',
    family: 'call',
    cause:
      'The helper reads or writes as many bytes as the map declares for its keys or values; the variable that is passed has fewer. PREVAIL 0.2.6 overlooks it when the buffer ends at the top of the stack.',
    needs: 'A buffer of at least key_size or value_size bytes.',
    bad: `/* the key is a __u64 */
__u32 k = 1;
bpf_map_lookup_elem(&m, &k);`,
    good: `/* the key is a __u64 */
__u64 k = 1;
bpf_map_lookup_elem(&m, &k);`,
    fixes: [{ change: "Give the variable the type in the map's definition.", code: 'typeof(*m.key) k = 1;' }],
    prevail: {
      verdict: 'accepts',
      messages: [
        'Upper bound must be at most total_stack_size (within(r2:key_size(r1)))',
        'Upper bound must be at most total_stack_size (valid_access(r2.offset, width=8) for read)',
      ],
    },
    linux: { verdict: 'rejects', messages: ['invalid read from stack R2 off=-4 size=8', 'invalid indirect access to stack R2 off=-4 size=8'] },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) does not satisfy the verifier contract.'],
    words: [
      'Argument 2 of bpf_map_lookup_elem must point to a key of 8 bytes, but the buffer ends earlier: the stack frame ends 4 bytes after fp-4; 4 bytes missing.',
    ],
    tell: 'Offset plus size is positive: off=-4 size=8.',
    related: ['HLP-08', 'MAP-01'],
  },
  {
    id: 'HLP-02',
    title: 'Map argument is not a map',
    nature: 'bug',
    family: 'call',
    cause: 'The helper needs the address of a map; it got a pointer to something else or a number.',
    needs: 'The address of a map that is defined in the object.',
    bad: `bpf_map_lookup_elem(&k, &k);`,
    good: `bpf_map_lookup_elem(&m, &k);`,
    fixes: [{ change: 'Pass the map itself.', code: '&m' }, { change: 'Define it in SEC(".maps"); a map in another section is ordinary data.' }],
    prevail: {
      verdict: 'rejects',
      messages: ['Invalid type (r1.type == map_fd)', 'Map key size is not singleton', 'Map value size is not singleton'],
    },
    linux: { verdict: 'rejects', messages: ['R1 type=fp expected=map_ptr', 'R1 type=scalar expected=map_ptr'] },
    report: ['Call Type Safety: Invalid call argument. The first argument (R1) to bpf_map_lookup_elem is a stack pointer.'],
    words: ['Argument 1 of bpf_map_lookup_elem must be a map; here it is a pointer to the stack.'],
    tell: 'The argument is wrong on every path.',
    related: ['TYP-07', 'HLP-05'],
  },
  {
    id: 'HLP-03',
    title: 'Number passed where memory is needed',
    nature: 'bug',
    family: 'call',
    cause: 'The argument must point to readable or writable bytes. A number was passed: a key by value instead of by address, for example.',
    needs: 'The address of a variable.',
    bad: `__u32 k = 1;
bpf_map_lookup_elem(&m, (void *)(long)k);`,
    good: `__u32 k = 1;
bpf_map_lookup_elem(&m, &k);`,
    fixes: [{ change: 'Put the value into a local variable and pass its address.' }],
    prevail: {
      verdict: 'rejects',
      messages: ['Invalid type (r2.type in {stack, packet, shared})', 'Only stack, packet, or shared can be used as a parameter'],
    },
    linux: {
      verdict: 'rejects',
      messages: ['R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_', 'R2 type=ctx expected=fp'],
    },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) is an integer scalar and not verifier-known memory.'],
    words: ['Argument 2 of bpf_map_lookup_elem must point to readable memory; here it is a number.'],
    tell: 'Linux names what it got: type=scalar.',
    related: ['NUL-04', 'HLP-02', 'HLP-10'],
  },
  {
    id: 'HLP-04',
    title: 'Tail call into a map that holds no programs',
    nature: 'rule',
    family: 'call',
    cause: 'bpf_tail_call jumps to a program in a map of type BPF_MAP_TYPE_PROG_ARRAY; the map has another type.',
    needs: 'A program array.',
    bad: `struct { __uint(type, BPF_MAP_TYPE_HASH); ... } m SEC(".maps");
bpf_tail_call(ctx, &m, 0);`,
    good: `struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); ... } m SEC(".maps");
bpf_tail_call(ctx, &m, 0);`,
    fixes: [{ change: 'Change the type of the map.', code: '__uint(type, BPF_MAP_TYPE_PROG_ARRAY);' }],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r2.type == map_fd_programs)'] },
    linux: { verdict: 'rejects', messages: ['expected prog array map for tail call', 'cannot pass map_type 1 into func bpf_tail_call#12'] },
    report: [],
    words: ['bpf_tail_call does not work on a map of type hash; it needs prog_array.'],
    tell: 'The helper is bpf_tail_call.',
    related: ['HLP-05', 'CALL-01'],
  },
  {
    id: 'HLP-05',
    title: 'Helper does not work on this type of map',
    nature: 'rule',
    family: 'call',
    cause: 'Each helper works on some map types only. A program array cannot be read with a lookup, a ring buffer has no elements to look up.',
    needs: 'A map of a type that the helper supports.',
    bad: `struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); ... } m SEC(".maps");
bpf_map_lookup_elem(&m, &k);`,
    good: `struct { __uint(type, BPF_MAP_TYPE_ARRAY); ... } m SEC(".maps");
bpf_map_lookup_elem(&m, &k);`,
    fixes: [{ change: 'Use a map type that holds data, or the helper made for this type of map.' }],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Invalid type (r1.type == map_fd)',
        'map type 3 is not allowed for bpf_map_lookup_elem',
        'map type 77 is out of supported range for bpf_map_lookup_elem',
        'valid_map_type(r1, bpf_map_lookup_elem)',
        'Max entries is not finite',
      ],
    },
    linux: { verdict: 'rejects', messages: ['cannot pass map_type 3 into func bpf_map_lookup_elem#1'] },
    report: ['Call Type Safety: Map type is not compatible with the helper'],
    words: ['bpf_map_lookup_elem does not work on a map of type prog_array; it needs another type.'],
    tell: 'The argument is a map, of the wrong type.',
    related: ['HLP-04', 'HLP-02'],
  },
  {
    id: 'HLP-06',
    title: 'Size passed to a helper is not bounded',
    nature: 'bug',
    family: 'call',
    cause: 'The size comes from outside and nothing limits it, so the helper may touch any number of bytes, or the number is negative.',
    needs: 'A proved range for the size, from 0 (or 1) to the size of the buffer.',
    bad: `char buf[64];
bpf_probe_read_kernel(buf, n, src);`,
    good: `char buf[64];
if (n > sizeof(buf)) return 0;
bpf_probe_read_kernel(buf, n, src);`,
    fixes: [
      { change: 'Compare an unsigned size with the size of the buffer.', code: 'if (n > sizeof(buf)) return 0;' },
      { change: 'Or mask it with the size of the buffer minus one, if that size is a power of two.', code: 'n &= 63;' },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid size (r2.value >= 0)', 'Invalid size'] },
    linux: {
      verdict: 'rejects',
      messages: [
        "R2 min value is negative, either use unsigned or 'var &= const'",
        "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'",
      ],
    },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) is a memory size whose minimum is negative.'],
    words: [
      'The size passed as argument 2 of bpf_probe_read_kernel is unbounded: no check on this path limits it.',
      'The size passed as argument 2 of bpf_probe_read_kernel may be negative or huge (range anything, also negative).',
      'The size passed as argument 2 has no upper bound that fits the buffer',
    ],
    tell: 'No comparison of the size on the path.',
    related: ['HLP-07', 'HLP-08', 'HLP-09'],
  },
  {
    id: 'HLP-07',
    title: 'Size passed to a helper may be negative',
    nature: 'bug',
    family: 'call',
    cause: 'A signed size is only compared with an upper bound. A negative number passes and counts as a huge size.',
    needs: 'An unsigned size, or both ends proved.',
    bad: `long n = PT_REGS_PARM2(ctx);
if (n > 64) return 0;
bpf_probe_read_kernel(buf, n, src);`,
    good: `unsigned long n = PT_REGS_PARM2(ctx);
if (n > 64) return 0;
bpf_probe_read_kernel(buf, n, src);`,
    fixes: [{ change: 'Make the size unsigned.' }, { change: 'Or compare both ends.', code: 'if (n < 0 || n > 64) return 0;' }],
    prevail: { verdict: 'rejects', messages: ['Invalid size (r2.value >= 0)'] },
    linux: { verdict: 'rejects', messages: ["R2 min value is negative, either use unsigned or 'var &= const'"] },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) is a memory size whose minimum is negative.'],
    words: [
      'The size passed as argument 2 of bpf_probe_read_kernel may be negative (anything up to 64, also negative), which counts as a huge size. The check is signed and bounds it only from above.',
    ],
    tell: 'There is a check, of a signed variable; also results of bpf_probe_read_str, which may be an error.',
    related: ['HLP-06', 'MAP-04'],
  },
  {
    id: 'HLP-08',
    title: 'Helper reaches past the buffer',
    nature: 'bug',
    family: 'call',
    cause: 'The size that is passed is larger than the buffer: the helper would read or write behind it.',
    needs: 'A size of at most the bytes from the pointer to the end of its region.',
    bad: `char buf[16];
bpf_get_current_comm(buf, 32);`,
    good: `char buf[16];
bpf_get_current_comm(buf, sizeof(buf));`,
    fixes: [
      { change: 'Pass sizeof of the buffer itself.', code: 'sizeof(buf)' },
      { change: 'When writing at an offset, subtract the offset from the size.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most total_stack_size (valid_access(r1.offset, width=r2) for write)',
        'Upper bound must be at most packet_size (valid_access(r1.offset, width=r2) for read)',
        'Upper bound must be at most r1.shared_region_size (valid_access(r1.offset, width=r2) for write)',
      ],
    },
    linux: { verdict: 'rejects', messages: ['invalid write to stack R1 off=-16 size=32', 'invalid indirect access to stack R1 off=-16 size=32'] },
    report: ['Memory Safety: Access outside bounds. stack pointer at offset -16; access_size is 32.'],
    words: ['bpf_get_current_comm may write 32 bytes at argument 1, but the stack frame ends 16 bytes after fp-16; 16 bytes missing.'],
    tell: 'The width in the message is a register, or the failing instruction is a call.',
    related: ['HLP-01', 'HLP-06'],
  },
  {
    id: 'HLP-09',
    title: 'Size passed to a helper may be zero',
    nature: 'bug',
    family: 'call',
    cause:
      'This helper needs at least one byte. Excluding 0 with `n == 0` is not enough for PREVAIL when other small numbers stay possible in the 32-bit view (PRC-04).',
    needs: 'A range that starts at 1.',
    bad: `if (n > sizeof(buf)) return 0;
bpf_get_current_comm(buf, n);`,
    good: `n = (n & 31) + 1;
bpf_get_current_comm(buf, n);`,
    fixes: [
      { change: 'Build a size that cannot be 0.', code: 'n = (n & 31) + 1;', measured: { v1: 'both', v3: 'both' } },
      { change: 'Test both ends separately.', code: 'if (n < 1 || n > 64) return 0;', measured: { v3: 'linux' } },
      { change: 'Leave on 0.', code: 'if (n == 0) return 0;', measured: { v3: 'linux' } },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid size (r2.value > 0)'] },
    linux: { verdict: 'rejects', messages: ['R2 invalid zero-sized read: u64=[0,64]', 'R2 invalid zero-sized read'] },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) is a size that may be zero.'],
    words: ['The size passed as argument 2 of bpf_get_current_comm may be 0 (range 0 to 64).'],
    tell: 'PREVAIL says > 0, not >= 0.',
    related: ['HLP-06', 'PRC-04'],
  },
  {
    id: 'HLP-10',
    title: 'Argument of the wrong kind or value',
    nature: 'bug',
    family: 'call',
    cause: 'The prototype of the helper asks for the context, a constant, 0, a socket, a lock or another specific thing here.',
    needs: 'An argument as the prototype says; `show helper` and the headers have it.',
    bad: `bpf_xdp_adjust_head(data, 4);      /* wants the context */`,
    good: `bpf_xdp_adjust_head(ctx, 4);`,
    fixes: [
      { change: 'Compare the call with the prototype: order, and which argument is a constant.' },
      {
        change: 'bpf_ringbuf_reserve takes a known constant: reserve the largest record, or write one of any size with bpf_ringbuf_output.',
        code: 'bpf_ringbuf_output(&rb, buffer, size, 0);',
      },
      { change: 'Where a constant is wanted, pass a literal: a variable that happens to hold one value may have lost it where paths meet.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Invalid type (r1.type == ctx)',
        'Argument must be zero (r3 == 0)',
        'Pointer must be a singleton (r2)',
        'Invalid type (r1.type == socket)',
        'Array index overflow',
        'Array index underflow',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'R1 type=pkt expected=ctx',
        'R2 is not a known constant',
        'R1 must have zero offset when passed to release func or trusted arg to kfunc',
        'arg#0 expected pointer to ctx, but got fp',
      ],
    },
    report: ['Call Type Safety: Invalid call argument. The first argument (R1) does not satisfy the verifier contract.'],
    words: [
      'Argument 1 of bpf_xdp_adjust_head must be the context; here it is a pointer into the packet.',
      'Argument 3 of bpf_get_stack must be 0.',
      'Argument 2 of bpf_ringbuf_reserve must be a known constant; here it is 0 to 64.',
    ],
    tell: 'The message says which kind is expected.',
    related: ['CTX-03', 'HLP-03', 'HLP-11'],
  },
  {
    id: 'HLP-11',
    title: 'Callback is not a function of the program',
    nature: 'bug',
    family: 'call',
    cause:
      'bpf_loop, bpf_for_each_map_elem, bpf_timer_set_callback and their like call a function of the program. The argument must be the address of one, known when the program is verified.',
    needs: 'The name of a static function, the same on every path, that returns.',
    bad: `bpf_loop(10, (void *)0, &state, 0);`,
    good: `static int step(__u32 i, void *state) { return 0; }
...
bpf_loop(10, step, &state, 0);`,
    fixes: [{ change: 'Pass a function by name, in each branch its own call.' }, { change: 'Make sure that the function reaches a return.' }],
    prevail: {
      verdict: 'rejects',
      messages: [
        'callback function pointer must be a singleton code address (valid_callback_target(r2))',
        'callback function pointer does not reference a valid callback entry',
        'callback function does not have a reachable exit',
      ],
    },
    linux: { verdict: 'rejects', messages: ['R2 type=scalar expected=func', 'callback function not static', 'R2 type=fp expected=func'] },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) must be a function.'],
    words: ['Argument 2 of bpf_loop must be the address of a function of this program; here it is a number.'],
    tell: 'The helper takes a callback.',
    related: ['HLP-10', 'EXIT-02'],
  },
];
