import { findHelper } from '../../platform/find.ts';
import type { ContextField } from '../../platform/platform.ts';
import type { Run, RunInput, RunnableProgram, RunOptions, RunOutcome, RunState, RunValue } from './runner.ts';

/** A run told in words: what of its input mattered, and how it ended. */
export interface Story {
  /** The parts of the input that the run looked at: "packet of 20 bytes", "rx_queue_index=0", "bpf_map_lookup_elem at instruction 5 returns null". */
  readonly inputs: readonly string[];
  /** "reads byte 23 of the packet, which has 20 bytes". */
  readonly ending: string;
  readonly outcome: RunOutcome;
}

/** Parts named at most; the rest is counted. */
const MAX_PARTS = 6;

/** Runs an input and tells the run. */
export function tell(run: Run, program: RunnableProgram, input: RunInput, options: RunOptions): Story {
  const { context } = program.programType;
  const fields = new Map<string, string>();
  const helpers = new Map<number, string>();
  const found = new Map<number, string>();
  const values = new Map<string, MapRead>();
  let packet = false;
  let pending: { readonly pc: number; readonly name: string; readonly depth: number } | undefined;
  const outcome = run(program, input, {
    ...options,
    onStep(pc, state) {
      if (pending !== undefined) {
        helpers.delete(pending.pc);
        found.delete(pending.pc);
        const told = state.registers[0]?.region === undefined ? helpers : found;
        // A helper that is running its callback has not returned yet.
        if (state.frames.length <= pending.depth)
          told.set(pending.pc, `${pending.name} at instruction ${pending.pc} returns ${resultWords(state.registers[0], state)}`);
        pending = undefined;
      }
      const instruction = program.instructions[pc];
      if (instruction?.kind === 'call') {
        const prototype = program.helper(instruction.helper) ?? findHelper(program.platform, program.programType, instruction.helper);
        if (prototype !== undefined && prototype.returns.kind !== 'void' && prototype.returns.kind !== 'no_return')
          pending = { pc, name: prototype.name, depth: state.frames.length };
      }
    },
    onAccess(_, region, index, width, mode) {
      if (mode !== 'read') return;
      if (region.kind === 'packet') packet = true;
      else if (region.kind === 'ctx') {
        const field = context.fields.find((row) => row.offset <= Number(index) && Number(index) < row.offset + row.size);
        if (field === undefined) fields.set(`${index}`, `byte ${index} of the context=${numeral(littleEndian(region.bytes, Number(index), width))}`);
        else if (field.kind === 'packet_end' || field.kind === 'packet') packet = true;
        else if (field.kind === 'number') fields.set(field.name, fieldWords(field, region.bytes, Number(index), width));
      } else if (region.kind === 'map_value') {
        const key = `${region.name}+${index}`;
        const value = littleEndian(region.bytes, Number(index), width);
        const initial = initialOf(program, region.name);
        // That a global holds what it is declared with goes without saying.
        if (initial !== undefined && littleEndian(initial, Number(index), width) === value) return;
        if (!values.has(key)) values.set(key, { name: region.name, value, index });
      }
    },
  });
  const inputs = [
    ...(packet || (outcome.kind === 'fault' && outcome.fault.access?.region === 'the packet') ? [packetWords(input)] : []),
    ...fields.values(),
    ...mapWords([...values.values()]),
    ...(input.shared === true ? ['another CPU or user space writes to map values between two reads'] : []),
    ...helpers.values(),
  ];
  // That something was found goes without saying where anything else has to be said.
  if (inputs.length === 0) inputs.push(...found.values());
  const shown = inputs.length > MAX_PARTS ? [...inputs.slice(0, MAX_PARTS), `${inputs.length - MAX_PARTS} more`] : inputs;
  return { inputs: shown, ending: endingWords(outcome), outcome };
}

/** An input, and the map entries that its run meets. */
interface Spelled {
  readonly input: RunInput;
  readonly met: RunState['values'];
}

/** The same input with the content of every map value it met written down, instead of drawn from the seed. */
export function spellOut(run: Run, program: RunnableProgram, input: RunInput, options: RunOptions): Spelled {
  const maps = new Map([...input.maps].map(([index, entries]) => [index, new Map(entries)]));
  let met: RunState['values'] = new Map();
  run(program, input, {
    ...options,
    onStep(_, state) {
      met = state.values;
      // A value is seen here before the program can have written to it.
      for (const [index, entries] of state.values) {
        for (const [key, region] of entries) {
          if (region === null || maps.get(index)?.has(key) === true) continue;
          if (!maps.has(index)) maps.set(index, new Map());
          maps.get(index)!.set(key, region.bytes.slice());
        }
      }
    },
  });
  return { input: { ...input, maps }, met };
}

/** What the object declares a map's value to begin with. */
function initialOf({ maps }: RunnableProgram, region: string): Uint8Array | undefined {
  return maps.find(({ name }) => region === `a value of map ${name}`)?.data;
}

