import { describe, expect, it } from 'vitest';
import { ObjectError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';
import { buildElf, type SymbolSpec, symbolTable } from './build-elf.ts';

const EXIT = [0x95, 0, 0, 0, 0, 0, 0, 0];
const GLOBAL_FUNCTION = 0x12;
const GLOBAL_OBJECT = 0x11;
const NAMES = new TextEncoder().encode('\0f\0');

/** Code from a function of its slot. */
function code(slots: number, slotAt: (slot: number) => readonly number[]): Uint8Array {
  const bytes = new Uint8Array(slots * 8);
  for (let slot = 0; slot < slots; slot++) bytes.set(slotAt(slot), slot * 8);
  return bytes;
}

/** call +offset */
const call = (offset: number): number[] => [0x85, 0x10, 0, 0, ...new Uint8Array(new Int32Array([offset]).buffer)];

function objectOf(text: Uint8Array, symbols: readonly SymbolSpec[], strings = NAMES): Uint8Array {
  return buildElf([
    { name: 'x', type: 1, flags: 6, data: text },
    { name: '.strtab', type: 3, data: strings },
    { name: '.symtab', type: 2, link: 2, entrySize: 24, data: symbolTable(symbols) },
  ]);
}

/** Without their bounds, each of these takes minutes or gigabytes. */
describe('files made to be expensive', () => {
  const LIMIT = 20_000;

  it('one long string under very many names', { timeout: LIMIT }, () => {
    const count = 40_000;
    const strings = new Uint8Array(1 << 20).fill(0x41);
    strings[strings.length - 1] = 0;
    const symbols = Array.from({ length: count }, (_, index) => ({ name: index, info: GLOBAL_FUNCTION, section: 1, value: index * 8, size: 8 }));
    const object = loadObject(
      objectOf(
        code(count, () => EXIT),
        symbols,
        strings,
      ),
      'x.o',
    );
    expect(object.programs).toHaveLength(count);
    expect(object.programs[0]?.name).toHaveLength(1024);
  });

  it('functions that overlap and call each other', { timeout: LIMIT }, () => {
    const count = 20_000;
    const text = code(count, (slot) => (slot === count - 1 ? EXIT : call(0)));
    const symbols = Array.from({ length: count }, (_, index) => ({
      name: 1,
      info: GLOBAL_FUNCTION,
      section: 1,
      value: index * 8,
      size: (count - index) * 8,
    }));
    const [program] = loadObject(objectOf(text, symbols), 'x.o').programs;
    expect(program?.defect?.message).toMatch(/longer than 1000000 instructions/);
    expect(program?.instructions.length).toBeLessThanOrEqual(1_000_000);
  });

  it('a very deep chain of calls', { timeout: LIMIT }, () => {
    const count = 50_000;
    const text = code(count * 2, (slot) => (slot % 2 === 1 ? EXIT : call(slot < count * 2 - 2 ? 1 : -1)));
    const symbols = Array.from({ length: count }, (_, index) => ({ name: 1, info: GLOBAL_FUNCTION, section: 1, value: index * 16, size: 16 }));
    const [program] = loadObject(objectOf(text, symbols), 'x.o').programs;
    expect(program?.defect).toBeUndefined();
    expect(program?.functions).toHaveLength(count);
  });

  it('zeroed data beyond all memory', () => {
    const file = buildElf([{ name: '.bss', type: 8, flags: 3, size: 2 ** 40 }]);
    expect(() => loadObject(file, 'x.o')).toThrow(/^x\.o: section \.bss: global data of 1099511627776 bytes is over the limit/);
  });

  it('maps in maps that all share an id', { timeout: LIMIT }, () => {
    const count = 20_000;
    const data = new Uint8Array(36 * count);
    const view = new DataView(data.buffer);
    for (let index = 0; index < count; index++) {
      // The first map is an array, all others are arrays of maps that hold it and want to be held.
      view.setUint32(index * 36, index === 0 ? 2 : 12, true);
      view.setUint32(index * 36 + 20, 7, true);
      view.setUint32(index * 36 + 28, index === 0 ? 0 : 7, true);
    }
    const symbols = Array.from({ length: count }, (_, index) => ({ name: 1, info: GLOBAL_OBJECT, section: 1, value: index * 36, size: 36 }));
    const file = buildElf([
      { name: 'maps', type: 1, flags: 3, data },
      { name: '.strtab', type: 3, data: NAMES },
      { name: '.symtab', type: 2, link: 2, entrySize: 24, data: symbolTable(symbols) },
    ]);
    const { maps } = loadObject(file, 'x.o');
    expect(maps).toHaveLength(count);
    expect(maps[count - 1]).toMatchObject({ inner: 0 });
  });
});

describe('odd but honest files', () => {
  it('without symbols a section is one program', () => {
    const file = buildElf([{ name: 'xdp', type: 1, flags: 6, data: new Uint8Array([0xb7, 0, 0, 0, 1, 0, 0, 0, ...EXIT]) }]);
    const { programs, maps, btf, license, version } = loadObject(file, 'x.o');
    expect(programs.map(({ section, name, size, offset }) => ({ section, name, size, offset }))).toEqual([
      { section: 'xdp', name: 'xdp', size: 16, offset: 0 },
    ]);
    expect([maps, btf, license, version]).toEqual([[], undefined, undefined, undefined]);
  });

  it('calls by offset need no relocation', () => {
    const text = new Uint8Array([...call(1), ...EXIT, 0xb7, 0, 0, 0, 7, 0, 0, 0, ...EXIT]);
    const symbols = [0, 16].map((value) => ({ name: 1, info: GLOBAL_FUNCTION, section: 1, value, size: 16 }));
    const [first] = loadObject(objectOf(text, symbols), 'x.o').programs;
    expect(first?.instructions[0]).toEqual({ kind: 'call_local', offset: 1 });
    expect(first?.functions.map(({ start, end, sectionSlot }) => [start, end, sectionSlot])).toEqual([
      [0, 2, 0],
      [2, 4, 2],
    ]);
  });

  it.each([
    ['a call into the middle of a function', call(2), /call of location 3 in section x, where no function starts in section x at location 0/],
    ['a call out of the section', call(100), /call of location 101 in section x, where no function starts/],
  ])('%s is a defect', (_, instruction, message) => {
    const text = new Uint8Array([...instruction, ...EXIT, 0xb7, 0, 0, 0, 7, 0, 0, 0, ...EXIT]);
    const symbols = [0, 16].map((value) => ({ name: 1, info: GLOBAL_FUNCTION, section: 1, value, size: 16 }));
    expect(loadObject(objectOf(text, symbols), 'x.o').programs[0]?.defect).toMatchObject({
      slot: 0,
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('a function larger than its section is a defect', () => {
    const file = objectOf(new Uint8Array(EXIT), [{ name: 1, info: GLOBAL_FUNCTION, section: 1, value: 0, size: 80 }]);
    expect(loadObject(file, 'x.o').programs[0]?.defect?.message).toMatch(/of 80 bytes reaches beyond its section of 8 bytes/);
  });

  it('a map definition of unknown size is refused', () => {
    const file = buildElf([
      { name: 'maps', type: 1, flags: 3, data: new Uint8Array(18) },
      { name: '.strtab', type: 3, data: NAMES },
      { name: '.symtab', type: 2, link: 2, entrySize: 24, data: symbolTable([{ name: 1, info: GLOBAL_OBJECT, section: 1, value: 0, size: 18 }]) },
    ]);
    expect(() => loadObject(file, 'x.o')).toThrow(ObjectError);
    expect(() => loadObject(file, 'x.o')).toThrow(/section maps: 18 bytes for 1 maps is no known map definition size/);
  });
});
