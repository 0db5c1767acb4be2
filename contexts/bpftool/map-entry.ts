import { decodeValue } from '../../src/object/btf-value.ts';
import type { BpfMap, MapEntry } from '../../src/runtime/maps/map.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { typesOf } from '../runtime-objects.ts';
import { hexLines, hexStrings } from './hex.ts';
import type { Json } from './json.ts';

/** Keys and values longer than this stand on lines of their own. */
const SHORT = 16;
/** A key and its value share a line up to this many bytes. */
const ONE_LINE = 24;

interface CpuValue {
  readonly cpu: number;
  readonly value: Uint8Array;
}

/** The value as each processor sees it; undefined for maps with one value for all. */
function cpuValues({ cpuStride, valueSize }: BpfMap, value: Uint8Array): readonly CpuValue[] | undefined {
  if (cpuStride === 0) return undefined;
  return Array.from({ length: value.length / cpuStride }, (_, cpu) => ({ cpu, value: value.subarray(cpu * cpuStride, cpu * cpuStride + valueSize) }));
}

/** An element in text, as bpftool prints it without type information. */
export function entryText(map: BpfMap, { key, value }: MapEntry): string {
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
export function entryJson(runtime: Runtime, map: BpfMap, { key, value }: MapEntry): Json {
  const perCpu = cpuValues(map, value);
  const formatted = formattedEntry(runtime, map, { key, value });
  return {
    ...(key.length > 0 ? { key: hexStrings(key) } : {}),
    ...(perCpu ? { values: perCpu.map((one) => ({ cpu: one.cpu, value: hexStrings(one.value) })) } : { value: hexStrings(value) }),
    ...(formatted === undefined ? {} : { formatted }),
  };
}

function formattedEntry(runtime: Runtime, map: BpfMap, { key, value }: MapEntry): Json | undefined {
  const types = typesOf(runtime, map);
  const { keyTypeId, valueTypeId } = types?.definition ?? {};
  if (types === undefined || valueTypeId === undefined) return undefined;
  const decode = (type: number, bytes: Uint8Array): Json => decodeValue(types.btf, type, bytes, types.byteOrder);
  const perCpu = cpuValues(map, value);
  return {
    ...(keyTypeId === undefined ? {} : { key: decode(keyTypeId, key) }),
    ...(perCpu ? { values: perCpu.map((one) => ({ cpu: one.cpu, value: decode(valueTypeId, one.value) })) } : { value: decode(valueTypeId, value) }),
  };
}
