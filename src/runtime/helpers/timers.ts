import { TIMER_SIZE } from '../timers.ts';
import { type HelperMaker, requireBytes, requireMap, row } from './environment.ts';

/** bpf_timer_* (kernel/bpf/helpers.c), by name. */
export const timerHelpers: Readonly<Record<string, HelperMaker>> = {
  bpf_timer_init: row('u32 u32 i64', 'i32', (e) => (timer: number, map: number, flags: bigint) => {
    requireBytes(e, timer, TIMER_SIZE, 'timer');
    return e.timers.init(e, timer, requireMap(e, map), BigInt.asUintN(64, flags));
  }),
  bpf_timer_set_callback: row('u32 u32', 'i32', (e) => (timer: number, callback: number) => {
    requireBytes(e, timer, TIMER_SIZE, 'timer');
    return e.timers.setCallback(e, timer, callback);
  }),
  bpf_timer_start: row('u32 i64 i64', 'i32', (e) => (timer: number, nanoseconds: bigint, flags: bigint) => {
    requireBytes(e, timer, TIMER_SIZE, 'timer');
    return e.timers.start(e, timer, nanoseconds, BigInt.asUintN(64, flags));
  }),
  bpf_timer_cancel: row('u32', 'i32', (e) => (timer: number) => {
    requireBytes(e, timer, TIMER_SIZE, 'timer');
    return e.timers.cancel(e, timer);
  }),
};
