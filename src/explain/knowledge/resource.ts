import type { KnowledgeEntry } from './entry.ts';

/** Things that are acquired and released: records, sockets, locks; and where calls are allowed. */
export const RESOURCE_ENTRIES: readonly KnowledgeEntry[] = [
  {
    id: 'REF-01',
    title: 'Acquired resource never released',
    nature: 'bug',
    family: 'resource',
    cause:
      'A ring-buffer record, socket or other counted object is acquired, and some path to exit neither releases nor submits it. PREVAIL does not follow resources.',
    needs: 'A release on every path after a successful acquire.',
    bad: `__u64 *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
if (!e) return 0;
*e = 1;
return 0;`,
    good: `__u64 *e = bpf_ringbuf_reserve(&rb, sizeof(*e), 0);
if (!e) return 0;
*e = 1;
bpf_ringbuf_submit(e, 0);
return 0;`,
    fixes: [
      { change: 'Submit or discard the record on every way out, early returns included.', code: 'bpf_ringbuf_discard(e, 0);', about: 'record' },
      { change: 'Release the socket on every way out after the last use, early returns included.', code: 'bpf_sk_release(sk);', about: 'socket' },
      {
        change: 'Submit or discard the dynptr on every way out, also where reserving its memory failed.',
        code: 'bpf_ringbuf_discard_dynptr(&ptr, 0);',
        about: 'dynptr',
      },
      {
        change: 'Destroy the iterator on every way out: leave the loop with break, so that the call behind it is made.',
        code: 'bpf_iter_num_destroy(&it);',
        about: 'iterator',
      },
      { change: 'Call the function that gives it back on every way out, early returns included.' },
    ],
    prevail: { verdict: 'accepts', messages: ['Unreleased reference (acquired at 4)'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'Unreleased reference id=2 alloc_insn=4 / BPF_EXIT instruction in main prog would lead to reference leak',
        'tail_call would lead to reference leak',
      ],
    },
    report: [
      'Resource Lifetime Safety: Unreleased resource. Owned resource (id=2) was acquired at instruction 4 and still needs to be released before this exit path.',
    ],
    words: ['A record acquired at instruction 4 is never released on this path.', 'ringbuf record never submitted, reference leak'],
    tell: 'The failing instruction is exit.',
    related: ['REF-02', 'NUL-05'],
  },
  {
    id: 'REF-02',
    title: 'Resource used after its release',
    nature: 'bug',
    family: 'resource',
    cause:
      'bpf_ringbuf_submit, bpf_sk_release and their like take the pointer away: every copy of it is worthless afterwards. Releasing twice, or something never acquired, is the same mistake.',
    needs: 'The last use before the release, and one release per acquire.',
    bad: `bpf_ringbuf_submit(e, 0);
return *e & 1;`,
    good: `__u64 r = *e;
bpf_ringbuf_submit(e, 0);
return r & 1;`,
    fixes: [{ change: 'Read what is still needed into a variable before the release.' }],
    prevail: { verdict: 'accepts', messages: ['Invalid type (r6.type in {ctx, stack, packet, shared, socket, alloc_mem})', 'Invalid release (r1)'] },
    linux: {
      verdict: 'rejects',
      messages: [
        "R6 invalid mem access 'scalar'",
        'R6 !read_ok',
        'R1 must be referenced when passed to release function',
        'release function expects referenced argument',
      ],
    },
    report: ['Register Type Safety: Invalid dereference. R6 is an integer scalar here. resource release invalidated this pointer.'],
    words: [
      'r6 was released earlier on this path and must not be used any more.',
      'Argument 1 of bpf_ringbuf_submit must be what was acquired and not yet released; here it is a number.',
      'use after submit, use after free, double release',
    ],
    tell: 'A call that submits or releases stands between the last good use and this one.',
    related: ['REF-01', 'PKT-04'],
  },
  {
    id: 'REF-03',
    title: 'Exit while a spin lock is held',
    nature: 'bug',
    family: 'resource',
    cause: 'Some path leaves the program between bpf_spin_lock and bpf_spin_unlock. PREVAIL does not follow locks.',
    needs: 'An unlock on every path after the lock.',
    bad: `bpf_spin_lock(&v->lock);
v->count++;
return 0;`,
    good: `bpf_spin_lock(&v->lock);
v->count++;
bpf_spin_unlock(&v->lock);
return 0;`,
    fixes: [{ change: 'Unlock before every return.', code: 'bpf_spin_unlock(&v->lock);' }],
    prevail: { verdict: 'accepts', messages: ['Exit holding a spin lock'] },
    linux: {
      verdict: 'rejects',
      messages: ['BPF_EXIT instruction in main prog cannot be used inside bpf_spin_lock-ed region', 'bpf_spin_unlock is missing'],
    },
    report: ['Resource Lifetime Safety: Lock still held at exit'],
    words: ['The program ends while it holds a spin lock.', 'missing unlock'],
    tell: 'The failing instruction is exit, and a lock was taken.',
    related: ['REF-04', 'REF-01'],
  },
  {
    id: 'REF-04',
    title: 'Spin lock used in the wrong order',
    nature: 'bug',
    family: 'resource',
    cause:
      'A lock is taken while one is held, released without being held, released in another order than taken, or a helper is called while it is held.',
    needs: 'One lock at a time, released before the next is taken; no calls in between.',
    bad: `bpf_spin_lock(&a->lock);
bpf_spin_lock(&b->lock);`,
    good: `bpf_spin_lock(&a->lock);
...
bpf_spin_unlock(&a->lock);
bpf_spin_lock(&b->lock);`,
    fixes: [
      { change: 'Make helper calls before the lock is taken and keep their results in variables.' },
      { change: 'Release the first lock before taking the second.' },
    ],
    prevail: { verdict: 'accepts', messages: ['Invalid spin lock operation (a lock is already held)'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'Locking two bpf_spin_locks are not allowed',
        'bpf_spin_unlock without taking a lock',
        'bpf_spin_unlock of different lock',
        'bpf_res_spin_unlock cannot be out of order',
        'function calls are not allowed while holding a lock',
        'helper call is not allowed inside bpf_spin_lock-ed region',
      ],
    },
    report: [
      'Resource Lifetime Safety: Unlock out of order. Locks must be released in last-in, first-out order.',
      'Resource Lifetime Safety: IRQ flag restore out of order',
    ],
    words: ['two locks held at once, unlock of a lock that is not held'],
    tell: 'The failing instruction is a call of a lock helper, or a call while a lock is held.',
    related: ['REF-03', 'EXE-01'],
  },
  {
    id: 'EXE-01',
    title: 'Operation not allowed in this execution context',
    nature: 'rule',
    family: 'execution',
    cause:
      'Some operations may sleep, or need an RCU read section, and the code runs where that is not possible: with preemption or interrupts disabled, inside a lock, or in a program that cannot sleep. Linux only.',
    needs: 'The operation outside the region, or inside the region that it requires.',
    bad: `bpf_preempt_disable();
bpf_copy_from_user(&data, sizeof(data), src);
bpf_preempt_enable();`,
    good: `bpf_copy_from_user(&data, sizeof(data), src);
bpf_preempt_disable();
...
bpf_preempt_enable();`,
    fixes: [
      { change: 'Move the call out of the region.' },
      { change: 'Declare the program sleepable where its type allows it.', code: 'SEC("lsm.s/...")' },
    ],
    prevail: { verdict: 'accepts', messages: [] },
    linux: {
      verdict: 'rejects',
      messages: [
        'sleepable helper bpf_copy_from_user#148 in non-preemptible region',
        'sleepable global function helper_a() called in IRQ-disabled region',
        'sleepable helper in rcu_read_lock region',
        'unmatched attempt to enable preemption',
        'BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region',
      ],
    },
    report: [
      'Execution Context Safety: Operation is not allowed in this context. This path is still inside an active non-preemptible region (depth 1).',
      'Execution Context Safety: Required context is not active',
      'Execution Context Safety: Unmatched context exit',
    ],
    words: ['may sleep, preemption disabled, IRQ disabled, RCU read lock region'],
    tell: 'The message names a region.',
    related: ['REF-03', 'REF-04'],
  },
  {
    id: 'OBJ-01',
    title: 'Special field or stack object touched directly',
    nature: 'bug',
    family: 'memory',
    cause:
      'Spin locks, timers, kernel pointers, lists and trees in map values, and dynptrs and iterators on the stack, belong to the kernel; a plain load or store would corrupt them or give kernel addresses away. Linux only.',
    needs: 'Access by the helpers of that kind alone, at the exact place where the type puts the field.',
    bad: `struct value { int count; struct bpf_spin_lock lock; };
v->lock.val = 0;`,
    good: `struct value { int count; struct bpf_spin_lock lock; };
bpf_spin_lock(&v->lock);
v->count++;
bpf_spin_unlock(&v->lock);`,
    fixes: [
      { change: 'Use the helpers of the field instead of reading or writing its bytes.' },
      { change: 'Copy single members of the value instead of the whole value.' },
      { change: 'Give back what the dynptr or iterator holds before its stack bytes are used for something else.' },
    ],
    prevail: { verdict: 'accepts', messages: ['Access to a special field (valid_access(r1.offset+4, width=4) for write)'] },
    linux: {
      verdict: 'rejects',
      messages: [
        'bpf_spin_lock cannot be accessed directly by load/store',
        'bpf_timer cannot be accessed directly by load/store',
        'kptr cannot be accessed indirectly by helper',
        'kptr access cannot have variable offset',
        'store to referenced kptr disallowed',
        'cannot overwrite referenced dynptr',
        'expected an initialized iter_num as arg #0',
        "off 4 doesn't point to 'struct bpf_spin_lock' that is at 0",
      ],
    },
    report: [],
    words: [
      'which only helpers may touch',
      'which only its own functions may touch',
      'kptr, bpf_timer, bpf_wq, bpf_list_head, bpf_rb_root, dynptr, iterator',
    ],
    tell: 'The access overlaps a field whose C type is one of the kernel, or stack bytes that a kernel function initialised.',
    related: ['REF-04', 'REF-02'],
  },
];
