import { decodeStyled, type ValueStyle } from '../../src/object/btf-value.ts';
import type { BpfMap, MapEntry } from '../../src/runtime/maps/map.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { typesOf } from '../runtime-objects.ts';
import { valuesIn } from '../runtime-values.ts';
import { hexLines, hexStrings } from './hex.ts';
import { type Json, Literal, prettyJson } from './json.ts';
import type { Found } from './references.ts';

/** Keys and values longer than this stand on lines of their own. */
const SHORT = 16;
/** A key and its value share a line up to this many bytes. */
const ONE_LINE = 24;
/** Widths of C's integers, which are numbers; others are hexadecimal. */
const INTEGER_BITS: ReadonlySet<number> = new Set([8, 16, 32, 64]);

/** Kinds of maps that libbpf makes without their C types: the kernel takes none for them. */
const UNTYPED_KINDS: ReadonlySet<BpfMap['kind']> = new Set<BpfMap['kind']>([
  'perf_event_array',
  'cgroup_array',
  'stack_trace',
  'map_of_maps_array',
  'map_of_maps_hash',
  'devmap',
  'cpumap',
  'xskmap',
  'sockmap',
  'sockhash',
  'queue',
  'stack',
  'arena',
]);

interface CpuValue {
  readonly cpu: number;
  readonly value: Uint8Array;
}

/** The value as each processor sees it; undefined for maps with one value for all. */
function cpuValues(map: BpfMap, value: Uint8Array): readonly CpuValue[] | undefined {
  return map.cpuStride === 0 ? undefined : valuesIn(map, value).map((own, cpu) => ({ cpu, value: own }));
}

/** Whether elements are shown by their C types in text, too. On Windows bpftool knows none. */
export function isTyped({ runtime, object }: Found<BpfMap>): boolean {
  return runtime.platform.name === 'linux' && valueTypes(runtime, object) !== undefined;
}

/** An element in text: by its C types as JSON, else as bytes. */
export function entryText(found: Found<BpfMap>, entry: MapEntry): string {
  return isTyped(found) ? `${prettyJson(typedEntry(found, entry, true) ?? null)}\n` : bytesText(found.object, entry);
}

/** An element in text, as bpftool prints it without type information. */
export function bytesText(map: BpfMap, { key, value }: MapEntry): string {
  const perCpu = cpuValues(map, value);
  if (perCpu) {
    const values = perCpu.map(
      (one) => `value (CPU ${String(one.cpu).padStart(2, '0')}):${one.value.length > SHORT ? '\n' : ' '}${hexLines(one.value)}\n`,
    );
    return `${key.length > 0 ? `key:\n${hexLines(key)}\n` : ''}${values.join('')}`;
  }
  const separate = key.length > SHORT || value.length > SHORT;
  const gap = separate ? '\n' : ' ';
  const keyText = key.length === 0 ? '' : `key:${gap}${hexLines(key)}${!separate && key.length + value.length <= ONE_LINE ? '  ' : '\n'}`;
  return `${keyText}${value.length === 0 ? '' : `value:${gap}${hexLines(value)}`}\n`;
}

/** An element in JSON; `formatted` where the map's types are known. */
export function entryJson(found: Found<BpfMap>, entry: MapEntry): Json {
  const { key, value } = entry;
  const perCpu = cpuValues(found.object, value);
  const formatted = typedEntry(found, entry, false);
  return {
    key: hexStrings(key),
    ...(perCpu ? { values: perCpu.map((one) => ({ cpu: one.cpu, value: hexStrings(one.value) })) } : { value: hexStrings(value) }),
    ...(formatted === undefined ? {} : { formatted }),
  };
}

/** An element by its C types, as people (`plain`) or programs read it; undefined where they are not known. */
export function typedEntry({ runtime, object: map }: Found<BpfMap>, { key, value }: MapEntry, plain: boolean): Json | undefined {
  const types = valueTypes(runtime, map);
  if (types === undefined) return undefined;
  const { btf, byteOrder, keyTypeId, valueTypeId } = types;
  const decode = (type: number, bytes: Uint8Array): Json => decodeStyled<Literal>(btf, type, bytes, byteOrder, plain ? FOR_PEOPLE : FOR_PROGRAMS);
  const perCpu = cpuValues(map, value);
  return {
    ...(keyTypeId === undefined ? {} : { key: decode(keyTypeId, key) }),
    ...(perCpu ? { values: perCpu.map((one) => ({ cpu: one.cpu, value: decode(valueTypeId, one.value) })) } : { value: decode(valueTypeId, value) }),
  };
}

function valueTypes(runtime: Runtime, map: BpfMap) {
  if (UNTYPED_KINDS.has(map.kind)) return undefined;
  const types = typesOf(runtime, map);
  const { keyTypeId, valueTypeId } = types?.definition ?? {};
  return types === undefined || valueTypeId === undefined ? undefined : { ...types, keyTypeId, valueTypeId };
}

function style(hexadecimal: (digits: string) => string | Literal, pointer: (value: bigint) => Literal): ValueStyle<Literal> {
  const digits = (value: bigint) => `0x${value.toString(16)}`;
  return {
    integer(value, bits, bitField) {
      if (bitField || !INTEGER_BITS.has(bits)) return hexadecimal(digits(BigInt.asUintN(bits, value)));
      const small = Number(value);
      return Number.isSafeInteger(small) ? small : new Literal(value.toString());
    },
    pointer,
    // Text ends at its first zero; without one, or with anything that does not print before it, it is a list of numbers.
    text(bytes) {
      const end = bytes.indexOf(0);
      const used = bytes.subarray(0, Math.max(end, 0));
      return end >= 0 && used.every((byte) => byte > 0x1f && byte < 0x7f) ? String.fromCharCode(...used) : undefined;
    },
    section: (name, variables) => ({ [name]: variables.map(([variable, value]) => ({ [variable]: value })) }),
  };
}

const bare = (digits: string) => new Literal(digits);
/** What is not plain JSON stands bare where people read it, in quotation marks where programs do. */
const FOR_PEOPLE = style(bare, (value) => bare(`0x${value.toString(16)}`));
const FOR_PROGRAMS = style(
  (digits) => digits,
  (value) => new Literal(value.toString()),
);
