import type { KnowledgeEntry } from './entry.ts';

/** Pointers that may be null. */
export const NULL_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'NUL-01',
    title: 'Map lookup result used without a null check',
    nature: 'bug',
    family: 'register',
    cause: 'A lookup returns the address of a value or null. On some path to this access nothing has ruled null out.',
    needs: 'A comparison of the pointer with 0 on every path between the call and the access.',
    bad: `__u64 *v = bpf_map_lookup_elem(&m, &k);
*v += 1;`,
    good: `__u64 *v = bpf_map_lookup_elem(&m, &k);
if (!v) return XDP_PASS;
*v += 1;`,
    fixes: [
      { change: 'Leave right after the call when the pointer is null.', code: 'if (!v) return XDP_PASS;' },
      { change: 'Or put every use into the branch in which it is not null.', code: 'if (v) *v += 1;' },
    ],
    prevail: { verdict: 'rejects', messages: ['Possible null access (valid_access(r0.offset, width=8) for read)', 'Possible null access'] },
    linux: { verdict: 'rejects', messages: ["R0 invalid mem access 'map_value_or_null'"] },
    report: ['Register Type Safety: Invalid dereference. R0 may be NULL here (map_value_or_null).'],
    words: [
      'r0 may be null here: it is the result of bpf_map_lookup_elem on map m at instruction 6 and no check on this path rules null out.',
      'r0 is null here: instruction 3 sets it to 0 and nothing on this path changes it.',
      'null pointer dereference after map lookup',
    ],
    tell: 'No comparison of this pointer with 0 at all.',
    related: ['NUL-02', 'NUL-05', 'NUL-06'],
  },
  {
    id: 'NUL-02',
    title: 'Null check on the wrong pointer',
    nature: 'bug',
    family: 'register',
    cause: 'There is a null check, but of another pointer. Every lookup has its own answer, even one with the same key in the same map.',
    needs: 'The pointer that is used must itself be compared with 0.',
    bad: `__u64 *x = bpf_map_lookup_elem(&a, &k);
__u64 *y = bpf_map_lookup_elem(&b, &k);
if (!x) return XDP_PASS;
*y = *x;`,
    good: `__u64 *x = bpf_map_lookup_elem(&a, &k);
__u64 *y = bpf_map_lookup_elem(&b, &k);
if (!x || !y) return XDP_PASS;
*y = *x;`,
    fixes: [
      { change: 'Add the missing pointer to the check that is there.', code: 'if (!x || !y) return XDP_PASS;' },
      { change: 'Look up once and keep the pointer, instead of looking up again after the check.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: [
        'Possible null access (valid_access(r0.offset, width=8) for write)',
        'Possible null access (valid_access(r0.offset, width=8) for read)',
      ],
    },
    linux: { verdict: 'rejects', messages: ["R0 invalid mem access 'map_value_or_null'"] },
    report: ['Register Type Safety: Invalid dereference. R0 may be NULL here (map_value_or_null).'],
    words: [
      'The null check at instruction 9 tests r6, which is another pointer',
      'The null check tests the result of an earlier lookup; each lookup needs its own check',
    ],
    tell: 'The function has a null check, but of a different variable or of an earlier lookup.',
    related: ['NUL-01', 'NUL-06'],
  },
  {
    id: 'NUL-03',
    title: 'Field address computed before the null check',
    nature: 'limit',
    family: 'register',
    cause:
      'The address of a field is taken while the pointer may still be null. The program only uses it after the check, so nothing bad happens, but Linux forbids the addition itself; and a check of the moved pointer proves nothing, since null plus an offset is not null.',
    needs: 'Check first, then add.',
    bad: `struct val *v = bpf_map_lookup_elem(&m, &k);
__u64 *pb = &v->b;
if (!v) return XDP_PASS;
*pb = 1;`,
    good: `struct val *v = bpf_map_lookup_elem(&m, &k);
if (!v) return XDP_PASS;
v->b = 1;`,
    fixes: [
      { change: 'Move the line that takes the address below the check.' },
      { change: 'If the compiler moved it, put a barrier between the check and the use.', code: 'asm volatile("" : "+r"(v));' },
    ],
    prevail: { verdict: 'accepts', messages: [] },
    linux: {
      verdict: 'rejects',
      messages: ['R1 pointer arithmetic on map_value_or_null prohibited, null-check it first'],
    },
    report: ['Register Type Safety: Invalid pointer arithmetic. Pointer arithmetic on a nullable pointer; null-check it first.'],
    words: [
      "r1 may be null plus an offset here. The null check at instruction 8 comes after a field's address was computed, and that is never null.",
      'pointer arithmetic on maybe-null pointer',
    ],
    tell: 'The message names arithmetic, not a memory access.',
    related: ['NUL-01'],
  },
  {
    id: 'NUL-04',
    title: 'Pointer that may be null passed to a helper',
    nature: 'bug',
    family: 'call',
    cause: 'An argument that must point to memory may be null, most often the unchecked result of another lookup used as a key.',
    needs: 'Compare the pointer with 0 before the call.',
    bad: `__u32 *k2 = bpf_map_lookup_elem(&other, &k);
void *v = bpf_map_lookup_elem(&m, k2);`,
    good: `__u32 *k2 = bpf_map_lookup_elem(&other, &k);
if (!k2) return XDP_PASS;
void *v = bpf_map_lookup_elem(&m, k2);`,
    fixes: [
      { change: 'Check the result of the first call before the second one uses it.', code: 'if (!k2) return XDP_PASS;' },
      { change: 'If null means "nothing to pass", leave the call out on that path.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Possible null access (within(r2:key_size(r1)))', 'Non-zero access size with null pointer'],
    },
    linux: {
      verdict: 'rejects',
      messages: ['R2 type=map_value_or_null expected=fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf, trusted_ptr_'],
    },
    report: ['Call Type Safety: Invalid call argument. The second argument (R2) may be NULL.'],
    words: [
      'r2, argument 2 of bpf_map_lookup_elem, may be null here: no check on this path rules null out.',
      'Argument 2 of bpf_map_lookup_elem must point to memory; on this path r2 is null.',
      'Possibly NULL pointer passed to helper',
    ],
    tell: 'The failing instruction is a call.',
    related: ['NUL-01', 'HLP-03', 'TYP-07'],
  },
  {
    id: 'NUL-05',
    title: 'Result of bpf_ringbuf_reserve not checked',
    nature: 'bug',
    family: 'register',
    cause: 'bpf_ringbuf_reserve returns null when the buffer is full. The record is written without looking.',
    needs: 'A comparison of the record with 0 before the first write.',
    bad: `struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
e->pid = pid;
bpf_ringbuf_submit(e, 0);`,
    good: `struct event *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
if (!e) return 0;
e->pid = pid;
bpf_ringbuf_submit(e, 0);`,
    fixes: [
      { change: 'Leave when no record was reserved; there is then nothing to submit or discard.', code: 'if (!e) return 0;' },
      { change: 'Or build the event on the stack and use bpf_ringbuf_output, which has no pointer to check.' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['Possible null access (valid_access(r0.offset, width=8) for write)'],
    },
    linux: { verdict: 'rejects', messages: ["R0 invalid mem access 'ringbuf_mem_or_null'"] },
    report: ['Register Type Safety: Invalid dereference. R0 may be NULL here (ringbuf_mem_or_null).'],
    words: ['bpf_ringbuf_reserve returns null when the buffer is full, and no check on this path rules null out.'],
    tell: 'The pointer comes from bpf_ringbuf_reserve, and the failing access is a write.',
    related: ['NUL-01', 'REF-01'],
  },
  {
    id: 'NUL-06',
    title: 'Pointer that may be null passed to a function of the program',
    nature: 'bug',
    family: 'register',
    cause: 'The caller hands the result of a lookup to a function of its own without checking it, and the function does not check either.',
    needs: 'One check on the way, in the caller or in the function.',
    bad: `static __noinline int use(__u64 *v) { return *v & 1; }
...
return use(bpf_map_lookup_elem(&m, &k));`,
    good: `static __noinline int use(__u64 *v) { return v ? *v & 1 : 0; }
...
return use(bpf_map_lookup_elem(&m, &k));`,
    fixes: [
      { change: 'Check at the top of the function; that covers every caller.', code: 'if (!v) return 0;' },
      { change: 'Check in the caller, if the function is static; a global function is verified alone (CALL-02).' },
    ],
    prevail: {
      verdict: 'rejects',
      messages: ['8/10: Possible null access (valid_access(r1.offset, width=8) for read)'],
    },
    linux: { verdict: 'rejects', messages: ["R1 invalid mem access 'map_value_or_null'"] },
    report: ['Register Type Safety: Invalid dereference. R1 may be NULL here (map_value_or_null).'],
    words: ['it is the result of a call in the caller, which passes it on without a null check, and this function does not check it either.'],
    tell: 'The failing access is in a called function; the location shows the call before it (8/10).',
    related: ['NUL-01', 'CALL-02'],
  },
];
