import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';

const load = (name: string, helperId?: (name: string) => number | undefined): ObjectFile =>
  loadObject(readFileSync(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))), name, helperId === undefined ? {} : { helperId });

function program(object: ObjectFile, name: string): ObjectProgram {
  const found = object.programs.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no program ${name}`);
  return found;
}

/** Instructions of one kind, with their slots. */
const slotsOf = (item: ObjectProgram, kind: string): number[] =>
  item.instructions.flatMap((instruction, slot) => (instruction?.kind === kind ? [slot] : []));

describe.each(['calls.o', 'calls-be.o'])('linking of %s', (name) => {
  const object = load(name);

  it('lists functions in file order, static ones as such', () => {
    expect(object.programs.map((item) => [item.section, item.name, item.functions[0]?.linkage])).toEqual([
      ['.text', 'shared', 'global'],
      ['.text', 'leaf', 'static'],
      ['.text', 'other', 'global'],
      ['.text', 'on_element', 'static'],
      ['elsewhere', 'far', 'global'],
      ['tc/first', 'first', 'global'],
      ['tc/first', 'second', 'global'],
    ]);
    expect(object.programs.every((item) => item.defect === undefined)).toBe(true);
    expect([object.license, object.version, object.byteOrder]).toEqual(['GPL', 0x050a00, name === 'calls.o' ? 'little' : 'big']);
  });

  it('appends reached functions once, in order of first call', () => {
    const first = program(object, 'first');
    expect(first.functions.map(({ name: item, start, end, section }) => [item, start, end, section])).toEqual([
      ['first', 0, 11, 'tc/first'],
      ['other', 11, 15, '.text'],
      ['shared', 15, 31, '.text'],
      ['leaf', 31, 36, '.text'],
      ['far', 36, 39, 'elsewhere'],
    ]);
    const targets = slotsOf(first, 'call_local').map((slot) => {
      const call = first.instructions[slot];
      const target = slot + 1 + (call?.kind === 'call_local' ? call.offset : 0);
      return first.functions.find((range) => range.start === target)?.name;
    });
    expect(targets).toEqual(['other', 'far', 'shared', 'leaf', 'leaf', 'shared']);
    for (const range of first.functions) expect(object.btf?.types[range.btfId ?? 0]).toMatchObject({ kind: 'func', name: range.name });
  });

  it('turns addresses of functions, maps and data into what they name', () => {
    const second = program(object, 'second');
    const callback = second.functions.find((range) => range.name === 'on_element');
    expect(second.instructions[5]).toMatchObject({ kind: 'lddw', source: 'code', low: (callback?.start ?? 0) - 5 - 1 });
    const maps = second.instructions.flatMap((item) => (item?.kind === 'lddw' && item.source === 'map_fd' ? [object.maps[item.low]?.name] : []));
    expect(maps).toEqual(['counters']);
    const data = program(object, 'first').instructions.flatMap((item) =>
      item?.kind === 'lddw' && item.source === 'map_value' ? [[object.maps[item.low]?.name, item.high]] : [],
    );
    expect(data).toEqual([
      ['.bss', 0],
      ['.rodata', 0],
      ['.data', 0],
    ]);
  });

  it('makes maps of global data', () => {
    const data = Object.fromEntries(object.maps.flatMap((map) => (map.data === undefined ? [] : [[map.name, map.data]])));
    expect(data['.data']).toMatchObject({ readOnly: false, bytes: new Uint8Array(name === 'calls.o' ? [7, 0, 0, 0] : [0, 0, 0, 7]) });
    expect(data['.rodata']?.readOnly).toBe(true);
    expect(new TextDecoder().decode(data['.rodata']?.bytes)).toBe('constant\0');
    expect(data['.bss']?.bytes).toEqual(new Uint8Array(4));
  });

  it('places lines of every function where its code went', () => {
    const first = program(object, 'first');
    const at = (slot: number): string | undefined => first.lines.find((line) => line.slot === slot)?.text.trim();
    expect(at(11)).toContain('int other(int value)');
    expect(at(31)).toContain('int leaf(int value)');
    expect(first.lines.map((line) => line.slot)).toEqual([...first.lines.map((line) => line.slot)].sort((a, b) => a - b));
    expect(new Set(first.lines.map((line) => line.file))).toEqual(new Set(['./calls.c']));
  });

  it('survives a structured clone and JSON', () => {
    const clone = structuredClone(object);
    expect(clone.programs[5]?.instructions).toEqual(object.programs[5]?.instructions);
    expect(clone.maps[3]?.data?.bytes).toEqual(object.maps[3]?.data?.bytes);
    expect(clone.sha256).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe.each(['core.o', 'core-be.o'])('CO-RE relocations of %s', (name) => {
  it('take their values from the object itself', () => {
    const object = load(name);
    const [core] = object.programs;
    expect(core?.defect).toBeUndefined();
    // results[n] = the value last moved to r3.
    const values: number[] = [];
    let moved = 0;
    for (const instruction of core?.instructions ?? []) {
      if (instruction?.kind === 'lddw' && instruction.dst === 3) moved = instruction.low;
      if (instruction?.kind === 'binary' && instruction.dst === 3 && instruction.source.kind === 'immediate') moved = instruction.source.value;
      if (instruction?.kind === 'store') values[instruction.offset / 8] = moved;
    }
    const record = object.btf?.types.findIndex((type) => type.kind === 'struct' && type.name === 'record');
    const big = name === 'core-be.o';
    // mid: 7 bits from bit 3 of a 4-byte window.
    expect(values).toEqual([28, 36, 20, 1, 1, big ? 32 + 3 : 64 - (3 + 7), 64 - 7, record, record, 1, 40, 1, 0x11223344]);
    expect(core?.instructions[32]).toMatchObject({ kind: 'load', offset: 36, size: 4 });
  });

  it('patch what the compiler wrote', () => {
    const path = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
    const bytes = new Uint8Array(readFileSync(path));
    // Spoil the immediate of the first relocated instruction (r3 = 28): linking puts the value back.
    const section = loadObject(bytes, name).sections.find((candidate) => candidate.name === 'tracepoint/core');
    bytes.fill(0, (section?.offset ?? 0) + 4, (section?.offset ?? 0) + 8);
    expect(loadObject(bytes, name).programs[0]?.instructions[0]).toMatchObject({ source: { kind: 'immediate', value: 28 } });
  });
});

describe('externs', () => {
  const object = load('externs.o');

  it('are listed by what declares them', () => {
    expect(object.externs.map(({ name, kind, weak }) => [name, kind, weak]).sort()).toEqual([
      ['CONFIG_BIG', 'kconfig', false],
      ['CONFIG_BPF_JIT', 'kconfig', true],
      ['CONFIG_HZ', 'kconfig', false],
      ['bpf_get_prandom_u32', 'function', false],
      ['jiffies_raw', 'ksym', false],
      ['kernel_function', 'kfunc', false],
      ['optional_function', 'kfunc', true],
      ['runqueues', 'ksym', true],
      ['undeclared_function', 'function', false],
    ]);
  });

  it('kconfig values are places in the .kconfig map', () => {
    const map = object.maps.findIndex((candidate) => candidate.name === '.kconfig');
    expect(object.maps[map]).toMatchObject({ valueSize: 16, data: { readOnly: true } });
    const places = program(object, 'config').instructions.flatMap((item) => (item?.kind === 'lddw' ? [[item.source, item.low, item.high]] : []));
    const offsetOf = (name: string): number | undefined => object.externs.find((extern) => extern.name === name)?.offset;
    expect(places).toEqual(['CONFIG_BPF_JIT', 'CONFIG_HZ', 'CONFIG_BIG'].map((name) => ['map_value', map, offsetOf(name)]));
  });

  it('kernel symbols and functions are named by index', () => {
    const index = (name: string): number => object.externs.findIndex((extern) => extern.name === name);
    const symbols = program(object, 'symbols').instructions.flatMap((item) => (item?.kind === 'lddw' ? [[item.source, item.low]] : []));
    expect(symbols).toEqual([
      ['variable', index('runqueues')],
      ['variable', index('jiffies_raw')],
    ]);
    const calls = program(object, 'functions').instructions.flatMap((item) => (item?.kind === 'call_btf' ? [item.btfId] : []));
    expect(calls).toEqual([index('kernel_function'), index('bpf_get_prandom_u32')]);
  });

  it('helpers called by name become helper calls where the caller knows their numbers', () => {
    const named = load('externs.o', (name) => (name === 'bpf_get_prandom_u32' ? 7 : undefined));
    expect(program(named, 'functions').instructions[9]).toEqual({ kind: 'call', helper: 7 });
    expect(program(named, 'undeclared').instructions[0]).toMatchObject({ kind: 'call_btf' });
  });
});
