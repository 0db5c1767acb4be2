/** Programs that would misuse what the kernel lends them (sockets, records, iterators, locks, packets), each as small as it gets, and neighbours that do not. */
import { describe, expect, it } from 'vitest';
import type { BtfType } from '../../src/object/btf.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { type TextMap, verifyText } from './program-text.ts';

interface Row {
  readonly name: string;
  readonly type: string;
  /** Check that must fail, whatever the precision. */
  readonly finds?: string;
  readonly text: string;
}

const VALUE = 4;

const TYPES: readonly BtfType[] = [
  { kind: 'int', name: 'unsigned int', size: 4, bits: 32, bitOffset: 0, signed: false, char: false, bool: false },
  { kind: 'struct', name: 'bpf_spin_lock', size: 4, members: [{ name: 'val', type: 1, bitOffset: 0, bitSize: 0 }] },
  { kind: 'struct', name: 'bpf_timer', size: 16, members: [] },
  {
    kind: 'struct',
    name: 'value',
    size: 32,
    members: [
      { name: 'count', type: 1, bitOffset: 0, bitSize: 0 },
      { name: 'lock', type: 2, bitOffset: 32, bitSize: 0 },
      { name: 'timer', type: 3, bitOffset: 64, bitSize: 0 },
    ],
  },
];

const MAPS: readonly TextMap[] = [
  { name: 'a', type: 'array', key: 4, value: 64 },
  { name: 'rb', type: 'ringbuf', key: 0, value: 0 },
  { name: 'urb', type: 'user_ringbuf', key: 0, value: 0 },
  { name: 'progs', type: 'prog_array', key: 4, value: 4 },
  { name: 'sm', type: 'sockmap', key: 4, value: 4 },
  { name: 't', type: 'array', key: 4, value: 32, valueType: VALUE },
  { name: 't2', type: 'array', key: 4, value: 32, valueType: VALUE },
];

