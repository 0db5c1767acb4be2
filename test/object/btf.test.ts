import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Btf, BtfType } from '../../src/object/btf.ts';
import { formatDeclaration, formatFunction, formatType, memberAt } from '../../src/object/btf-format.ts';
import { sizeOf } from '../../src/object/btf-types.ts';
import { decodeValue } from '../../src/object/btf-value.ts';
import { loadObject } from '../../src/object/load.ts';
import { processorTime } from '../processor-time.ts';

const sample = (name: string): Btf => {
  const btf = loadObject(readFileSync(fileURLToPath(new URL(`../../samples/${name}`, import.meta.url))), name).btf;
  if (btf === undefined) throw new Error(`${name} has no BTF`);
  return btf;
};
const idOf = (btf: Btf, name: string): number => btf.types.findIndex((type) => 'name' in type && type.name === name);

const int = (name: string, size: number, signed = false): BtfType => ({
  kind: 'int',
  name,
  size,
  bits: size * 8,
  bitOffset: 0,
  signed,
  char: name === 'char',
  bool: name === '_Bool',
});

/** Ids are positions: 1 int, 2 char, 3 u64 and so on. */
const TYPES: Btf = {
  types: [
    { kind: 'void' },
    int('int', 4, true),
    int('char', 1),
    int('u64', 8),
    { kind: 'ptr', type: 1 },
    { kind: 'const', name: '', type: 2 },
    { kind: 'ptr', type: 5 },
    { kind: 'const', name: '', type: 6 },
    { kind: 'array', type: 1, indexType: 1, count: 4 },
    { kind: 'ptr', type: 8 },
    {
      kind: 'func_proto',
      returns: 1,
      parameters: [
        { name: 'ctx', type: 18 },
        { name: '', type: 0 },
      ],
    },
    { kind: 'ptr', type: 10 },
    { kind: 'func', name: 'handle', type: 10, linkage: 'global' },
    { kind: 'array', type: 2, indexType: 1, count: 8 },
    {
      kind: 'enum',
      name: 'color',
      size: 4,
      signed: true,
      values: [
        { name: 'RED', value: -1n },
        { name: 'BLUE', value: 2n },
      ],
    },
    { kind: 'array', type: 4, indexType: 1, count: 2 },
    { kind: 'typedef', name: 'counter_t', type: 3 },
    {
      kind: 'struct',
      name: '',
      size: 8,
      members: [
        { name: 'low', type: 1, bitOffset: 0, bitSize: 0 },
        { name: 'high', type: 1, bitOffset: 32, bitSize: 0 },
      ],
    },
    { kind: 'ptr', type: 0 },
    {
      kind: 'struct',
      name: 'record',
      size: 48,
      members: [
        { name: 'name', type: 13, bitOffset: 0, bitSize: 0 },
        { name: '', type: 17, bitOffset: 64, bitSize: 0 },
        { name: 'values', type: 8, bitOffset: 128, bitSize: 0 },
        { name: 'color', type: 14, bitOffset: 256, bitSize: 0 },
        { name: 'flag', type: 1, bitOffset: 288, bitSize: 3 },
        { name: 'rest', type: 1, bitOffset: 291, bitSize: 5 },
        { name: 'counter', type: 16, bitOffset: 320, bitSize: 0 },
      ],
    },
    int('_Bool', 1),
    { kind: 'float', name: 'double', size: 8 },
    { kind: 'type_tag', name: 'user', type: 19 },
    { kind: 'ptr', type: 22 },
    { kind: 'typedef', name: 'cycle', type: 24 },
  ],
};

describe('formatType', () => {
  it.each([
    [0, 'void'],
    [1, 'int'],
    [4, 'int *'],
    [6, 'const char *'],
    [7, 'const char *const'],
    [8, 'int [4]'],
    [9, 'int (*)[4]'],
    [11, 'int (*)(void *ctx, ...)'],
    [14, 'enum color'],
    [15, 'int *[2]'],
    [16, 'counter_t'],
    [17, 'struct (anonymous)'],
    [19, 'struct record'],
    [23, 'struct record *'],
    [24, 'cycle'],
    [99, '(type 99)'],
  ])('%i reads %s', (id, text) => {
    expect(formatType(TYPES, id)).toBe(text);
  });

  it('writes declarations and prototypes', () => {
    expect(formatDeclaration(TYPES, 9, 'rows')).toBe('int (*rows)[4]');
    expect(formatDeclaration(TYPES, 11, 'callback')).toBe('int (*callback)(void *ctx, ...)');
    expect(formatFunction(TYPES, 12)).toBe('int handle(void *ctx, ...)');
    expect(formatFunction(TYPES, 1)).toBeUndefined();
  });
});

describe('memberAt', () => {
  it.each([
    [0, 0, 'name[0]'],
    [3, 1, 'name[3]'],
    [0, 8, 'name'],
    [8, 4, 'low'],
    [12, 4, 'high'],
    [24, 4, 'values[2]'],
    [16, 8, 'values'],
    [32, 4, 'color'],
    [36, 1, 'flag'],
    [40, 8, 'counter'],
    [42, 2, 'counter'],
  ])('byte %i, %i wide, is %s', (offset, size, path) => {
    expect(memberAt(TYPES, 19, offset, size)?.path).toBe(path);
  });

  it('says what does not lie in a member', () => {
    expect(memberAt(TYPES, 19, 37, 1)).toBeUndefined();
    expect(memberAt(TYPES, 19, 48, 1)).toBeUndefined();
    expect(memberAt(TYPES, 19, -1, 1)).toBeUndefined();
    expect(memberAt(TYPES, 19, 42, 2)).toMatchObject({ rest: 2, typeId: 3 });
    expect(memberAt(TYPES, 19, 36, 1)).toMatchObject({ bits: { offset: 288, size: 3 } });
  });

  it('names the fields of the contexts in the samples', () => {
    const btf = sample('bindmonitor.o');
    const context = idOf(btf, 'bind_md_t');
    expect([0, 8, 16, 44].map((offset) => memberAt(btf, context, offset)?.path)).toEqual(['app_id_start', 'app_id_end', 'process_id', 'operation']);
  });
});