/** What a run read of a map value. */
interface MapRead {
  readonly name: string;
  readonly value: bigint;
  readonly index: bigint;
}

/** What was read of map values: numbers by their places, and many zeros in one word. */
function mapWords(reads: readonly MapRead[]): readonly string[] {
  return [...new Set(reads.map(({ name }) => name))].flatMap((name) => {
    const own = reads.filter((read) => read.name === name);
    const zeros = own.filter(({ value }) => value === 0n);
    const told = zeros.length > MAX_ZEROS ? own.filter(({ value }) => value !== 0n) : own;
    const rest = zeros.length > MAX_ZEROS ? [`${name} has ${told.length === 0 ? 'only zeros' : '0 elsewhere'}`] : [];
    return [...told.map(({ value, index }) => `${name} has ${numeral(value)} at byte ${index}`), ...rest];
  });
}

/** Zeros of one map value that are told by their places. */
const MAX_ZEROS = 2;

function packetWords({ packet, metadata }: RunInput): string {
  const bytes = packet.length === 0 ? 'empty packet' : `packet of ${packet.length} ${packet.length === 1 ? 'byte' : 'bytes'}${contentWords(packet)}`;
  return metadata.length === 0 ? bytes : `${bytes} with ${metadata.length} bytes of metadata`;
}

/** ` with 81 00 at byte 12`: shrunk inputs have other bytes than 0 only where it matters. */
function contentWords(packet: Uint8Array): string {
  const runs: string[] = [];
  for (let at = 0; at < packet.length; at++) {
    if (packet[at] === 0) continue;
    let end = at;
    // A single 0 between two others is part of a number.
    while (end < packet.length && (packet[end] !== 0 || (packet[end + 1] ?? 0) !== 0 || (end === at + 1 && end % 2 === 1))) end++;
    const hex = Array.from(packet.subarray(at, end), (byte) => byte.toString(16).padStart(2, '0'));
    runs.push(`${hex.slice(0, MAX_HEX).join(' ')}${hex.length > MAX_HEX ? ' ...' : ''} at byte ${at}`);
    at = end;
  }
  if (runs.length === 0) return '';
  const shown = runs.slice(0, MAX_RUNS);
  return ` with ${shown.join(', ')}${runs.length > MAX_RUNS ? ' and more' : ''}`;
}

/** Parts of a packet's content that are named at most, and bytes of each. */
const MAX_RUNS = 4;
const MAX_HEX = 4;

function fieldWords(field: ContextField, bytes: Uint8Array, index: number, width: number): string {
  const part = index === field.offset && width === (field.element ?? field.size) ? '' : `[${index - field.offset}]`;
  return `${field.name}${part}=${numeral(littleEndian(bytes, index, width))}`;
}

function littleEndian(bytes: Uint8Array, index: number, width: number): bigint {
  let value = 0n;
  for (let at = index + width - 1; at >= index; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0);
  return value;
}

function resultWords(value: RunValue | undefined, state: RunState): string {
  if (value === undefined || state.registers.length === 0) return 'nothing';
  if (value.region !== undefined) return value.region.name;
  return numeral(BigInt.asIntN(64, value.bits));
}

/** Numbers beyond it are read more easily in hexadecimal. */
const LARGEST_DECIMAL = 1n << 40n;

function numeral(value: bigint): string {
  if (value > -LARGEST_DECIMAL && value < LARGEST_DECIMAL) return `${value}`;
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

function endingWords(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'exit':
      return `ends with r0 = ${numeral(BigInt.asIntN(64, outcome.r0))}`;
    case 'tail_call':
      return 'leaves by a tail call';
    case 'limit':
      return `has not ended after ${outcome.steps} instructions`;
    case 'fault': {
      const { message, instruction, access } = outcome.fault;
      if (access === undefined) return `${message.charAt(0).toLowerCase()}${message.slice(1)} (instruction ${instruction})`;
      const { offset, width, mode, region, size } = access;
      const verb = mode === 'read' ? 'reads' : 'writes';
      const last = offset + BigInt(width) - 1n;
      if (region.startsWith('the stack'))
        return `${verb} fp${signed(offset)}${width === 1 ? '' : ` to fp${signed(last)}`}, outside the ${size}-byte frame`;
      if (last < BigInt(size) && offset >= 0n) return `${message.charAt(0).toLowerCase()}${message.slice(1)}`;
      const at = width === 1 ? `byte ${numeral(offset)}` : `bytes ${numeral(offset)} to ${numeral(last)}`;
      return `${verb} ${at} of ${region}, which has ${size} ${size === 1 ? 'byte' : 'bytes'}`;
    }
  }
}

function signed(offset: bigint): string {
  return offset < 0n ? numeral(offset) : `+${numeral(offset)}`;
}