const REJECTED: readonly Row[] = [
  {
    name: 'join of held socket and ctx socket, release copy',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r6 = r1
      r1 = 0
      *(u64 *)(r10 - 16) = r1
      *(u32 *)(r10 - 8) = r1
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 12
      r4 = 0
      r5 = 0
      call bpf_sk_lookup_tcp
      if r0 != 0 goto <got>
      r0 = 0
      exit
    got:
      r7 = r0
      r8 = r0
      r1 = *(u32 *)(r6 + 8)
      if r1 == 5 goto <join>
      r8 = *(u64 *)(r6 + 168)
      if r8 != 0 goto <fs>
      goto <rel>
    fs:
      r1 = r8
      call bpf_sk_fullsock
      r8 = r0
      if r8 != 0 goto <join>
    rel:
      r1 = r7
      call bpf_sk_release
      r0 = 0
      exit
    join:
      r1 = r7
      call bpf_sk_release
      r0 = *(u32 *)(r8 + 4)
      r0 = 0
      exit`,
  },
  {
    name: 'tail call in a subprogram moves the packet',
    type: 'sched_cls',
    finds: 'stale_packet',
    text: `
      r6 = r1
      r7 = *(u32 *)(r6 + 76)
      r8 = *(u32 *)(r6 + 80)
      r1 = r7
      r1 += 14
      if r1 > r8 goto <out>
      r1 = r6
      call <sub>
      r0 = *(u8 *)(r7 + 0)
    out:
      r0 = 0
      exit
    sub:
      r2 = map progs
      r3 = 0
      call bpf_tail_call
      r0 = 0
      exit`,
  },
  {
    name: 'old length guards the new packet',
    type: 'xdp',
    finds: 'packet_upper',
    text: `
      r6 = r1
      r2 = *(u32 *)(r6 + 0)
      r3 = *(u32 *)(r6 + 4)
      r9 = *(u32 *)(r6 + 12)
      r9 &= 63
      r4 = r2
      r4 += r9
      r7 = r3
      r7 -= r4
      r1 = r6
      r2 = -20
      call bpf_xdp_adjust_tail
      if r7 s< 40 goto <out>
      r2 = *(u32 *)(r6 + 0)
      r2 += r9
      r0 = *(u64 *)(r2 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'infinite loop hidden behind a callback',
    type: 'xdp',
    finds: 'loop_unbounded',
    text: `
      r6 = 0
      *(u64 *)(r10 - 8) = r6
    head:
      r1 = *(u64 *)(r10 - 8)
      if r1 > 10 goto <out>
      r1 += 1
      *(u64 *)(r10 - 8) = r1
      r1 = 1
      r2 = &cb
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_loop
      goto <head>
    out:
      r0 = 0
      exit
    cb:
      r1 = 0
      *(u64 *)(r2 + 0) = r1
      r0 = 0
      exit`,
  },
  {
    name: 'callback by name of the helper is not verified',
    type: 'xdp',
    finds: 'unsupported',
    text: `
      r1 = 1
      r2 = &cb
      r3 = 0
      r4 = 0
      extern bpf_loop
      r0 = 0
      exit
    cb:
      r1 = 0
      r0 = *(u64 *)(r1 + 0)
      exit`,
  },
  {
    name: 'callback by callx',
    type: 'xdp',
    finds: 'unsupported',
    text: `
      r1 = 1
      r2 = &cb
      r3 = 0
      r4 = 0
      r6 = 181
      callx r6
      r0 = 0
      exit
    cb:
      r1 = 0
      r0 = *(u64 *)(r1 + 0)
      exit`,
  },
  {
    name: 'jumbo packets are no dead code',
    type: 'sched_cls',
    finds: 'null_access',
    text: `
      r2 = *(u32 *)(r1 + 76)
      r3 = *(u32 *)(r1 + 80)
      r2 += 70000
      if r2 > r3 goto <out>
      r1 = 0
      r0 = *(u64 *)(r1 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'reference per callback turn',
    type: 'sched_cls',
    finds: 'reference_leak',
    text: `
      r1 = 4
      r2 = &cb
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 0
      exit
    cb:
      r1 = map rb
      r2 = 8
      r3 = 0
      call bpf_ringbuf_reserve
      r0 = 0
      exit`,
  },
  {
    name: 'timer initialised with another map',
    type: 'sched_cls',
    finds: 'argument_type',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r1 = r0
      r1 += 8
      r2 = map t2
      r3 = 0
      call bpf_timer_init
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'combined stack through a callback',
    type: 'sched_cls',
    finds: 'combined_stack',
    text: `
      r1 = 0
      *(u64 *)(r10 - 400) = r1
      r1 = 4
      r2 = &cb
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 0
      exit
    cb:
      r1 = 0
      *(u64 *)(r10 - 400) = r1
      r0 = 0
      exit`,
  },
  {
    name: 'key of an array escapes from its callback',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r6 = r10
      r6 += -8
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r1 = map a
      r2 = &cb
      r3 = r6
      r4 = 0
      call bpf_for_each_map_elem
      r1 = *(u64 *)(r10 - 8)
      if r1 == 0 goto <out>
      r0 = *(u32 *)(r1 + 0)
    out:
      r0 = 0
      exit
    cb:
      *(u64 *)(r4 + 0) = r2
      r0 = 0
      exit`,
  },
  {
    name: 'store into spin lock by variable offset',
    type: 'sched_cls',
    finds: 'special_field',
    text: `
      r6 = *(u32 *)(r1 + 8)
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r6 &= 4
      r0 += r6
      r1 = 1
      *(u32 *)(r0 + 0) = r1
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'iterator leak',
    type: 'raw_tracepoint',
    finds: 'reference_leak',
    text: `
      r1 = r10
      r1 += -8
      r2 = 0
      r3 = 5
      kfunc bpf_iter_num_new
      r0 = 0
      exit`,
  },
  {
    name: 'loop that makes its iterator anew',
    type: 'raw_tracepoint',
    finds: 'infinite_loop',
    text: `
      r6 = r10
      r6 += -8
    head:
      r1 = r6
      r2 = 0
      r3 = 5
      kfunc bpf_iter_num_new
      r1 = r6
      kfunc bpf_iter_num_next
      r7 = r0
      r1 = r6
      kfunc bpf_iter_num_destroy
      if r7 != 0 goto <head>
      r0 = 0
      exit`,
  },
  {
    name: 'iterator overwritten in part',
    type: 'raw_tracepoint',
    finds: 'stack_object',
    text: `
      r6 = r10
      r6 += -16
      r7 = 0
      *(u64 *)(r10 - 24) = r7
      r1 = r6
      r2 = r10
      r2 += -24
      r3 = 1
      kfunc bpf_iter_bits_new
      r7 = 1
      *(u64 *)(r10 - 8) = r7
      r1 = r6
      kfunc bpf_iter_bits_destroy
      r0 = 0
      exit`,
  },
  {
    name: 'dividend survives a division by zero',
    type: 'sched_cls',
    finds: 'map_value_upper',
    text: `
      r6 = *(u32 *)(r1 + 8)
      r7 = *(u32 *)(r1 + 0)
      r7 &= 7
      r6 %= r7
      r1 = value a
      r1 += r6
      r0 = *(u8 *)(r1 + 0)
      r0 = 0
      exit`,
  },
  {
    name: "callee moves the packet under the caller's spilled pointer",
    type: 'sched_cls',
    finds: 'stale_packet',
    text: `
      r6 = r1
      r7 = *(u32 *)(r6 + 76)
      r8 = *(u32 *)(r6 + 80)
      r1 = r7
      r1 += 14
      if r1 > r8 goto <out>
      *(u64 *)(r10 - 8) = r7
      r1 = r6
      call <sub>
      r7 = *(u64 *)(r10 - 8)
      r0 = *(u8 *)(r7 + 0)
    out:
      r0 = 0
      exit
    sub:
      r2 = 20
      call bpf_skb_pull_data
      r0 = 0
      exit`,
  },
  {
    name: 'half a pointer overwritten',
    type: 'sched_cls',
    finds: 'stack_not_numeric',
    text: `
      r1 = r10
      *(u64 *)(r10 - 8) = r1
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = *(u64 *)(r10 - 8)
      r0 = *(u8 *)(r1 - 1)
      r0 = 0
      exit`,
  },
  {
    name: 'variable store over a spilled pointer',
    type: 'sched_cls',
    finds: 'stack_not_numeric',
    text: `
      r6 = *(u32 *)(r1 + 8)
      r6 &= 8
      r1 = r10
      r1 += -16
      *(u64 *)(r10 - 8) = r1
      *(u64 *)(r10 - 16) = r1
      r2 = r10
      r2 += -16
      r2 += r6
      r3 = 5
      *(u64 *)(r2 + 0) = r3
      r1 = *(u64 *)(r10 - 8)
      r0 = *(u8 *)(r1 + 0)
      r0 = 0
      exit`,
  },
  {
    name: "pointer to a callee's frame",
    type: 'sched_cls',
    finds: 'register_uninitialised',
    text: `
      call <sub>
      r0 = *(u8 *)(r0 - 1)
      r0 = 0
      exit
    sub:
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r0 = r10
      exit`,
  },
  {
    name: "callee leaves its frame in the caller's",
    type: 'sched_cls',
    finds: 'register_uninitialised',
    text: `
      r1 = r10
      r1 += -8
      r2 = 0
      *(u64 *)(r10 - 8) = r2
      call <sub>
      r1 = *(u64 *)(r10 - 8)
      r0 = *(u8 *)(r1 - 1)
      r0 = 0
      exit
    sub:
      r2 = 0
      *(u64 *)(r10 - 8) = r2
      *(u64 *)(r1 + 0) = r10
      r0 = 0
      exit`,
  },
  {
    name: 'metadata without a check',
    type: 'xdp',
    finds: 'packet_lower',
    text: `
      r2 = *(u32 *)(r1 + 0)
      r0 = *(u32 *)(r2 - 4)
      r0 = 0
      exit`,
  },
  {
    name: 'old metadata after bpf_xdp_adjust_meta',
    type: 'xdp',
    finds: 'stale_packet',
    text: `
      r6 = r1
      r7 = *(u32 *)(r6 + 8)
      r8 = *(u32 *)(r6 + 0)
      r1 = r7
      r1 += 4
      if r1 > r8 goto <out>
      r1 = r6
      r2 = 4
      call bpf_xdp_adjust_meta
      r0 = *(u32 *)(r7 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'callback result out of range',
    type: 'sched_cls',
    finds: 'callback_return',
    text: `
      r1 = 4
      r2 = &cb
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 0
      exit
    cb:
      r0 = 2
      exit`,
  },
  {
    name: "caller's counter changed by a callback",
    type: 'sched_cls',
    finds: 'map_value_upper',
    text: `
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r1 = 4
      r2 = &cb
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_loop
      r6 = *(u64 *)(r10 - 8)
      r1 = value a
      r1 += r6
      r0 = *(u8 *)(r1 + 0)
      r0 = 0
      exit
    cb:
      r1 = 1000
      *(u64 *)(r2 + 0) = r1
      r0 = 0
      exit`,
  },
  {
    name: "callback grows a counter in the caller's frame",
    type: 'sched_cls',
    finds: 'map_value_lower',
    text: `
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r1 = 400
      r2 = &cb
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_loop
      r6 = *(u64 *)(r10 - 8)
      r1 = value a
      r1 += r6
      r0 = *(u8 *)(r1 + 0)
      r0 = 0
      exit
    cb:
      r1 = *(u64 *)(r2 + 0)
      r1 += 1
      *(u64 *)(r2 + 0) = r1
      r0 = 0
      exit`,
  },
  {
    name: 'lock left by a callee',
    type: 'sched_cls',
    finds: 'lock_held',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r1 = r0
      r1 += 4
      call <sub>
    out:
      r0 = 0
      exit
    sub:
      call bpf_spin_lock
      r0 = 0
      exit`,
  },
  {
    name: 'lock of another element given back',
    type: 'sched_cls',
    finds: 'lock_state',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r6 = r0
      r6 += 4
      r1 = 1
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r7 = r0
      r7 += 4
      r1 = r6
      call bpf_spin_lock
      r1 = r7
      call bpf_spin_unlock
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'socket released by an address within it',
    type: 'sched_cls',
    finds: 'release_argument',
    text: `
      r6 = r1
      r1 = 0
      *(u64 *)(r10 - 16) = r1
      *(u32 *)(r10 - 8) = r1
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 12
      r4 = 0
      r5 = 0
      call bpf_sk_lookup_tcp
      if r0 == 0 goto <out>
      r1 = r0
      r1 += 4
      call bpf_sk_release
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'what was cast from a released socket',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r6 = r1
      r1 = 0
      *(u64 *)(r10 - 16) = r1
      *(u32 *)(r10 - 8) = r1
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 12
      r4 = 0
      r5 = 0
      call bpf_sk_lookup_tcp
      if r0 == 0 goto <out>
      r7 = r0
      r1 = r0
      call bpf_tcp_sock
      r8 = r0
      r1 = r7
      call bpf_sk_release
      if r8 == 0 goto <out>
      r0 = *(u32 *)(r8 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'socket found in a map is not released',
    type: 'sk_skb',
    finds: 'reference_leak',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map sm
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      r0 = 0
      exit`,
  },
  {
    name: 'exception with a record',
    type: 'sched_cls',
    finds: 'reference_leak',
    text: `
      r1 = map rb
      r2 = 8
      r3 = 0
      call bpf_ringbuf_reserve
      if r0 == 0 goto <out>
      r1 = 5
      kfunc bpf_throw
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'exit with preemption disabled',
    type: 'sched_cls',
    finds: 'region_open',
    text: `
      kfunc bpf_preempt_disable
      r0 = 0
      exit`,
  },
  {
    name: 'RCU section left by the wrong end',
    type: 'sched_cls',
    finds: 'lock_state',
    text: `
      kfunc bpf_preempt_disable
      kfunc bpf_rcu_read_unlock
      r0 = 0
      exit`,
  },
  {
    name: 'signed load of a packet pointer',
    type: 'xdp',
    finds: 'context_field',
    text: `
      r2 = *(s32 *)(r1 + 0)
      r0 = 0
      exit`,
  },
  {
    name: 'misaligned atomic operation',
    type: 'sched_cls',
    finds: 'misaligned',
    text: `
      r2 = value a
      r1 = 1
      lock *(u64 *)(r2 + 4) += r1
      r0 = 0
      exit`,
  },
  {
    name: 'slice after the packet moved',
    type: 'sched_cls',
    finds: 'stale_packet',
    text: `
      r6 = r1
      r2 = 0
      r3 = r10
      r3 += -16
      kfunc bpf_dynptr_from_skb
      r1 = 0
      *(u64 *)(r10 - 24) = r1
      r1 = r10
      r1 += -16
      r2 = 0
      r3 = r10
      r3 += -24
      r4 = 8
      kfunc bpf_dynptr_slice
      if r0 == 0 goto <out>
      r7 = r0
      r1 = r6
      r2 = 20
      call bpf_skb_pull_data
      r0 = *(u8 *)(r7 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'write through a read-only slice',
    type: 'sched_cls',
    finds: 'read_only',
    text: `
      r2 = 0
      r3 = r10
      r3 += -16
      kfunc bpf_dynptr_from_skb
      r1 = 0
      *(u64 *)(r10 - 24) = r1
      r1 = r10
      r1 += -16
      r2 = 0
      r3 = r10
      r3 += -24
      r4 = 8
      kfunc bpf_dynptr_slice
      if r0 == 0 goto <out>
      r1 = 0
      *(u8 *)(r0 + 0) = r1
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'slice larger than its buffer',
    type: 'sched_cls',
    finds: 'argument_type',
    text: `
      r2 = 0
      r3 = r10
      r3 += -16
      kfunc bpf_dynptr_from_skb
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r1 = r10
      r1 += -16
      r2 = 0
      r3 = value a
      r4 = 80
      kfunc bpf_dynptr_slice
      r0 = 0
      exit`,
  },
  {
    name: 'slice of a record that was submitted',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r1 = map rb
      r2 = 64
      r3 = 0
      r4 = r10
      r4 += -16
      call bpf_ringbuf_reserve_dynptr
      r1 = r10
      r1 += -16
      r2 = 0
      r3 = 8
      call bpf_dynptr_data
      r6 = r0
      r1 = r10
      r1 += -16
      r2 = 0
      call bpf_ringbuf_submit_dynptr
      if r6 == 0 goto <out>
      r0 = *(u8 *)(r6 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'slice of a clone of a record that was submitted',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r1 = map rb
      r2 = 64
      r3 = 0
      r4 = r10
      r4 += -16
      call bpf_ringbuf_reserve_dynptr
      r1 = r10
      r1 += -16
      r2 = r10
      r2 += -32
      kfunc bpf_dynptr_clone
      r1 = r10
      r1 += -32
      r2 = 0
      r3 = 8
      call bpf_dynptr_data
      r6 = r0
      r1 = r10
      r1 += -16
      r2 = 0
      call bpf_ringbuf_submit_dynptr
      if r6 == 0 goto <out>
      r0 = *(u8 *)(r6 + 0)
    out:
      r0 = 0
      exit`,
  },
  {
    name: "slice kept from a drain's callback",
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      r1 = map urb
      r2 = &cb
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_user_ringbuf_drain
      r1 = *(u64 *)(r10 - 8)
      if r1 == 0 goto <out>
      r0 = *(u8 *)(r1 + 0)
    out:
      r0 = 0
      exit
    cb:
      r6 = r2
      r2 = 0
      r3 = 8
      call bpf_dynptr_data
      if r0 == 0 goto <no>
      *(u64 *)(r6 + 0) = r0
    no:
      r0 = 0
      exit`,
  },
  {
    name: 'stack object of a callee used by its caller',
    type: 'sched_cls',
    finds: 'stack_object',
    text: `
      r1 = r10
      r1 += -16
      call <sub>
      r1 = *(u64 *)(r10 - 16)
      r0 = 0
      exit
    sub:
      r4 = r1
      r1 = map rb
      r2 = 64
      r3 = 0
      call bpf_ringbuf_reserve_dynptr
      r0 = 0
      exit`,
  },
  {
    name: 'task given back as a cgroup',
    type: 'sched_cls',
    finds: 'argument_type',
    text: `
      r1 = 1
      kfunc bpf_task_from_pid
      if r0 == 0 goto <out>
      r1 = r0
      kfunc bpf_cgroup_release
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'division by constant zero',
    type: 'sched_cls',
    finds: 'division_by_zero',
    text: `
      r0 = 5
      r0 /= 0
      r0 = 0
      exit`,
  },
  {
    name: 'loop counted in a stack slot that a store may hit',
    type: 'sched_cls',
    finds: 'infinite_loop',
    text: `
      r6 = *(u32 *)(r1 + 8)
      r6 &= 8
      r1 = 0
      *(u64 *)(r10 - 8) = r1
      *(u64 *)(r10 - 16) = r1
      r7 = 0
    head:
      r1 = *(u64 *)(r10 - 8)
      r1 += 1
      *(u64 *)(r10 - 8) = r1
      if r1 > 10 goto <out>
      r2 = r10
      r2 += -16
      r2 += r6
      *(u64 *)(r2 + 0) = r7
      goto <head>
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'recursion through a callback',
    type: 'sched_cls',
    finds: 'call_depth',
    text: `
      r1 = 4
      r2 = &cb
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 0
      exit
    cb:
      r1 = 4
      r2 = &cb
      r3 = 0
      r4 = 0
      call bpf_loop
      r0 = 0
      exit`,
  },
  {
    name: 'record used after a callback gave it back',
    type: 'sched_cls',
    finds: 'use_after_release',
    text: `
      r1 = map rb
      r2 = 8
      r3 = 0
      call bpf_ringbuf_reserve
      if r0 == 0 goto <out>
      r6 = r0
      *(u64 *)(r10 - 8) = r0
      r1 = 1
      r2 = &cb
      r3 = r10
      r3 += -8
      r4 = 0
      call bpf_loop
      r1 = r6
      r2 = 0
      call bpf_ringbuf_submit
    out:
      r0 = 0
      exit
    cb:
      r1 = *(u64 *)(r2 + 0)
      r2 = 0
      call bpf_ringbuf_submit
      r0 = 1
      exit`,
  },
];

const ACCEPTED: readonly Row[] = [
  {
    name: 'timer initialised with its map',
    type: 'sched_cls',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r1 = r0
      r1 += 8
      r2 = map t
      r3 = 0
      call bpf_timer_init
    out:
      r0 = 0
      exit`,
  },
  {
    name: 'iterator loop',
    type: 'raw_tracepoint',
    text: `
      r6 = r10
      r6 += -8
      r1 = r6
      r2 = 0
      r3 = 5
      kfunc bpf_iter_num_new
    head:
      r1 = r6
      kfunc bpf_iter_num_next
      if r0 == 0 goto <done>
      r1 = *(u32 *)(r0 + 0)
      goto <head>
    done:
      r1 = r6
      kfunc bpf_iter_num_destroy
      r0 = 0
      exit`,
  },
  {
    name: 'lock left by a callee and given back',
    type: 'sched_cls',
    text: `
      r1 = 0
      *(u32 *)(r10 - 4) = r1
      r1 = map t
      r2 = r10
      r2 += -4
      call bpf_map_lookup_elem
      if r0 == 0 goto <out>
      r6 = r0
      r6 += 4
      r1 = r6
      call <sub>
      r1 = r6
      call bpf_spin_unlock
    out:
      r0 = 0
      exit
    sub:
      call bpf_spin_lock
      r0 = 0
      exit`,
  },
  {
    name: 'release of what was cast from a socket',
    type: 'sched_cls',
    text: `
      r6 = r1
      r1 = 0
      *(u64 *)(r10 - 16) = r1
      *(u32 *)(r10 - 8) = r1
      r1 = r6
      r2 = r10
      r2 += -16
      r3 = 12
      r4 = 0
      r5 = 0
      call bpf_sk_lookup_tcp
      if r0 == 0 goto <out>
      r7 = r0
      r1 = r0
      call bpf_tcp_sock
      if r0 == 0 goto <rel>
      r1 = r0
      call bpf_sk_release
      r0 = 0
      exit
    rel:
      r1 = r7
      call bpf_sk_release
    out:
      r0 = 0
      exit`,
  },
];

const sourceOf = ({ type, text }: Row) => ({ platform: linux, type, maps: MAPS, types: TYPES, text });

describe('misuse is found at every precision', () => {
  it.each(REJECTED.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const report = verifyText(sourceOf(row));
    expect(report.failures.map(({ check }) => check.kind)).toContain(row.finds);
    for (const precision of [1, 4, 32]) expect(verifyText(sourceOf(row), precision).verdict, `precision ${precision}`).toBe('rejected');
  });
});

describe('what is given back in time passes', () => {
  it.each(ACCEPTED.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const report = verifyText(sourceOf(row));
    expect(report.failures.map(({ message }) => message)).toEqual([]);
    expect(report.verdict).toBe('accepted');
  });
});