describe('decodeValue', () => {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('tcp'));
  view.setInt32(8, -5, true);
  view.setInt32(12, 7, true);
  for (let index = 0; index < 4; index++) view.setInt32(16 + index * 4, index * 10, true);
  view.setInt32(32, -1, true);
  bytes[36] = 0b11110_011;
  view.setBigUint64(40, 0xffff_ffff_ffff_ffffn, true);

  it('gives members by name, text, enumerators, bit-fields and exact integers', () => {
    const value = decodeValue(TYPES, 19, bytes, 'little');
    expect(value).toEqual({
      name: 'tcp',
      low: -5,
      high: 7,
      values: [0, 10, 20, 30],
      color: 'RED',
      flag: 3,
      rest: -2,
      counter: '18446744073709551615',
    });
    expect(JSON.parse(JSON.stringify(value))).toEqual(value);
  });

  it('reads big-endian values', () => {
    expect(decodeValue(TYPES, 3, new Uint8Array([0, 0, 0, 0, 0, 0, 1, 2]), 'big')).toBe(258);
    const double = new Uint8Array(8);
    new DataView(double.buffer).setFloat64(0, 1.5);
    expect(decodeValue(TYPES, 21, double, 'big')).toBe(1.5);
    // Bit-fields count from the most significant bit.
    const record = new Uint8Array(48);
    record[36] = 0b011_11110;
    expect(decodeValue(TYPES, 19, record, 'big')).toMatchObject({ flag: 3, rest: -2 });
  });

  it('shows what is no text as bytes and what is missing as null', () => {
    expect(decodeValue(TYPES, 13, new Uint8Array([1, 2, 0, 0, 0, 0, 0, 9]), 'little')).toBe('0x0102000000000009');
    expect(decodeValue(TYPES, 3, new Uint8Array(4), 'little')).toBeNull();
    expect(decodeValue(TYPES, 20, new Uint8Array([1]), 'little')).toBe(true);
    expect(decodeValue(TYPES, 4, new Uint8Array([0, 16, 0, 0, 0, 0, 0, 0]), 'little')).toBe('0x1000');
    expect(decodeValue(TYPES, 24, bytes, 'little')).toBeNull();
  });
});

describe('global data', () => {
  const open = (name: string) => loadObject(readFileSync(fileURLToPath(new URL(name, import.meta.url))), name);

  it('is described variable by variable', () => {
    const object = open('../../samples/global_vars.o');
    const values = object.maps.map((map) => [
      map.name,
      decodeValue(object.btf ?? TYPES, map.valueTypeId ?? 0, map.data?.bytes ?? new Uint8Array(), 'little'),
    ]);
    expect(values).toEqual([
      ['.rodata', { step: 10 }],
      ['.data', { total: 40 }],
      ['.bss', { runs: 0 }],
    ]);
  });

  it('has its variables at the offsets of their symbols', () => {
    const object = open('fixtures/externs.o');
    const kconfig = object.maps.find((map) => map.name === '.kconfig');
    const names = [0, 4, 8].map((offset) => memberAt(object.btf ?? TYPES, kconfig?.valueTypeId ?? 0, offset)?.path);
    expect(names).toEqual(['CONFIG_BPF_JIT', 'CONFIG_HZ', 'CONFIG_BIG']);
    const maps = open('../../samples/map_reuse.o').btf?.types.find((type) => type.kind === 'datasec');
    expect(maps?.kind === 'datasec' && maps.variables.map((variable) => [variable.offset, variable.size])).toEqual([
      [0, 32],
      [32, 40],
      [72, 32],
    ]);
  });
});

describe('hostile types', () => {
  /** Level n holds level n+1 twice, 40 levels deep: 2^40 paths. */
  const doubled = (make: (next: number) => BtfType, last: BtfType): Btf => ({
    types: [{ kind: 'void' }, ...Array.from({ length: 40 }, (_, index) => make(index + 2)), last],
  });

  it('cost a bounded number of steps', () => {
    const unions = doubled(
      (next) => ({
        kind: 'union',
        name: '',
        size: 8,
        members: [
          { name: 'a', type: next, bitOffset: 0, bitSize: 0 },
          { name: 'b', type: next, bitOffset: 0, bitSize: 0 },
        ],
      }),
      { kind: 'struct', name: 'empty', size: 8, members: [] },
    );
    const prototypes = doubled(
      (next) => ({
        kind: 'func_proto',
        returns: next,
        parameters: [
          { name: 'a', type: next },
          { name: 'b', type: next },
        ],
      }),
      { kind: 'void' },
    );
    const took = processorTime(() => {
      expect(memberAt(unions, 1, 0, 0)).toBeUndefined();
      expect(decodeValue(unions, 1, new Uint8Array(8), 'little')).toBeTypeOf('object');
      expect(formatType(prototypes, 1).length).toBeLessThan(1_000_000);
    });
    expect(took).toBeLessThan(10_000);
  });

  it('have no size where it would overflow', () => {
    const nested: Btf = {
      types: [
        { kind: 'void' },
        int('int', 4),
        ...Array.from({ length: 20 }, (_, index): BtfType => ({ kind: 'array', type: index + 1, indexType: 1, count: 0xffffffff })),
      ],
    };
    expect(sizeOf(nested, 2)).toBe(4 * 0xffffffff);
    expect(sizeOf(nested, 21)).toBeUndefined();
  });
});
