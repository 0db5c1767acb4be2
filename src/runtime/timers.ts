import type { HelperEnvironment } from './helpers/environment.ts';
import { thrownResult } from './helpers/objects.ts';
import type { BpfMap } from './maps/map.ts';
import { Errno } from './result.ts';

/** struct bpf_timer: 16 bytes in a map value; the first word holds the number that the timer has here, 0 before bpf_timer_init. */
export const TIMER_SIZE = 16;

/** CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME. */
const clocks: ReadonlyMap<number, (environment: HelperEnvironment) => bigint> = new Map([
  [0, ({ host }: HelperEnvironment) => host.wallClock()],
  [1, ({ host }: HelperEnvironment) => host.monotonic()],
  [7, ({ host }: HelperEnvironment) => host.boot()],
]);
/** BPF_F_TIMER_ABS and BPF_F_TIMER_CPU_PIN. */
const ABSOLUTE = 1n;
const START_FLAGS = 3n;

type Invoke = (address: number, ...registers: bigint[]) => bigint;

interface Timer {
  readonly address: number;
  readonly map: BpfMap;
  readonly now: (environment: HelperEnvironment) => bigint;
  readonly programName: string;
  readonly programType: string;
  callback: { readonly slot: number; readonly invoke: Invoke } | undefined;
  /** Nanoseconds on its clock; undefined: not started. */
  due: bigint | undefined;
}

/**
 * The timers that programs keep in map values. Nothing interrupts a program here: whoever ran one calls `fire` afterwards, and then the
 * callbacks of those that are due run, oldest first.
 */
export class TimerQueue {
  readonly #timers = new Map<number, Timer>();
  #next = 1;
  #running: Timer | undefined;

  /** Number of started timers. */
  get pending(): number {
    let count = 0;
    for (const { due } of this.#timers.values()) if (due !== undefined) count++;
    return count;
  }

  /** bpf_timer_init: 0, -EINVAL for an unknown clock, -EBUSY for a second time. */
  init(environment: HelperEnvironment, address: number, map: BpfMap, flags: bigint): number {
    const now = clocks.get(Number(flags & 0xfn));
    if (flags >> 4n !== 0n || now === undefined) return -Errno.EINVAL;
    if (this.#at(environment, address) !== undefined) return -Errno.EBUSY;
    const { programName, programType } = environment.run;
    const number = this.#next++;
    this.#timers.set(number, { address, map, now, programName, programType, callback: undefined, due: undefined });
    environment.memory.view.setUint32(address, number, true);
    return 0;
  }

  /** bpf_timer_set_callback: 0, or -EINVAL before `init`. */
  setCallback(environment: HelperEnvironment, address: number, slot: number): number {
    const timer = this.#at(environment, address);
    const invoke = environment.execution.callFunction;
    if (timer === undefined) return -Errno.EINVAL;
    if (invoke === undefined) return -Errno.EOPNOTSUPP;
    timer.callback = { slot, invoke };
    return 0;
  }

  /** bpf_timer_start: 0, or -EINVAL for unknown flags and for a timer without callback. */
  start(environment: HelperEnvironment, address: number, nanoseconds: bigint, flags: bigint): number {
    const timer = this.#at(environment, address);
    if ((flags & ~START_FLAGS) !== 0n || timer?.callback === undefined) return -Errno.EINVAL;
    const delay = BigInt.asUintN(64, nanoseconds);
    timer.due = (flags & ABSOLUTE) !== 0n ? delay : timer.now(environment) + delay;
    return 0;
  }

  /** bpf_timer_cancel: 1 when it was running, 0 when not, -EINVAL before `init`, -EDEADLK from its own callback. */
  cancel(environment: HelperEnvironment, address: number): number {
    const timer = this.#at(environment, address);
    if (timer === undefined) return -Errno.EINVAL;
    if (timer === this.#running) return -Errno.EDEADLK;
    const active = timer.due !== undefined;
    timer.due = undefined;
    timer.callback = undefined;
    return active ? 1 : 0;
  }

  /** Runs the callbacks of all timers that are due; returns how many. What a callback starts anew waits for the next time. */
  fire(environment: HelperEnvironment): number {
    if (this.#timers.size === 0) return 0;
    this.#forgetDeleted(environment);
    const due = [...this.#timers.values()].filter((timer) => timer.due !== undefined && timer.due <= timer.now(environment));
    due.sort((a, b) => (a.due! < b.due! ? -1 : a.due! > b.due! ? 1 : 0));
    let fired = 0;
    for (const timer of due) if (this.#run(environment, timer)) fired++;
    return fired;
  }

  #run(environment: HelperEnvironment, timer: Timer): boolean {
    // An earlier callback may have cancelled it or deleted its element.
    const element = this.#at(environment, timer.address) === timer ? timer.map.elementAt(timer.address) : undefined;
    if (timer.due === undefined || timer.callback === undefined || element === undefined) return false;
    const { execution, memory, run } = environment;
    const { slot, invoke } = timer.callback;
    timer.due = undefined;
    Object.assign(run, { programName: timer.programName, programType: timer.programType, attachType: '', context: 0, packet: undefined, hook: {} });
    const key = memory.allocate(Math.max(1, element.key.length), 'other', 'timer key');
    memory.write(key, element.key);
    const outer = execution.callFunction;
    execution.callFunction = invoke;
    this.#running = timer;
    try {
      invoke(slot, BigInt(timer.map.handle), BigInt(key), BigInt(element.value));
    } catch (error) {
      thrownResult(error);
    } finally {
      this.#running = undefined;
      execution.callFunction = outer;
      memory.free(key);
    }
    return true;
  }

  #at(environment: HelperEnvironment, address: number): Timer | undefined {
    const timer = this.#timers.get(environment.memory.view.getUint32(address, true));
    return timer?.address === address ? timer : undefined;
  }

  /** Deleting or replacing an element clears its timer's bytes; maps that are gone took their timers along. */
  #forgetDeleted(environment: HelperEnvironment): void {
    for (const [number, timer] of this.#timers) {
      if (!environment.mapsByHandle.has(timer.map.handle) || this.#at(environment, timer.address) !== timer) this.#timers.delete(number);
    }
  }
}
