import type { KnowledgeEntry } from './entry.ts';

const DEREFERENCE = 'Invalid type (r1.type in {ctx, stack, packet, shared, socket, alloc_mem})';

/** Registers that hold nothing, or the wrong kind of thing. */
export const REGISTER_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'UNI-01',
    title: 'Register read that was never set',
    nature: 'bug',
    family: 'register',
    cause:
      'No instruction on the path gives the register a value. For r0 at exit: the function ends without returning anything, or after a call that returns nothing.',
    needs: 'A value in the register on every path to the read.',
    bad: `SEC("xdp") int prog(struct xdp_md *ctx) {
    int verdict;
    return verdict;
}`,
    good: `SEC("xdp") int prog(struct xdp_md *ctx) {
    int verdict = XDP_PASS;
    return verdict;
}`,
    fixes: [
      { change: 'Initialise the variable, or return a constant.', code: 'return XDP_PASS;' },
      { change: 'Compile with -Wall; clang warns of it.' },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r0.type == number)'] },
    linux: { verdict: 'rejects', messages: ['R0 !read_ok'] },
    report: ['Register Type Safety: Unreadable register. R0 has never been initialized on this path.'],
    words: [
      'r0 is read here, but no path to this point sets it.',
      'r0 is read here, but bpf_spin_lock at instruction 5 returns nothing.',
      'uninitialised register, uninitialized variable',
    ],
    tell: 'Usually r0 at exit.',
    related: ['UNI-02', 'UNI-03', 'LEAK-03'],
  },
  {
    id: 'UNI-02',
    title: 'Register set on one branch only',
    nature: 'bug',
    family: 'register',
    cause: 'Where branches meet, one of them has not set the register. PREVAIL reports it at the use, after copies, not at the meeting point.',
    needs: 'A value on every branch that leads here.',
    bad: `int action;
if (ctx->rx_queue_index) action = XDP_DROP;
return action;`,
    good: `int action = XDP_PASS;
if (ctx->rx_queue_index) action = XDP_DROP;
return action;`,
    fixes: [{ change: 'Initialise before the branch.', code: 'int action = XDP_PASS;' }, { change: 'Or give the other branch a value too.' }],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r0.type == number)'] },
    linux: { verdict: 'rejects', messages: ['R3 !read_ok'] },
    report: ['Register Type Safety: Unreadable register. R3 has never been initialized on this path.'],
    words: ['r3 is read here, but this path does not set it; only another branch does.', 'Invalid type (r3.type == number)'],
    tell: 'Some other path sets the register.',
    related: ['UNI-01', 'TYP-07'],
  },
  {
    id: 'UNI-03',
    title: 'Register used after a call destroyed it',
    nature: 'bug',
    family: 'register',
    cause:
      'Every call leaves nothing in r1 to r5; only r6 to r9 and r10 keep their values. In C this comes from inline assembly or a wrong prototype.',
    needs: 'A copy in r6 to r9 or on the stack before the call.',
    bad: `call 5
r0 = *(u32 *)(r1 + 16)`,
    good: `r6 = r1
call 5
r0 = *(u32 *)(r6 + 16)`,
    fixes: [{ change: 'Save the value in r6 to r9 before the call.' }, { change: 'In inline assembly, name r0 to r5 as clobbered.' }],
    prevail: { verdict: 'rejects', messages: [DEREFERENCE] },
    linux: { verdict: 'rejects', messages: ['R1 !read_ok'] },
    report: [
      'Register Type Safety: Unreadable register. R1 is not readable here. A previous operation invalidated this register: call invalidated this caller-saved register.',
    ],
    words: ['r1 was destroyed by the call of bpf_ktime_get_ns at instruction 0: calls keep only r6 to r9 and r10.'],
    tell: 'The register is one of r1 to r5 and a call stands before.',
    related: ['UNI-01', 'PKT-04'],
  },
  {
    id: 'TYP-01',
    title: 'Number used as an address',
    nature: 'bug',
    family: 'register',
    cause:
      'Only pointers that the verifier has followed from their origin can be dereferenced. An address read from memory, from pt_regs or made by arithmetic is a number.',
    needs: 'A pointer of known origin, or a helper that reads from any address.',
    bad: `unsigned long addr = PT_REGS_PARM1(ctx);
return *(__u64 *)addr & 1;`,
    good: `__u64 v = 0;
bpf_probe_read_kernel(&v, sizeof(v), (void *)PT_REGS_PARM1(ctx));
return v & 1;`,
    fixes: [
      { change: 'Read kernel or user memory with the helper made for it.', code: 'bpf_probe_read_kernel(&v, sizeof(v), addr);' },
      { change: 'In tracing programs with BTF (fentry, tp_btf), take the pointer from the typed argument; or use BPF_CORE_READ.' },
      { change: 'If it was a pointer before: do not store it in memory of other width, and do not do arithmetic with integers on it.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        DEREFERENCE,
        'Invalid type (r6.type in {ctx, stack, packet, shared, socket, alloc_mem})',
        'Only pointers can be dereferenced',
        'Non-null number',
        'FDs cannot be dereferenced directly',
        'Unsupported pointer type for memory access',
        'Function pointers cannot be dereferenced',
      ],
    },
    linux: { verdict: 'rejects', messages: ["R1 invalid mem access 'scalar'", "R1 invalid mem access 'inv'", "R1 invalid mem access 'map_ptr'"] },
    report: ['Register Type Safety: Invalid dereference. R1 is an integer scalar here, not a pointer to memory.'],
    words: [
      'r1 is a number and is used as an address; only a pointer can be dereferenced.',
      'r1 is a number that instruction 0 loaded from memory; only a pointer the verifier knows can be dereferenced; memory of the kernel or of a process is read with bpf_probe_read_kernel or bpf_probe_read_user',
    ],
    tell: 'The register was loaded from memory or computed.',
    related: ['PKT-04', 'TYP-05', 'REF-02'],
  },
  {
    id: 'TYP-02',
    title: 'Two addresses added',
    nature: 'bug',
    family: 'register',
    cause: 'The sum of two pointers is no address of anything.',
    needs: 'At most one pointer in an addition.',
    bad: `unsigned long c = ctx->data + ctx->data_end;`,
    good: `unsigned long c = ctx->data_end - ctx->data;`,
    fixes: [{ change: 'Subtract for a distance, or add a number to one pointer.' }],
    prevail: {
      verdict: 'rejects',
      messages: ['Only numbers can be added to pointers (r2.type in {ctx, stack, packet, shared} -> r0.type == number)'],
    },
    linux: { verdict: 'rejects', messages: ['R0 pointer += pointer prohibited'] },
    report: ['Register Type Safety: Invalid pointer arithmetic. pointer += pointer'],
    words: ['Adds two addresses; only a number can be added to a pointer.'],
    tell: 'The failing instruction is an addition of two registers.',
    related: ['TYP-03', 'TYP-04'],
  },
  {
    id: 'TYP-03',
    title: 'Bitwise or other arithmetic on a pointer',
    nature: 'bug',
    family: 'register',
    cause:
      'Masking, shifting, multiplying, negating or byte-swapping an address gives a number with no meaning for the verifier. Aligning a pointer with a mask is the usual case.',
    needs: 'Only additions and subtractions of numbers on pointers.',
    bad: `r2 = r10
r2 &= -8`,
    good: `r2 = r10
r2 += -8`,
    fixes: [
      {
        change: 'Test two pointers one after the other: of !a && !b clang makes one test of a | b. A barrier between the tests keeps them apart.',
        code: 'if (!a) { asm volatile(""); if (!b) return 0; }',
        about: 'bitwise or',
      },
      { change: 'Use a constant offset instead of a mask.' },
      { change: 'To align data, align the variable.', code: '__attribute__((aligned(8)))' },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r2.type == number)', 'Only numbers can be used as divisors'] },
    linux: { verdict: 'rejects', messages: ['R2 bitwise operator &= on pointer prohibited', 'R2 pointer arithmetic with *= operator prohibited'] },
    report: ['Register Type Safety: Invalid pointer arithmetic. bitwise operator on pointer'],
    words: ['r2 is a pointer to the stack; this operation works on numbers only.'],
    tell: 'The message names an operator, or wants a number in another register than r0.',
    related: ['TYP-02', 'TYP-05'],
  },
  {
    id: 'TYP-04',
    title: 'Pointers into different regions compared or subtracted',
    nature: 'leak',
    family: 'register',
    cause: 'The order of two unrelated addresses tells how memory is laid out, and their distance means nothing.',
    needs: 'Both pointers into the same region; or a comparison with null.',
    bad: `if ((void *)ctx > (void *)&local) return 0;`,
    good: `if (data + 14 > data_end) return 0;`,
    fixes: [
      { change: 'Compare packet pointers with data_end only, and any pointer with null.' },
      { change: 'Keep a number beside the pointer and compare the numbers.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Cannot subtract pointers to different regions (r1.type == r10.type in {ctx, stack, packet})',
        'Cannot subtract pointers to non-singleton regions',
      ],
    },
    linux: {
      verdict: 'depends',
      messages: ['R10 pointer comparison prohibited', 'R1 pointer -= pointer prohibited', 'R1 subtraction from stack pointer prohibited'],
    },
    report: ['Register Type Safety: Pointer comparison'],
    words: [
      'Compares the context with a pointer to the stack; only pointers into one region can be ordered.',
      'Combines a pointer into the packet with a pointer to the stack: addresses of different regions must not be compared or subtracted.',
    ],
    tell: 'The failing instruction is a comparison or a subtraction.',
    related: ['TYP-02', 'LEAK-01', 'PKT-08'],
  },
  {
    id: 'TYP-05',
    title: '32-bit arithmetic on a pointer',
    nature: 'bug',
    family: 'register',
    cause: 'An operation on wN clears the upper half of the register, and with it half of the address. PREVAIL reports the later use.',
    needs: '64-bit operations on every pointer.',
    bad: `r2 = r10
w2 += -8`,
    good: `r2 = r10
r2 += -8`,
    fixes: [{ change: 'Do not cast pointers to int or __u32; use long or void * arithmetic.', code: 'void *data = (void *)(long)ctx->data;' }],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r2.type in {ctx, stack, packet, shared, socket, alloc_mem})'] },
    linux: { verdict: 'rejects', messages: ['R2 32-bit pointer arithmetic prohibited', 'R2 partial copy of pointer'] },
    report: ['Register Type Safety: Invalid pointer arithmetic. 32-bit pointer arithmetic'],
    words: ['A 32-bit operation on r2, a pointer to the stack, cuts off the upper half of the address.'],
    tell: 'The disassembly shows wN where a pointer was.',
    related: ['TYP-01', 'TYP-03'],
  },
  {
    id: 'TYP-06',
    title: 'One instruction reached with two kinds of pointers',
    nature: 'rule',
    family: 'register',
    cause:
      'On one path the register points to the context, on another to a map value. Linux rewrites context accesses per instruction, so one instruction cannot serve both. PREVAIL accepts it.',
    needs: 'One kind of pointer per instruction.',
    bad: `void *p = use_map ? v : (void *)ctx;
return *(__u32 *)p;`,
    good: `if (use_map) return *(__u32 *)v;
return ctx->len;`,
    fixes: [
      { change: 'Write the access once per branch.' },
      { change: 'If clang merges the branches again, end them with a barrier.', code: 'asm volatile("" ::: "memory");' },
    ],
    prevail: { verdict: 'accepts', messages: [] },
    linux: { verdict: 'rejects', messages: ['same insn cannot be used with different pointers'] },
    report: [],
    words: ['This instruction is reached with the context on one path and a value of map m on another.'],
    tell: 'Two branches with different pointers meet just before the access.',
    related: ['TYP-07', 'PRC-01'],
  },
  {
    id: 'TYP-07',
    title: 'Number on one path, pointer on another',
    nature: 'bug',
    family: 'call',
    cause: 'Where paths meet, the register holds a pointer or map on one of them and a number, mostly 0, on the other.',
    needs: 'The same kind of value on every path.',
    bad: `void *map = 0;
if (ctx->len) map = &m;
bpf_map_lookup_elem(map, &k);`,
    good: `if (!ctx->len) return 0;
bpf_map_lookup_elem(&m, &k);`,
    fixes: [
      { change: 'Leave the call out on the path that has no pointer.' },
      { change: 'Make the call in both branches, each with its own constant argument.' },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r1.type == map_fd)'] },
    linux: { verdict: 'rejects', messages: ['R1 type=scalar expected=map_ptr'] },
    report: ['Call Type Safety: Invalid call argument. The first argument (R1) is an integer scalar.'],
    words: ['r1 is argument 1 of bpf_map_lookup_elem, but where paths join it holds a number on this one and a pointer or map on another.'],
    tell: 'The argument is right on some other path.',
    related: ['HLP-02', 'UNI-02', 'NUL-04'],
  },
  {
    id: 'LEAK-01',
    title: 'Pointer stored in a map, packet or context',
    nature: 'leak',
    family: 'policy',
    cause: 'An address becomes visible outside the program, which tells an attacker where things lie. Linux allows it to privileged programs.',
    needs: 'Numbers in everything that others can read.',
    bad: `*v = (__u64)ctx;`,
    good: `*v = ctx->len;`,
    fixes: [{ change: 'Store a number that names the thing: an id, an index, a cookie.', code: '*v = bpf_get_socket_cookie(ctx);' }],
    prevail: {
      verdict: 'rejects',
      messages: ['Only numbers can be stored to externally-visible regions (r0.type != stack -> r6.type == number)'],
    },
    linux: {
      verdict: 'depends',
      messages: ['R6 leaks addr into map', 'R6 leaks addr into packet', 'R6 leaks addr into ctx', 'R6 leaks addr into mem'],
    },
    report: [],
    words: ['Stores the context into a value of map m, which is visible outside the program.', 'leak of a kernel address'],
    tell: 'The failing instruction is a store of a register.',
    related: ['LEAK-02', 'LEAK-03'],
  },
  {
    id: 'LEAK-02',
    title: 'Pointer inside a key, value or record handed to a helper',
    nature: 'leak',
    family: 'policy',
    cause: 'The bytes passed to the helper hold a pointer, or part of one, and the helper copies them to where others can read them.',
    needs: 'Only numbers in the bytes that are passed.',
    bad: `__u64 k = (__u64)ctx;
bpf_map_update_elem(&m, &k, &one, BPF_ANY);`,
    good: `__u64 k = ctx->len;
bpf_map_update_elem(&m, &k, &one, BPF_ANY);`,
    fixes: [
      { change: 'Use a numeric key: process id, cookie, counter.' },
      { change: 'Use another stack variable than the one that held a pointer.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Illegal map update with a non-numerical value [4088-4096) (within(r2:key_size(r1)))',
        'Stack content is not numeric (valid_access(r2.offset, width=8) for read)',
      ],
    },
    linux: { verdict: 'depends', messages: ['invalid read from stack R2 off -8+0 size 8', 'invalid indirect read from stack R2 off -8+0 size 8'] },
    report: [],
    words: [
      'The bytes passed as argument 2 of bpf_map_update_elem contain (part of) a pointer, which becomes visible outside the program.',
      'Stack bytes at fp-8 hold (part of) a pointer where a number is needed.',
    ],
    tell: 'The bytes were written, with a pointer in them.',
    related: ['STK-03', 'LEAK-01'],
  },
  {
    id: 'LEAK-03',
    title: 'Pointer returned from the program',
    nature: 'leak',
    family: 'policy',
    cause: 'r0 holds an address at exit; the result of a program must be a number.',
    needs: 'A number in r0 on every path to exit.',
    bad: `return (long)ctx;`,
    good: `return 0;`,
    fixes: [
      { change: 'Return a status code.', code: 'return XDP_PASS;' },
      { change: 'To pass on whether a lookup succeeded, test it.', code: 'return v ? 1 : 0;' },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid type (r0.type == number)'] },
    linux: { verdict: 'depends', messages: ['R0 leaks addr as return value'] },
    report: ['Register Type Safety: Pointer returned from the program'],
    words: ['Returns the context; the result of a program must be a number.'],
    tell: 'r0 holds a pointer at exit, not nothing.',
    related: ['UNI-01', 'LEAK-01', 'EXIT-01'],
  },
];
