import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { detectFormat } from '../../src/object/detect-format.ts';
import { ElfError, ObjectError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';

const original = (name = 'map.o'): Uint8Array => new Uint8Array(readFileSync(fileURLToPath(new URL(`../../samples/${name}`, import.meta.url))));

/** The object with some bytes replaced. */
function patched(offset: number, bytes: readonly number[], name?: string): Uint8Array {
  const copy = original(name);
  copy.set(bytes, offset);
  return copy;
}

const header = (index: number, field: number): number => {
  const view = new DataView(original().buffer);
  return Number(view.getBigUint64(0x28, true)) + index * 64 + field;
};
const indexOf = (section: string): number => loadObject(original(), 'map.o').sections.findIndex((candidate) => candidate.name === section);

describe('damaged files', () => {
  const cases: readonly { readonly what: string; readonly bytes: Uint8Array; readonly message: RegExp }[] = [
    { what: 'empty', bytes: new Uint8Array(0), message: /^x\.o: offset 0x0: 0 bytes are too short for an ELF64 header$/ },
    { what: 'no ELF', bytes: new Uint8Array(100), message: /^x\.o: offset 0x0: not an ELF file$/ },
    { what: '32-bit', bytes: patched(4, [1]), message: /^x\.o: offset 0x4: ELF class 1 is not 64-bit$/ },
    { what: 'odd byte order', bytes: patched(5, [3]), message: /offset 0x5: ELF data encoding 3/ },
    { what: 'executable', bytes: patched(16, [2]), message: /offset 0x10: ELF type 2 is not a relocatable object/ },
    { what: 'another machine', bytes: patched(18, [62]), message: /offset 0x12: ELF machine 62 is not BPF/ },
    { what: 'section table outside', bytes: patched(0x2e, [1]), message: /section table of \d+ entries needs \d+ bytes, 0 are left/ },
    { what: 'section header size', bytes: patched(0x3a, [40]), message: /offset 0x3a: section header size 40 is not 64/ },
    { what: 'section names', bytes: patched(0x3e, [200]), message: /section name table index 200 is not below/ },
    { what: 'cut', bytes: original().subarray(0, 1000), message: /^x\.o: offset 0x[0-9a-f]+: section table/ },
    {
      what: 'code outside',
      bytes: patched(header(indexOf('.text'), 0x26), [1]),
      message: /section \.text: its \d+ bytes at file offset 0x\w+ reach beyond/,
    },
    { what: 'symbol size', bytes: patched(header(indexOf('.symtab'), 0x38), [16]), message: /section \.symtab: symbol size 16 is not 24/ },
    { what: 'maps without BTF', bytes: patched(header(indexOf('.BTF'), 0), [0, 0, 0, 0]), message: /section \.maps: the object has no BTF/ },
  ];

  it.each(cases)('$what', ({ bytes, message }) => {
    let caught: unknown;
    try {
      loadObject(bytes, 'x.o');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ObjectError);
    expect((caught as ObjectError).message).toMatch(message);
    expect((caught as ObjectError).file).toBe('x.o');
  });

  it('name what is wrong in fields too', () => {
    try {
      loadObject(patched(4, [1]), 'x.o');
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ElfError);
      expect(error).toMatchObject({ kind: 'unsupported', file: 'x.o', offset: 4, reason: 'ELF class 1 is not 64-bit' });
    }
  });

  it('cannot put control characters into a message', () => {
    expect(new ObjectError('malformed', 'a\nb', 'c\u001b[31m', { section: '\u0007' }).message).toBe('a\\x0ab: section \\x07: c\\x1b[31m');
  });
});

describe('what concerns one program', () => {
  const text = loadObject(original(), 'map.o').sections.find((section) => section.name === '.text')?.offset ?? 0;

  it.each([
    { what: 'an unknown opcode', offset: text + 0, bytes: [0xff], defect: { slot: 0, message: /unknown opcode/ }, left: 0 },
    {
      what: 'a jump out of the function',
      offset: text + 8,
      bytes: [0x05, 0, 100, 0, 0, 0, 0, 0],
      defect: { slot: 1, message: /jump to 102/ },
      left: 13,
    },
    { what: 'no exit', offset: text + 96, bytes: [0xb7, 0, 0, 0, 0, 0, 0, 0], defect: { slot: 12, message: /end/ }, left: 13 },
    {
      what: 'half a wide load at the end',
      offset: text + 96,
      bytes: [0x18, 0, 0, 0, 0, 0, 0, 0],
      defect: { slot: 12, message: /second half/ },
      left: 12,
    },
  ])('$what is its defect', ({ offset, bytes, defect, left }) => {
    const [program] = loadObject(patched(offset, bytes), 'map.o').programs;
    expect(program?.defect?.slot).toBe(defect.slot);
    expect(program?.defect?.message).toMatch(defect.message);
    expect(program?.instructions.length).toBe(left);
  });

  it('an unresolved symbol names section and location', () => {
    const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL('fixtures/externs.o', import.meta.url))));
    // Without BTF nothing declares the externs.
    const btf = loadObject(bytes, 'x.o').sections.find((section) => section.name === '.BTF');
    const table = Number(new DataView(bytes.buffer).getBigUint64(0x28, true));
    bytes.fill(0, table + (btf?.index ?? 0) * 64, table + (btf?.index ?? 0) * 64 + 4);
    const object = loadObject(bytes, 'x.o');
    expect(object.programs.map((program) => program.defect?.message)).toEqual([
      'Unresolved external symbol CONFIG_BPF_JIT in section tracepoint/config at location 0',
      'Unresolved external symbol runqueues in section tracepoint/symbols at location 0',
      'Unresolved external symbol optional_function in section tracepoint/functions at location 0',
      undefined,
    ]);
  });
});

describe('detectFormat', () => {
  const pe = new Uint8Array(256);
  pe.set([0x4d, 0x5a]);
  pe[0x3c] = 0x80;
  pe.set([0x50, 0x45, 0, 0], 0x80);
  const dos = pe.slice();
  dos[0x80] = 0;

  it.each([
    ['elf', original()],
    ['native', new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])],
    ['pe', pe],
    ['unknown', dos],
    ['unknown', new Uint8Array([0x4d, 0x5a])],
    ['unknown', new Uint8Array(0)],
  ])('%s', (format, bytes) => {
    expect(detectFormat(bytes)).toBe(format);
  });
});
