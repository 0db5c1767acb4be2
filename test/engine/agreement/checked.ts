/**
 * The checked interpreter beside the others. It has no runtime: maps are its own, and other helpers go by their prototypes. So its helpers
 * are told what those of the interpreter's machine returned, and runs whose helpers do more than return a number are left out.
 */

import { numberValue, pointerTo, type Value } from '../../../src/engine/checked/value.ts';
import { type CheckedInput, type CheckedProgram, type CheckedState, type HelperModel, runChecked } from '../../../src/engine/checked-interpreter.ts';
import type { ExecutableProgram, HelperImplementation } from '../../../src/engine/engine.ts';

/** A helper's call in the interpreter: its name and, where it is a number, its result. */
export interface LoggedCall {
  readonly name: string;
  readonly result: bigint;
}

/** The same program with helpers that note what they return. */
export function logged(program: ExecutableProgram, log: LoggedCall[]): ExecutableProgram {
  const helpers = new Map<number, HelperImplementation>();
  for (const [id, helper] of program.helpers) {
    const call = helper.call as (...args: unknown[]) => number | bigint | undefined;
    const noting = (...args: unknown[]) => {
      const result = call(...args);
      log.push({ name: helper.name, result: BigInt(result ?? 0) });
      return result;
    };
    helpers.set(id, { ...helper, call: noting as HelperImplementation['call'] });
  }
  return { ...program, helpers };
}

/** Helpers whose whole effect is their result, or that are done here on the checked interpreter's own maps. */
const COMPARABLE = new Set([
  'bpf_map_lookup_elem',
  'bpf_map_update_elem',
  'bpf_map_delete_elem',
  'bpf_get_prandom_u32',
  'bpf_get_smp_processor_id',
  'bpf_ktime_get_ns',
  'bpf_get_current_pid_tgid',
  'bpf_csum_diff',
  'bpf_loop',
]);
const CALLBACKS = new Set(['bpf_loop']);

/** Faults of what is allowed on Linux and not told apart here: an address used as a number, a helper that is given unwritten stack. */
const ADDRESS_AS_NUMBER = /^(leak|pointer)_|^type$|^stack_(not_numeric|argument|uninitialised)$/;

class NotComparable extends Error {}

function bytesAt(value: Value | undefined, size: number): Uint8Array {
  if (value?.region === undefined) throw new NotComparable('an argument is no pointer');
  const at = value.region.origin + Number(value.bits);
  return value.region.bytes.slice(at, at + size);
}

function model(program: CheckedProgram, log: readonly LoggedCall[]): HelperModel {
  let next = 0;
  return ({ prototype, arguments: [, key, value], state, map }) => {
    const { name } = prototype;
    if (!COMPARABLE.has(name)) throw new NotComparable(name);
    if (CALLBACKS.has(name)) return undefined;
    // Callbacks' helpers note their calls before the helper that calls them back does.
    while (log[next] !== undefined && CALLBACKS.has(log[next]!.name)) next++;
    const call = log[next++];
    if (call?.name !== name) throw new Error(`calls ${name} where the interpreter called ${call?.name ?? 'nothing'}`);
    const number = numberValue(call.result);
    if (!name.startsWith('bpf_map_') || map === undefined) return number;
    const index = program.maps.indexOf(map);
    const found = Buffer.from(bytesAt(key, map.keySize)).toString('hex');
    if (map.kind === 'map_of_maps_array') return numberValue(0n);
    const present = state.valueAt(index, found);
    if (name === 'bpf_map_lookup_elem') {
      if (call.result === 0n) return present === undefined || present === null ? numberValue(0n) : undefined;
      if (present === null || present === undefined) {
        if (map.kind !== 'array') throw new Error('finds nothing where the interpreter found a value');
        return pointerTo(state.putValue(index, found, new Uint8Array(map.valueSize)));
      }
      return pointerTo(present);
    }
    if (call.result !== 0n) return number;
    if (name === 'bpf_map_delete_elem') state.setValue(index, found, null);
    else {
      const content = bytesAt(value, map.valueSize);
      if (present !== null && present !== undefined && map.kind === 'array') present.bytes.set(content);
      else state.putValue(index, found, content);
    }
    return number;
  };
}

/** What a run of the interpreter left, as far as it can be compared. */
export interface Expected {
  readonly r0: bigint;
  readonly packet: Uint8Array;
  readonly value: (map: number, key: string) => Uint8Array | undefined;
}

/** `undefined`: agrees. `left out`: the run cannot be compared. */
export function compareChecked(
  program: CheckedProgram,
  input: CheckedInput,
  log: readonly LoggedCall[],
  expected: Expected,
): 'left out' | string | undefined {
  let last: CheckedState | undefined;
  try {
    const outcome = runChecked(program, input, {
      helperModel: model(program, log),
      // Addresses are other numbers here.
      allowPointerLeaks: false,
      onStep: (_, state) => {
        last = state;
      },
    });
    if (outcome.kind === 'tail_call') return 'left out';
    if (outcome.kind === 'fault' && ADDRESS_AS_NUMBER.test(outcome.fault.kind)) return 'left out';
    if (outcome.kind !== 'exit') return `checked ends with ${JSON.stringify(outcome)}`;
    if (outcome.r0 !== expected.r0) return `results ${expected.r0.toString(16)} and ${outcome.r0.toString(16)}`;
  } catch (error) {
    if (error instanceof NotComparable) return 'left out';
    throw error;
  }
  return last === undefined ? undefined : differingMemory(last, program, expected);
}

function differingMemory(state: CheckedState, program: CheckedProgram, { packet, value }: Expected): string | undefined {
  const mine = state.packet;
  if (
    mine !== undefined &&
    program.programType?.context.fields.some(({ kind }) => kind === 'packet') &&
    Buffer.compare(mine.bytes.subarray(mine.origin), packet) !== 0
  )
    return 'packets';
  for (const [index, values] of state.values) {
    for (const [key, region] of values) {
      const other = value(index, key);
      if (region === null ? other !== undefined : other === undefined || Buffer.compare(region.bytes, other) !== 0)
        return `values of ${program.maps[index]!.name} at ${key}`;
    }
  }
  return undefined;
}
