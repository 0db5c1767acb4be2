import type { Machine, MapFacts } from '../verifier/machine.ts';
import { constantValue, type Scalar } from '../verifier/number/index.ts';
import { CELL } from '../verifier/stack.ts';
import type { State } from '../verifier/state.ts';
import { META_OFFSET, PACKET_SIZE, type Value } from '../verifier/value.ts';

/**
 * Memory that a pointer may lead to. Offsets count from its start; in a frame from the frame pointer, so that they are negative.
 * `map`: one value of the map with that index, or of an inner map (negative, see `Value.tag`).
 */
export type Region =
  | { readonly kind: 'stack'; readonly frame: number }
  | { readonly kind: 'map'; readonly map: number }
  | { readonly kind: 'packet' }
  | { readonly kind: 'context' };

export interface MemoryPlace {
  readonly region: Region;
  /** Bytes. */
  readonly offset: number;
}

/** Where a pointer leads to; undefined for other values, and for pointers whose distance varies. */
export function placeOf(value: Value): MemoryPlace | undefined {
  const region = REGIONS[value.kind]?.(value);
  const offset = constantValue(value.range);
  return region === undefined || offset === undefined ? undefined : { region, offset: Number(offset) };
}

const REGIONS: Readonly<Partial<Record<Value['kind'], (value: Value) => Region | undefined>>> = {
  stack: ({ tag }) => ({ kind: 'stack', frame: tag }),
  map_value: ({ tag }) => ({ kind: 'map', map: tag }),
  packet: ({ symbol }) => (symbol === PACKET_SIZE || symbol === META_OFFSET ? undefined : { kind: 'packet' }),
  ctx: () => ({ kind: 'context' }),
};

/** First offset of a region and the one behind its last; undefined where there is no such region. */
export function extentOf(machine: Machine, state: State, region: Region): { readonly start: number; readonly end: number } | undefined {
  switch (region.kind) {
    case 'stack': {
      const frame = state.frames[region.frame];
      return frame === undefined ? undefined : { start: -frame.stack.size, end: 0 };
    }
    case 'map': {
      const map = machine.map(region.map);
      return map === undefined ? undefined : { start: 0, end: map.valueSize };
    }
    case 'packet':
      return { start: 0, end: state.constraints.packetMax };
    case 'context':
      return { start: 0, end: machine.rules.context.size };
  }
}

/** The byte at an offset where the verifier knows it: of a constant stored on the stack, of a read-only map. Undefined where it could be any. */
export function knownByte(machine: Machine, state: State, region: Region, offset: number): number | undefined {
  if (region.kind === 'stack') return stackByte(machine, state, region.frame, offset);
  if (region.kind !== 'map') return undefined;
  const map = machine.map(region.map);
  return map?.readOnly === true ? map.data?.[offset] : undefined;
}

function stackByte(machine: Machine, state: State, frame: number, offset: number): number | undefined {
  const stack = state.frames[frame]?.stack;
  if (stack === undefined) return undefined;
  const at = stack.size + offset;
  const cell = stack.bytes[at] === CELL ? stack.cellAt(at) : undefined;
  if (cell === undefined || cell.value.kind !== 'number') return undefined;
  const low = at - cell.index;
  return byteOf(cell.value.range, machine.rules.bigEndian ? cell.size - 1 - low : low);
}

/** One byte of a number, 0 being the lowest; undefined where one of its bits is not known. */
function byteOf({ bits }: Scalar, byte: number): number | undefined {
  const shift = (byte % 4) * 8;
  const [value, mask] = byte < 4 ? [bits.valueLow, bits.maskLow] : [bits.valueHigh, bits.maskHigh];
  return ((mask >>> shift) & 0xff) === 0 ? (value >>> shift) & 0xff : undefined;
}

/**
 * Reads `fp-16`, `packet`, `ctx`, `map counters` as places of the innermost frame, and a register as the place that it leads to.
 *
 * @returns undefined for other words, for registers that lead to no memory with an extent, and for those whose distance varies.
 */
export function namedPlace(machine: Machine, state: State, words: string): MemoryPlace | undefined {
  const found = /^(?:(packet|ctx)|(?:fp|r10)(-\d+)|r(\d)|map\s+(\S+))$/i.exec(words.trim());
  if (found === null) return undefined;
  const [, whole, byte, register, name] = found;
  if (whole !== undefined) return { region: { kind: whole.toLowerCase() === 'ctx' ? 'context' : 'packet' }, offset: 0 };
  if (byte !== undefined) return { region: { kind: 'stack', frame: state.frames.length - 1 }, offset: Number(byte) };
  if (register !== undefined) {
    const value = state.registers[Number(register)];
    return value === undefined ? undefined : placeOf(value);
  }
  const map = machine.maps.find((candidate) => candidate.name === name);
  return map === undefined ? undefined : { region: { kind: 'map', map: map.index }, offset: 0 };
}

/** `fp-16`, `packet + 14`, `value of map counters + 0`. */
export function placeWords(machine: Machine, { region, offset }: MemoryPlace): string {
  if (region.kind === 'stack') return offset < 0 ? `fp${offset}` : `fp+${offset}`;
  const name = region.kind === 'map' ? `value of map ${machine.map(region.map)?.name}` : region.kind;
  return `${name} + ${offset}`;
}

/** `array, keys of 4 bytes, values of 8 bytes, 1 entry, read-only`. */
export function mapWords({ typeName, keySize, valueSize, maxEntries, readOnly }: MapFacts): string {
  const entries = `${maxEntries} ${maxEntries === 1 ? 'entry' : 'entries'}`;
  return `${typeName}, keys of ${keySize} bytes, values of ${valueSize} bytes, ${entries}${readOnly ? ', read-only' : ''}`;
}
