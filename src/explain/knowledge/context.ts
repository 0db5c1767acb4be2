import type { KnowledgeEntry } from './entry.ts';

/** Accesses to the context structure. */
export const CONTEXT_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'CTX-01',
    title: 'Access outside the context or between its fields',
    nature: 'bug',
    family: 'memory',
    cause:
      'The offset is past the structure, before it, or not one at which the program type allows an access of this width. Often the section name gives another program type than the code was written for.',
    needs: 'A field of the context of this program type, with its own width.',
    bad: `r0 = *(u32 *)(r1 + 24)     /* struct xdp_md has 24 bytes */`,
    good: `r0 = *(u32 *)(r1 + 16)     /* rx_queue_index */`,
    fixes: [
      { change: 'Use the structure that belongs to the section: struct xdp_md for xdp, struct __sk_buff for tc and socket.' },
      { change: 'Read whole fields; not every type allows parts of one.' },
      { change: 'Compile with the headers of the platform on which the program will run: xdp_md_t of Windows has 64-bit pointers.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most 24 (valid_access(r1.offset+24, width=4) for read)',
        'Lower bound must be at least 0 (valid_access(r1.offset-4, width=4) for read)',
      ],
    },
    linux: { verdict: 'rejects', messages: ['invalid bpf_context access off=24 size=4', 'invalid bpf_context access'] },
    report: ['Memory Safety: Invalid context access. offset 24 size 4'],
    words: ['Offset 24 to 28 with 4 bytes is past struct xdp_md (24 bytes).', 'struct xdp_md has no field that allows a 4-byte read at offset 2'],
    tell: "The limit in PREVAIL's message is a plain number: the size of the structure.",
    related: ['CTX-02', 'ENV-01'],
  },
  {
    id: 'CTX-02',
    title: 'Write to a read-only context field',
    nature: 'bug',
    family: 'memory',
    cause: 'data, data_end and most other fields are set by the host and cannot be changed through the context.',
    needs: 'A field that this program type may write, or the helper meant for the change.',
    bad: `ctx->data = 0;`,
    good: `bpf_xdp_adjust_head(ctx, 14);`,
    fixes: [{ change: "To move the packet's start or end, call bpf_xdp_adjust_head, bpf_xdp_adjust_tail or bpf_skb_change_head." }],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Cannot write to context pointer field (valid_access(r1.offset, width=4) for write)',
        'Cannot write to context with unexpected pointer-field layout',
      ],
    },
    linux: { verdict: 'rejects', messages: ['invalid bpf_context access off=0 size=4'] },
    report: ['Memory Safety: Invalid context access. offset 0 size 4'],
    words: ['data of struct xdp_md is read-only.'],
    tell: 'The failing instruction is a store to the context.',
    related: ['CTX-01', 'CTX-05'],
  },
  {
    id: 'CTX-03',
    title: 'Moved context pointer passed to a helper',
    nature: 'bug',
    family: 'call',
    cause: 'Helpers take the context as the program got it; something was added to the pointer before the call.',
    needs: 'The context pointer with offset 0.',
    bad: `bpf_xdp_adjust_head((void *)ctx + 8, 0);`,
    good: `bpf_xdp_adjust_head(ctx, 0);`,
    fixes: [{ change: 'Pass the original pointer; keep it in a variable of its own.' }],
    prevail: { verdict: 'rejects', messages: ['Nonzero context offset (r1.ctx_offset == 0)', 'Nonzero context offset'] },
    linux: { verdict: 'rejects', messages: ['dereference of modified ctx ptr R1 off=8 disallowed'] },
    report: ['Register Type Safety: Invalid dereference. R1 has offset 8 here, but this pointer type must be dereferenced in its original form.'],
    words: ['Argument 1 of bpf_xdp_adjust_head needs the unmodified context pointer; here it was moved by 8 bytes.'],
    tell: 'The failing instruction is a call and the offset a constant.',
    related: ['CTX-04', 'HLP-10'],
  },
  {
    id: 'CTX-04',
    title: 'Variable offset into the context',
    nature: 'bug',
    family: 'memory',
    cause:
      'Context fields are found by their constant offset, and loads are rewritten per field when the program is loaded. A computed offset cannot be.',
    needs: 'Constant offsets in every access to the context.',
    bad: `r2 &= 12
r1 += r2
r0 = *(u32 *)(r1 + 0)`,
    good: `r0 = *(u32 *)(r1 + 12)`,
    fixes: [
      { change: 'Choose the field with if or switch, one load per field.' },
      { change: 'Copy the fields into an array on the stack and index that with a bounded number.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Nonzero context offset (valid_access(r1.offset, width=4) for read)', 'Invalid type (r0.type == number)'],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'variable ctx access var_off=(0x0; 0xc) disallowed',
        'R1 has pointer with unsupported alu operation, pointer arithmetic with it prohibited for !root',
      ],
    },
    report: ['Memory Safety: Variable context access'],
    words: ['The offset into struct xdp_md varies (0 to 12); context fields must be accessed at constant offsets.'],
    tell: 'A number was added to the context pointer. PREVAIL notices late, when a field that may be a pointer is used as a number.',
    related: ['CTX-01', 'CTX-03'],
  },
  {
    id: 'CTX-05',
    title: 'Atomic operation on the context or the packet',
    nature: 'bug',
    family: 'memory',
    cause:
      'Atomic operations work on memory that several CPUs share and that is really there: map values and the stack. Context accesses are rewritten and packets may be anywhere.',
    needs: 'A map value (or stack) as the target.',
    bad: `__sync_fetch_and_add(&ctx->mark, 1);`,
    good: `__u32 *v = bpf_map_lookup_elem(&m, &k);
if (v) __sync_fetch_and_add(v, 1);`,
    fixes: [{ change: 'Count in a map value.' }, { change: 'Change the context field with an ordinary load and store, if it is writable.' }],
    prevail: { verdict: 'accepts', messages: ['Invalid type (r1.type in {stack, shared, alloc_mem})'] },
    linux: { verdict: 'rejects', messages: ['BPF_ATOMIC stores into R1 ctx is not allowed', 'BPF_ATOMIC stores into R1 pkt is not allowed'] },
    report: [],
    words: ['Atomic operations are not possible on the context.'],
    tell: 'The failing instruction starts with lock.',
    related: ['CTX-02', 'MAP-06'],
  },
];
