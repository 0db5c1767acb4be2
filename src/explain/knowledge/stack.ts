import type { KnowledgeEntry } from './entry.ts';

/** Accesses to the stack. */
export const STACK_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'STK-01',
    title: 'Fixed stack offset outside the frame',
    nature: 'bug',
    family: 'memory',
    cause: 'A frame has 512 bytes, from fp-512 to fp-1. The access lies below or above.',
    needs: 'Every constant offset within the frame.',
    bad: `*(u64 *)(r10 - 520) = r1`,
    good: `*(u64 *)(r10 - 512) = r1`,
    fixes: [{ change: 'Use smaller local variables.' }, { change: 'Put large buffers into the value of a per-CPU array map with one element.' }],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Lower bound must be at least r10.stack_offset - subprogram_stack_size (valid_access(r10.offset-520, width=8) for write)',
        'Upper bound must be at most total_stack_size (valid_access(r10.offset, width=8) for write)',
        'Stack access out of bounds',
      ],
    },
    linux: { verdict: 'rejects', messages: ['invalid write to stack R10 off=-520 size=8', 'invalid stack off=-520 size=8'] },
    report: ['Memory Safety: Access outside bounds. stack pointer at offset -520'],
    words: ['Writes 8 bytes at fp-520, outside the 512-byte frame.', 'Looks like the BPF stack limit of 512 bytes is exceeded'],
    tell: 'The offset is a constant of the instruction (r10 is named).',
    related: ['STK-02', 'STK-04'],
  },
  {
    id: 'STK-02',
    title: 'Variable index into a stack array',
    nature: 'bug',
    family: 'memory',
    cause: 'A number that nothing bounds is added to an address on the stack, so the access may lie anywhere.',
    needs: 'An index with a proved range that stays inside the array, in the width in which it is used.',
    bad: `__u8 buf[16] = {};
__u32 i = ctx->rx_queue_index;
buf[i] = 1;`,
    good: `__u8 buf[16] = {};
__u32 i = ctx->rx_queue_index;
buf[i & 15] = 1;`,
    fixes: [
      { change: 'Mask the index, if the size is a power of two.', code: 'buf[i & 15] = 1;', measured: { v1: 'both', v3: 'both' } },
      { change: 'Compare it and leave.', code: 'if (i >= sizeof(buf)) return XDP_PASS;', measured: { v3: 'linux' } },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Lower bound must be at least r10.stack_offset - subprogram_stack_size (valid_access(r2.offset, width=1) for write)'],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid unbounded variable-offset write to stack R2',
        'R2 variable stack access prohibited for !root, var_off=(0x0; 0xffffffff) off=-16',
        'invalid variable-offset read from stack R2 var_off=(0x0; 0xff) off=-16 size=1',
      ],
    },
    report: ['Memory Safety: Variable-offset stack access. offset is unbounded'],
    words: [
      'Writes 1 byte of the stack at a variable offset from the frame pointer, which may lie outside the 512-byte frame.',
      'nothing stops the loop before its index leaves the buffer.',
    ],
    tell: 'The address is in another register than r10, after an addition.',
    related: ['STK-01', 'MAP-02', 'PRC-02'],
  },
  {
    id: 'STK-03',
    title: 'Stack bytes read that were never written',
    nature: 'leak',
    family: 'memory',
    cause:
      'Bytes of the stack are used before anything was stored there: a local variable on one path, a buffer, or the padding between the members of a struct that is handed to a helper.',
    needs: 'Every byte that is read or handed out must have been written on every path.',
    bad: `struct ev { __u8 a; __u64 b; } e;
e.a = 1; e.b = 2;
bpf_map_update_elem(&m, &k, &e, BPF_ANY);`,
    good: `struct ev { __u8 a; __u64 b; } e;
__builtin_memset(&e, 0, sizeof(e));
e.a = 1; e.b = 2;
bpf_map_update_elem(&m, &k, &e, BPF_ANY);`,
    fixes: [
      { change: 'Clear the whole variable first; an initialiser does not always clear padding.', code: '__builtin_memset(&e, 0, sizeof(e));' },
      { change: 'Or make padding a named member, or the struct packed.', code: 'struct ev { __u8 a; __u8 pad[7]; __u64 b; };' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Illegal map update with a non-numerical value [4072-4088) (within(r3:value_size(r1)))',
        'Stack content is not numeric (valid_access(r1.offset, width=8) for read)',
      ],
    },
    linux: {
      verdict: 'depends',
      messages: [
        'invalid indirect read from stack R3 off -16+1 size 16',
        'invalid read from stack R10 off=-300 size=1',
        'invalid read from stack off -16+0 size 8',
      ],
    },
    report: ['Memory Safety: Uninitialized stack read'],
    words: [
      'Reads stack bytes that were never written (fp-16).',
      'Bytes at fp-16 passed as argument 3 of bpf_map_update_elem were never written.',
      'uninitialised stack, struct padding not initialised',
    ],
    tell: 'The bytes hold nothing, not a pointer. Linux accepts it when loaded with CAP_PERFMON.',
    related: ['LEAK-02', 'UNI-01'],
  },
  {
    id: 'STK-04',
    title: 'Stack of the call chain too large',
    nature: 'bug',
    family: 'verifier-limit',
    cause: 'Functions that call each other share a limited stack: 512 bytes in all on Linux, 512 per frame and 4096 in all on Windows.',
    needs: 'A sum of the frames along every chain of calls within the limit.',
    bad: `static __noinline int leaf(void) { char b[300]; ... }
int prog(void *ctx) { char b[300]; ... leaf(); }`,
    good: `static __noinline int leaf(void) { char b[300]; ... }
int prog(void *ctx) { char b[100]; ... leaf(); }`,
    fixes: [
      { change: 'Move large buffers into a per-CPU array map.' },
      { change: 'Let the functions share one buffer, passed by pointer.' },
      { change: 'Inline the callee, so that the compiler can reuse the space.' },
    ],
    prevail: { verdict: 'depends', messages: ['combined stack size of 2 calls is 608. Too large'] },
    linux: {
      verdict: 'rejects',
      messages: ['combined stack size of 2 calls is 608. Too large', 'stack depth 608 is too large', 'invalid read from stack R10 off=-300 size=1'],
    },
    report: [
      'Verifier Limit: Limit exceeded. The combined call stack depth limit was exceeded: Call chain uses 608 bytes of stack across 2 nested calls, exceeding the 512 byte limit.',
    ],
    words: ['This call makes the stack too deep: the frames of the chain need 608 bytes together; 512 are there.'],
    tell: 'The message counts calls and bytes.',
    related: ['STK-01', 'CALL-01'],
  },
  {
    id: 'STK-05',
    title: 'Frame pointer written',
    nature: 'rule',
    family: 'structure',
    cause: 'r10 holds the frame of the running function and is read-only.',
    needs: 'No instruction with r10 as its destination.',
    bad: `r10 += -8`,
    good: `r2 = r10
r2 += -8`,
    fixes: [{ change: 'Copy r10 to another register and change the copy.' }],
    prevail: { verdict: 'rejects', messages: ['cannot modify r10'] },
    linux: { verdict: 'rejects', messages: ['frame pointer is read only'] },
    report: ['Register Type Safety: Write to the frame pointer'],
    words: ['r10, the frame pointer, is read-only.'],
    tell: 'Only hand-written assembly or a damaged object has this.',
    related: ['CFG-04'],
  },
];
