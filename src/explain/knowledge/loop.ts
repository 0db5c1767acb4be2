import type { KnowledgeEntry } from './entry.ts';

/** Loops, division, and what takes too long to verify. */
export const LOOP_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'LOOP-01',
    title: 'Loop that makes no progress',
    nature: 'termination',
    family: 'structure',
    cause: 'A turn of the loop can end in the state in which it began, so it never ends.',
    needs: 'A counter that moves towards a constant in every turn, tested at the top of the loop.',
    bad: `while (flag < 1)
    ;`,
    good: `for (int i = 0; i < 10; i++)
    ...`,
    fixes: [
      { change: 'Count, and test the counter before the body.', code: 'for (i = 0; i < 10; i++)', measured: { v1: 'both', v3: 'both' } },
      { change: 'Count, and test at the bottom (do ... while).', code: 'do { ... } while (++i < 10);', measured: { v1: 'linux', v3: 'linux' } },
    ],
    prevail: { verdict: 'rejects', messages: ['Loop counter is too large (pc[1] < 100000)'] },
    linux: { verdict: 'rejects', messages: ['infinite loop detected at insn 1'] },
    report: ['Program Structure: Infinite loop'],
    words: ['The loop at instruction 1 makes no progress: a turn can end in the state in which it began.', 'endless loop'],
    tell: 'Linux finds it at once and names the instruction.',
    related: ['LOOP-02', 'PRC-05'],
  },
  {
    id: 'LOOP-02',
    title: 'Number of turns depends on input',
    nature: 'termination',
    family: 'verifier-limit',
    cause:
      'Nothing constant limits the turns: the bound comes from the context, a map or the packet. Linux walks turn after turn until it gives up at a million instructions.',
    needs: 'A constant upper limit beside the variable one.',
    bad: `for (__u32 i = 0; i < n; i++)
    sum += i;`,
    good: `for (__u32 i = 0; i < n && i < 64; i++)
    sum += i;`,
    fixes: [
      { change: 'Add a constant cap to the condition.', code: 'i < n && i < 64' },
      { change: 'Or hand the loop to the host.', code: 'bpf_loop(n, step, &state, 0);' },
    ],
    prevail: { verdict: 'rejects', messages: ['Loop counter is too large (pc[5] < 100000)'] },
    linux: { verdict: 'rejects', messages: ['BPF program is too large. Processed 1000001 insn', 'back-edge from insn 9 to 5'] },
    report: ['Verifier Limit: Limit exceeded. The instruction processing limit was exceeded.'],
    words: [
      'No bound was found for the loop at instruction 5.',
      'The loop at instruction 5 runs while w2 < w1 (instruction 9; w1 may be anything); nothing was found that moves towards a fixed bound in every turn.',
      'this allows more turns than any host executes',
      'unbounded loop',
    ],
    tell: 'The loop has a counter, but its limit is a variable.',
    related: ['LOOP-01', 'LIM-01', 'PRC-05'],
  },
  {
    id: 'LOOP-03',
    title: 'Pointer moved by a variable step in a loop',
    nature: 'bug',
    family: 'memory',
    cause:
      'Each turn moves the pointer by a number from the data (a length field). After the move nothing checks it again, and over many turns its range grows beyond all limits.',
    needs: 'A check after each move, and an offset with a constant limit.',
    bad: `for (int i = 0; i < 8; i++) {
    if (p + 2 > data_end) break;
    p += p[1];
    sum += *p;
}`,
    good: `for (int i = 0; i < 8; i++) {
    off &= 0x1ff;
    p = data + off;
    if (p + 2 > data_end) break;
    off += p[1];
}`,
    fixes: [
      {
        change: 'Keep a masked number as the offset, form the pointer anew in each turn, and check it.',
        code: 'off &= 0x1ff; p = data + off; if (p + 2 > data_end) break;',
        measured: { v1: 'both', v3: 'both' },
      },
      { change: 'Limit the step and check after adding it.', code: 'if (len > 32) break; p += len + 2;', measured: { v3: 'linux' } },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most packet_size (valid_access(r1.offset, width=1) for read)',
        'Upper bound must be at most 65535 (valid_access(r5.offset) for comparison/subtraction)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to packet, off=0 size=1, R1(id=1,off=0,r=0) / R1 offset is outside of the packet',
        'R1 has pointer with unsupported alu operation, pointer arithmetic with it prohibited for !root',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R1 is packet pointer; offset is variable.'],
    words: [
      "Reads the packet at a pointer that each turn of the loop moves by a number from the program's data; after the last move nothing compares it with data_end.",
    ],
    tell: 'A walk over options (type, length, value); Linux shows id=1 with off=0.',
    related: ['PKT-03', 'PKT-06', 'PRC-06'],
  },
  {
    id: 'ARI-01',
    title: 'Division by a number that may be zero',
    nature: 'rule',
    family: 'policy',
    cause:
      'In BPF a division by 0 gives 0 and a remainder by 0 leaves the dividend, so nothing breaks. The check is only made when it is asked for (--no-division-by-zero of PREVAIL).',
    needs: 'A divisor whose range excludes 0.',
    bad: `return 1000 / d;`,
    good: `return 1000 / ((d & 1023) + 1);`,
    fixes: [
      { change: 'Build a divisor that cannot be 0.', code: '(d & 1023) + 1', measured: { v1: 'both', v3: 'both' } },
      {
        change: 'Test a 64-bit divisor behind a barrier.',
        code: 'asm volatile("" : "+r"(d)); if (!d) return 0;',
        measured: { v1: 'both', v3: 'both' },
      },
      { change: 'Set the lowest bit.', code: 'd | 1', measured: { v1: 'linux', v3: 'linux' } },
      { change: 'Replace 0.', code: 'if (!d) d = 1;', measured: { v1: 'linux', v3: 'linux' } },
    ],
    prevail: { verdict: 'depends', messages: ['Possible division by zero (w1 != 0)', 'Possible division by zero'] },
    linux: { verdict: 'accepts', messages: ['div by zero', 'R1 div by zero'] },
    report: [],
    words: ['The divisor r1 may be 0 (range 0 to 4294967295).'],
    tell: 'The failing instruction divides or takes a remainder.',
    related: ['PRC-04'],
  },
  {
    id: 'LIM-01',
    title: 'Program too complex to verify',
    nature: 'limit',
    family: 'verifier-limit',
    cause:
      'The program has too many instructions or too many different states: long unrolled loops, many branches that each leave another state behind, or a large jump sequence.',
    needs: 'Fewer paths, or paths that end up in the same state.',
    bad: `#pragma unroll
for (int i = 0; i < 500; i++) if (p[i] == c) n++;`,
    good: `bpf_loop(500, count_one, &state, 0);`,
    fixes: [
      { change: 'Replace long unrolled loops with bpf_loop or a bounded loop.' },
      { change: 'Move parts into global functions, which are verified once each.' },
      { change: 'Split the program with tail calls.' },
      { change: 'Verify with a lower precision or more time where the tool offers it.' },
    ],
    prevail: { verdict: 'depends', messages: ['Verification exceeded its time limit'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'The sequence of 8193 jumps is too complex.',
        'BPF program is too large. Processed 1000001 insn',
        'liveness analysis exceeded complexity limit (10001 calls)',
        'too many subprograms',
        'BPF program too large, argument list too long',
      ],
    },
    report: ['Verifier Limit: Limit exceeded'],
    words: ['out of time or memory while verifying', 'complexity limit exceeded, verifier ran out of budget'],
    tell: 'The message gives a count, not an instruction.',
    related: ['LOOP-02', 'STK-04'],
  },
];
