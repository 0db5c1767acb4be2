import type { KnowledgeEntry } from './entry.ts';

/** Accesses to map values and other regions of known size. */
export const MAP_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'MAP-01',
    title: 'Access wider than the map value',
    nature: 'bug',
    family: 'memory',
    cause: 'The access at a fixed offset ends behind the value (or record): it is read through a larger type than the map declares.',
    needs: 'Offset plus width at most the size of the value.',
    bad: `/* the value is a __u32 */
return *(__u64 *)v ? XDP_PASS : XDP_DROP;`,
    good: `/* the value is a __u32 */
return *(__u32 *)v ? XDP_PASS : XDP_DROP;`,
    fixes: [
      { change: 'Read with the type that the map declares.' },
      { change: "Or declare the larger type as the map's value.", code: '__type(value, __u64);' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=8) for read)',
        'Upper bound must be at most r0.alloc_mem_size (valid_access(r0.offset, width=8) for write)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'invalid access to map value, value_size=4 off=0 size=8 / R0 min value is outside of the allowed memory range',
        'invalid access to memory, mem_size=8 off=8 size=8',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is constant 0; access_size is 8; object_size is 4.'],
    words: [
      'Reads 8 bytes at offset 0 of a value of map m, which has 4 bytes; 4 too far.',
      'Writes 8 bytes at offset 8 of a record of 8 bytes.',
      'read wider than the value',
    ],
    tell: 'The offset is constant; Linux says "min value".',
    related: ['MAP-02', 'MAP-07', 'HLP-01'],
  },
  {
    id: 'MAP-02',
    title: 'Index into a map value not checked',
    nature: 'bug',
    family: 'memory',
    cause: 'A number that nothing bounds is added to the address of a value.',
    needs: 'An index with a proved range inside the array, in the width in which it is used.',
    bad: `__u32 i = ctx->rx_queue_index;
return v->b[i];          /* v->b has 64 bytes */`,
    good: `__u32 i = ctx->rx_queue_index;
return v->b[i & 63];     /* v->b has 64 bytes */`,
    fixes: [
      { change: 'Mask the index, if the size is a power of two.', code: 'i &= 63;', measured: { v1: 'both', v3: 'both' } },
      { change: 'Compare it and leave.', code: 'if (i > 63) return XDP_PASS;', measured: { v1: 'both', v3: 'linux' } },
      {
        change: 'Use a 64-bit index (clang narrows the comparison again).',
        code: '__u64 i = ...; if (i > 63) return XDP_PASS;',
        measured: { v1: 'both', v3: 'linux' },
      },
      {
        change: 'Use a 64-bit index and keep clang from narrowing the comparison.',
        code: 'asm volatile("" : "+r"(i)); if (i > 63) return XDP_PASS;',
        measured: { v1: 'both', v3: 'both' },
      },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)',
        'Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=1) for read)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: [
        'R0 unbounded memory access, make sure to bounds check any such access',
        'R0 unbounded memory access, make sure to bounds check any such access / R0 pointer arithmetic of map value goes out of range, prohibited for !root',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is unbounded; object_size is 64.'],
    words: ['Reads 1 byte at any offset of a value of map m: no check on this path bounds the index.', 'array index out of bounds of map value'],
    tell: 'No comparison or mask of the index on the path.',
    related: ['MAP-03', 'MAP-05', 'PRC-02'],
  },
  {
    id: 'MAP-03',
    title: 'Index off by one',
    nature: 'bug',
    family: 'memory',
    cause: 'The check lets the index reach the number of elements; the last valid index is one less.',
    needs: 'At most the number of elements minus one.',
    bad: `if (i > 64) return XDP_PASS;
return v->b[i];          /* v->b has 64 bytes */`,
    good: `if (i >= 64) return XDP_PASS;
return v->b[i];          /* v->b has 64 bytes */`,
    fixes: [
      {
        change: 'Compare with >= and the number of elements, best with sizeof.',
        code: 'if (i >= sizeof(v->b)) return XDP_PASS;',
        measured: { v1: 'both', v3: 'linux' },
      },
      { change: 'Or mask the index.', code: 'i &= 63;', measured: { v1: 'both', v3: 'both' } },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=1) for read)',
        'Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=4) for read)',
        'Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: ['invalid access to map value, value_size=64 off=64 size=1 / R0 max value is outside of the allowed memory range'],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is variable; access_size is 1; object_size is 64.'],
    words: [
      'if r6 > 64 at instruction 10 lets the index reach one element past the end (off by one; 1 byte too far).',
      'lets the index grow too large',
    ],
    tell: 'Linux shows an offset equal to the size of the value: off=64 with value_size=64.',
    related: ['MAP-02', 'MAP-07'],
  },
  {
    id: 'MAP-04',
    title: 'Signed index without a lower bound',
    nature: 'bug',
    family: 'memory',
    cause: 'The index is signed and only compared with an upper bound. Negative numbers pass, and reach before the value.',
    needs: 'Both ends proved, or an unsigned index.',
    bad: `int i = (int)ctx->rx_queue_index;
if (i >= 64) return XDP_PASS;
return v->b[i];`,
    good: `__u32 i = ctx->rx_queue_index;
return v->b[i & 63];`,
    fixes: [
      { change: 'Make the index unsigned and mask it.', code: 'v->b[i & 63]', measured: { v1: 'both', v3: 'both' } },
      { change: 'Compare both ends.', code: 'if (i < 0 || i >= 64) return XDP_PASS;', measured: { v3: 'linux' } },
    ],
    prevail: { verdict: 'rejects', messages: ['Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'value -2147483648 makes map_value pointer be out of bounds',
        'R0 min value is negative, either use unsigned index or do a if (index >=0) check.',
        'value -8 makes fp pointer be out of bounds',
      ],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; the minimum offset is negative.'],
    words: [
      'is a signed comparison without a lower bound, so negative numbers pass it.',
      'bounds the index only from above, so it may be negative.',
      'Reads before the start of a value of map m: the offset may be as low as -8.',
      'Reads before the start of a record: the offset may be as low as -8.',
    ],
    tell: 'The index is an int, or something was subtracted from it.',
    related: ['MAP-02', 'HLP-07'],
  },
  {
    id: 'MAP-05',
    title: '32-bit check of an index used with 64 bits',
    nature: 'bug',
    family: 'memory',
    cause:
      'The comparison looks at the low 32 bits only (w6 > 63), while all 64 bits are added to the pointer. The upper half can be anything when the number was loaded as 64 bits.',
    needs: 'A 64-bit comparison, or an upper half that is known to be 0.',
    bad: `r6 = *(u64 *)(r0 + 0)
if w6 > 63 goto out
r1 += r6`,
    good: `r6 = *(u64 *)(r0 + 0)
if r6 > 63 goto out
r1 += r6`,
    fixes: [
      { change: 'Compare the number as __u64.' },
      { change: 'Or cut it to 32 bits before the check and use the cut number.', code: '__u32 i = *p;' },
    ],
    prevail: { verdict: 'rejects', messages: ['Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)'] },
    linux: { verdict: 'rejects', messages: ['math between map_value pointer and register with unbounded min value is not allowed'] },
    report: ['Memory Safety: Unbounded pointer arithmetic. math between map_value pointer and register with unbounded min value.'],
    words: ['compares only the low 32 bits of the index, but all 64 bits are used.'],
    tell: 'The disassembly shows a comparison of wN before an addition of rN.',
    related: ['PRC-02', 'MAP-02'],
  },
  {
    id: 'MAP-06',
    title: 'Write to read-only data',
    nature: 'bug',
    family: 'memory',
    cause: 'const and const volatile globals (.rodata) and maps made read-only for programs cannot be written. PREVAIL does not know read-only maps.',
    needs: 'A destination that is writable.',
    bad: `const volatile __u32 cfg = 3;
*(volatile __u32 *)&cfg = 4;`,
    good: `const volatile __u32 cfg = 3;
__u32 counter;
counter = cfg + 1;`,
    fixes: [
      { change: 'Use a global without const; it lies in .data or .bss.' },
      { change: 'Set constants from user space before the object is loaded.' },
    ],
    prevail: { verdict: 'accepts', messages: ['Write to read-only memory (valid_access(r1.offset, width=4) for write)'] },
    linux: {
      verdict: 'rejects',
      messages: ['write into map forbidden, value_size=4 off=0 size=4', 'R1 cannot write into rdonly_mem', 'R1 cannot write into rdonly_buf'],
    },
    report: ['Memory Safety: Write to read-only memory'],
    words: ['Writes to .rodata, which is read-only.'],
    tell: 'The failing instruction is a store to a global or to a map with a read-only flag.',
    related: ['PKT-09', 'CTX-02'],
  },
  {
    id: 'MAP-07',
    title: 'Mask wider than the array',
    nature: 'bug',
    family: 'memory',
    cause: 'The index is masked, but with more bits than the array has elements.',
    needs: 'A mask of at most the number of elements minus one.',
    bad: `i &= 127;
return v->b[i];          /* v->b has 64 bytes */`,
    good: `i &= 63;
return v->b[i];          /* v->b has 64 bytes */`,
    fixes: [
      {
        change: 'Use the size minus one as the mask; the size must be a power of two.',
        code: 'i &= sizeof(v->b) - 1;',
        measured: { v1: 'both', v3: 'both' },
      },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=1) for read)'],
    },
    linux: {
      verdict: 'rejects',
      messages: ['invalid access to map value, value_size=64 off=127 size=1 / R0 max value is outside of the allowed memory range'],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is variable: known bits, unknown mask; object_size is 64.'],
    words: [
      'Reads 1 byte at offset 0 to 127 of a value of map m, which has 64 bytes: the mask at instruction 10 keeps 0 to 127; 64 bytes too far.',
      'mask too wide',
    ],
    tell: 'Linux shows an offset of one less than a power of two: off=127.',
    related: ['MAP-03', 'MAP-02'],
  },
  {
    id: 'MAP-08',
    title: 'Index changed after it was checked',
    nature: 'bug',
    family: 'memory',
    cause: 'One number is checked and another is used: the index was scaled, shifted, changed or loaded again after the check.',
    needs: 'The check as the last step before the use, on the number that is used.',
    bad: `if (i > 63) return XDP_PASS;
return v->b[i * 2];      /* v->b has 64 bytes */`,
    good: `i *= 2;
if (i > 63) return XDP_PASS;
return v->b[i];          /* v->b has 64 bytes */`,
    fixes: [
      { change: 'Compute first, then check, then use.' },
      { change: 'Copy a number that others can change (a map value, volatile) into a local variable before checking it.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Lower bound must be at least 0 (valid_access(r0.offset, width=1) for read)',
        'Upper bound must be at most r0.shared_region_size (valid_access(r0.offset, width=1) for read)',
      ],
    },
    linux: {
      verdict: 'rejects',
      messages: ['invalid access to map value, value_size=64 off=126 size=1 / R0 max value is outside of the allowed memory range'],
    },
    report: ['Memory Safety: Access outside bounds. R0 is map value; offset is variable; object_size is 64.'],
    words: [
      'the index was changed after if r6 > 63 at instruction 9 (reloaded or scaled), so what was checked is not what is used; 63 bytes too far.',
    ],
    tell: 'There is a right check, but an operation or a load follows it.',
    related: ['PRC-03', 'MAP-03'],
  },
];
