/** Helpers that most program types share: maps, time, processors, ring buffers, locks, timers, callbacks, dynptrs, strings (kernel/bpf/helpers.c, ringbuf.c, core.c). */
import {
  alignedWrite,
  answer,
  anything,
  between,
  callback,
  callbackContext,
  constString,
  context,
  dynptr,
  helper,
  i32,
  kernelOrNull,
  kernelResult,
  kptr,
  map,
  mapKey,
  mapValue,
  mapValueOut,
  memoryOrNull,
  newDynptr,
  nothing,
  number,
  onMaps,
  perCpu,
  readable,
  readableOrNull,
  record,
  recordSize,
  size,
  sizeOrZero,
  spinLock,
  status,
  timer,
  u32,
  valueOrNull,
  writable,
  writableOrNull,
} from '../../rows.ts';

const continueOrStop = { min: 0, max: 1 };
const zero = { min: 0, max: 0 };
/** BPF_MAX_LOOPS. */
const MAX_LOOPS = 1 << 23;
const ringbuf = onMaps('ringbuf');
/** NR_CPUS has no smaller bound that holds on every host. */
const processorId = between(0, 0x7fff_ffff);
/** What check_map_func_compatibility leaves of the generic operations (sockets only where may_update_sockmap agrees). */
const updatable = onMaps('hash', 'array', 'lpm_trie', 'sockmap', 'sockhash');
const readableMaps = onMaps('hash', 'array', 'lpm_trie', 'map_of_maps_array', 'map_of_maps_hash', 'devmap', 'xskmap', 'sockmap', 'sockhash');
const queues = onMaps('queue', 'stack', 'bloom_filter');

export const coreHelpers = [
  helper(1, 'bpf_map_lookup_elem', valueOrNull, [map, mapKey], readableMaps),
  helper(2, 'bpf_map_update_elem', status, [map, mapKey, mapValue, anything], updatable),
  helper(3, 'bpf_map_delete_elem', status, [map, mapKey], updatable),
  helper(5, 'bpf_ktime_get_ns', number, []),
  /** Takes up to three values more, in r3 to r5; the host checks none of them. */
  helper(6, 'bpf_trace_printk', i32, [readable, size], { gplOnly: true }),
  helper(7, 'bpf_get_prandom_u32', u32, []),
  helper(8, 'bpf_get_smp_processor_id', processorId, []),
  helper(12, 'bpf_tail_call', number, [context, map, anything], onMaps('prog_array')),
  helper(42, 'bpf_get_numa_node_id', i32, []),
  helper(87, 'bpf_map_push_elem', status, [map, mapValue, anything], queues),
  helper(88, 'bpf_map_pop_elem', status, [map, mapValueOut], onMaps('queue', 'stack')),
  helper(89, 'bpf_map_peek_elem', status, [map, mapValueOut], queues),
  helper(93, 'bpf_spin_lock', nothing, [spinLock]),
  helper(94, 'bpf_spin_unlock', nothing, [spinLock]),
  helper(105, 'bpf_strtol', i32, [readable, size, anything, alignedWrite(8)]),
  helper(106, 'bpf_strtoul', i32, [readable, size, anything, alignedWrite(8)]),
  helper(118, 'bpf_jiffies64', number, []),
  helper(125, 'bpf_ktime_get_boot_ns', number, []),
  helper(130, 'bpf_ringbuf_output', status, [map, readable, sizeOrZero, anything], ringbuf),
  helper(131, 'bpf_ringbuf_reserve', memoryOrNull, [map, recordSize, anything], { ...ringbuf, acquires: true }),
  helper(132, 'bpf_ringbuf_submit', nothing, [record, anything], { releases: 0 }),
  helper(133, 'bpf_ringbuf_discard', nothing, [record, anything], { releases: 0 }),
  helper(134, 'bpf_ringbuf_query', number, [map, anything], ringbuf),
  helper(153, 'bpf_per_cpu_ptr', kernelResult('', true), [perCpu, anything]),
  helper(154, 'bpf_this_cpu_ptr', kernelResult('', false), [perCpu]),
  helper(160, 'bpf_ktime_get_coarse_ns', number, []),
  helper(164, 'bpf_for_each_map_elem', number, [map, callback, callbackContext, anything], {
    ...onMaps('hash', 'array'),
    callback: ['map', 'map_key', 'map_value', 'callback_context'],
    callbackReturns: continueOrStop,
  }),
  helper(165, 'bpf_snprintf', i32, [writableOrNull, sizeOrZero, constString, readableOrNull, sizeOrZero], { gplOnly: true }),
  helper(169, 'bpf_timer_init', status, [timer, map, anything], { gplOnly: true, ...onMaps('hash', 'array') }),
  helper(170, 'bpf_timer_set_callback', status, [timer, callback], {
    gplOnly: true,
    callback: ['map', 'map_key', 'map_value'],
    callbackReturns: zero,
  }),
  helper(171, 'bpf_timer_start', status, [timer, anything, anything], { gplOnly: true }),
  helper(172, 'bpf_timer_cancel', answer, [timer], { gplOnly: true }),
  helper(177, 'bpf_trace_vprintk', i32, [readable, size, readableOrNull, sizeOrZero], { gplOnly: true }),
  helper(181, 'bpf_loop', between(-4095, MAX_LOOPS), [anything, callback, callbackContext, anything], {
    callback: ['number', 'callback_context'],
    callbackReturns: continueOrStop,
  }),
  helper(182, 'bpf_strncmp', i32, [readable, size, constString]),
  helper(194, 'bpf_kptr_xchg', kernelResult('', true), [kptr, kernelOrNull('')], { acquires: true, releases: 1 }),
  helper(195, 'bpf_map_lookup_percpu_elem', valueOrNull, [map, mapKey, anything], { ...onMaps('hash', 'array'), perCpuOnly: true }),
  helper(197, 'bpf_dynptr_from_mem', status, [{ ...writable, inMapValue: true }, sizeOrZero, anything, newDynptr]),
  helper(198, 'bpf_ringbuf_reserve_dynptr', status, [map, anything, anything, newDynptr], { ...ringbuf, acquires: true }),
  helper(199, 'bpf_ringbuf_submit_dynptr', nothing, [dynptr, anything], { releases: 0 }),
  helper(200, 'bpf_ringbuf_discard_dynptr', nothing, [dynptr, anything], { releases: 0 }),
  helper(201, 'bpf_dynptr_read', status, [writable, sizeOrZero, dynptr, anything, anything]),
  helper(202, 'bpf_dynptr_write', status, [dynptr, anything, readable, sizeOrZero, anything]),
  helper(203, 'bpf_dynptr_data', memoryOrNull, [dynptr, anything, recordSize]),
  helper(208, 'bpf_ktime_get_tai_ns', number, []),
  helper(209, 'bpf_user_ringbuf_drain', number, [map, callback, callbackContext, anything], {
    ...onMaps('user_ringbuf'),
    callback: ['dynptr', 'callback_context'],
    callbackReturns: continueOrStop,
  }),
];
