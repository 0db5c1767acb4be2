import type { KnowledgeEntry } from './entry.ts';

/** Safe programs that a verifier cannot follow. */
export const PRECISION_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'PRC-01',
    title: 'Bounds check remembered in a flag',
    nature: 'limit',
    family: 'memory',
    cause:
      'The check sets a flag and the access asks the flag. Where the paths meet, PREVAIL keeps one state and forgets that flag = 1 means checked. Linux follows each path and accepts.',
    needs: 'The access on the path of the check itself.',
    bad: `int ok = 0;
if (data + 4 <= data_end) ok = 1;
if (ok) sum = *(__u32 *)data;`,
    good: `if (data + 4 <= data_end)
    sum = *(__u32 *)data;`,
    fixes: [
      { change: 'Do the access inside the checked branch.' },
      { change: 'Or return early instead of setting a flag.', code: 'if (data + 4 > data_end) return XDP_PASS;' },
    ],
    prevail: { verdict: 'rejects', messages: ['Upper bound must be at most packet_size (valid_access(r1.offset, width=4) for read)'] },
    linux: { verdict: 'accepts', messages: [] },
    report: [],
    words: ['flag carries the bounds check, correlation lost at a join'],
    tell: 'There is a sufficient check, and paths meet between it and the access.',
    related: ['PKT-01', 'TYP-06'],
  },
  {
    id: 'PRC-02',
    title: '32-bit check that does not bound the 64-bit number',
    nature: 'limit',
    family: 'memory',
    cause:
      'With -mcpu=v3 clang compares the low halves (w6 > 63). The number is a zero-extended 32-bit load, so the check is right, but PREVAIL does not carry it over to the 64-bit number.',
    needs: 'A mask, or a comparison that stays 64 bits wide.',
    bad: `__u32 i = ctx->rx_queue_index;
if (i > 63) return XDP_PASS;   /* becomes: if w6 > 63 */
return v->b[i];`,
    good: `__u32 i = ctx->rx_queue_index;
i &= 63;
return v->b[i];`,
    fixes: [
      { change: 'Mask the index.', code: 'i &= 63;', measured: { v1: 'both', v3: 'both' } },
      { change: 'Use a 64-bit index behind a barrier.', code: '__u64 i; asm volatile("" : "+r"(i));', measured: { v1: 'both', v3: 'both' } },
      { change: 'Use a 64-bit index alone; clang narrows the comparison again.', code: '__u64 i;', measured: { v1: 'both', v3: 'linux' } },
      { change: 'Compile with -mcpu=v1 or v2, which have no 32-bit comparisons.' },
    ],
    prevail: { verdict: 'rejects', messages: ['Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)'] },
    linux: { verdict: 'accepts', messages: [] },
    report: [],
    words: ['32-bit guard, 64-bit use; the check is on w6 and the access uses r6'],
    tell: 'The source has a right check; the disassembly shows it on wN.',
    related: ['MAP-05', 'MAP-02', 'PRC-03'],
  },
  {
    id: 'PRC-03',
    title: 'Check on a copy, use of the original',
    nature: 'limit',
    family: 'memory',
    cause:
      'The compiler keeps two copies of the index, for example a zero-extended one. One is checked and the other used, and after shifts the verifiers no longer know that they are equal.',
    needs: 'One register for check and use.',
    bad: `r7 = r6
r7 <<= 32
r7 >>= 32
if r7 > 63 goto out
r0 += r6`,
    good: `if r6 > 63 goto out
r0 += r6`,
    fixes: [
      { change: 'Force check and use into one register with a barrier before the check.', code: 'asm volatile("" : "+r"(i));' },
      { change: 'Or mask right before the use.', code: 'v->b[i & 63]', measured: { v1: 'both', v3: 'both' } },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=1) for read)'],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'R0 unbounded memory access, make sure to bounds check any such access',
        'R0 unbounded memory access, make sure to bounds check any such access / R0 pointer arithmetic of map value goes out of range, prohibited for !root',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is unbounded.'],
    words: ['the compiler checks one copy of the index and uses another'],
    tell: 'The source has a right check; the disassembly has shifts by 32 or two registers for one variable.',
    related: ['PRC-02', 'MAP-08'],
  },
  {
    id: 'PRC-04',
    title: 'Single number excluded from the middle of a range',
    nature: 'limit',
    family: 'call',
    cause:
      'A test such as n == 0 removes one number. An interval can only drop it at its end, and in the 32-bit view of PREVAIL 0 lies inside the range (-2^31 to 2^31 - 1).',
    needs: 'A range that excludes the number by its ends.',
    bad: `if (n == 0) return 0;
if (n > 64) return 0;
bpf_get_current_comm(buf, n);`,
    good: `n = (n & 31) + 1;
bpf_get_current_comm(buf, n);`,
    fixes: [
      { change: 'Compute a number that cannot be the excluded one.', code: '(n & 31) + 1', measured: { v1: 'both', v3: 'both' } },
      { change: 'Test a 64-bit number behind a barrier.', code: '__u64 n; asm volatile("" : "+r"(n));', measured: { v1: 'both', v3: 'both' } },
    ],
    prevail: { verdict: 'rejects', messages: ['Invalid size (r2.value > 0)', 'Possible division by zero (w1 != 0)'] },
    linux: { verdict: 'accepts', messages: [] },
    report: [],
    words: ['comparison with zero does not exclude zero'],
    tell: 'The source excludes the number with == or !=.',
    related: ['HLP-09', 'ARI-01'],
  },
  {
    id: 'PRC-05',
    title: 'Loop tested at its bottom',
    nature: 'limit',
    family: 'structure',
    cause:
      'The loop counts and ends, but the test stands at the bottom (do ... while, or a countdown to != 0). PREVAIL loses the relation between counter and turns there.',
    needs: 'A test with < at the top.',
    bad: `int i = 0;
do { ... } while (++i < 10);`,
    good: `for (int i = 0; i < 10; i++) { ... }`,
    fixes: [
      { change: 'Write the loop with its test at the top.', code: 'for (int i = 0; i < 10; i++)', measured: { v1: 'both', v3: 'both' } },
      { change: 'If clang turns it around, make the counter volatile or use bpf_loop.' },
    ],
    prevail: { verdict: 'rejects', messages: ['Loop counter is too large (pc[2] < 100000)'] },
    linux: { verdict: 'accepts', messages: [] },
    report: [],
    words: ['do while loop, countdown to zero, bottom-tested loop'],
    tell: 'The loop has a constant limit and its test at the end.',
    related: ['LOOP-01', 'LOOP-02'],
  },
  {
    id: 'PRC-06',
    title: 'Packet pointer that grows in a loop',
    nature: 'limit',
    family: 'memory',
    cause:
      'Each turn adds a small bounded number and checks again. The turns are limited, but PREVAIL widens the offset past the largest packet, and then no comparison counts.',
    needs: 'An offset with a constant limit of its own.',
    bad: `if (len > 32) break;
p += len + 2;
if (p + 2 > data_end) break;`,
    good: `off = (off + len + 2) & 0x1ff;
p = data + off;
if (p + 2 > data_end) break;`,
    fixes: [
      {
        change: 'Keep a masked number as the offset and form the pointer anew.',
        code: 'off &= 0x1ff; p = data + off;',
        measured: { v1: 'both', v3: 'both' },
      },
    ],
    prevail: { verdict: 'rejects', messages: ['Upper bound must be at most 65535 (valid_access(r5.offset) for comparison/subtraction)'] },
    linux: { verdict: 'accepts', messages: [] },
    report: [],
    words: ['packet offset may be larger than 65535'],
    tell: 'The limit in the message is 65535, and the failing instruction a comparison.',
    related: ['LOOP-03', 'PKT-03'],
  },
];
