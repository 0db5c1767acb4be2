import { encode } from '../../isa/encode.ts';
import type { Instruction } from '../../isa/instruction.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../../object/object-file.ts';

/** Section types and symbol kinds (ELF-64 object file format, version 1.5). */
const TYPE = { program: 1, symbols: 2, strings: 3, relocations: 9 } as const;
const ALLOCATED = 2;
const WRITABLE = 1;
const EXECUTABLE = 4;
const GLOBAL_OBJECT = 0x11;
const GLOBAL_FUNCTION = 0x12;
const EM_BPF = 247;
/** The relocation of a 64-bit load to a map (Documentation/bpf/llvm_reloc.rst). */
const R_BPF_64_64 = 1;
/** Where sections stand that others name. */
const SECTION = { code: 1, maps: 3, strings: 4, symbols: 5 } as const;
const HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
/** Bytes of a `bpf_map_def`: type, key size, value size, entries, flags. */
const MAP_SIZE = 20;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
  readonly bytes: Uint8Array;
}

/**
 * An object with one program and the maps that it uses, without BTF and lines: what is left when everything else does not matter.
 *
 * @returns undefined where the program needs what such an object cannot hold: functions of its own, global data, inner maps, kernel symbols.
 */
export function minimalObject(object: ObjectFile, program: ObjectProgram): Uint8Array | undefined {
  const loads = program.instructions.flatMap((instruction, slot) =>
    instruction?.kind === 'lddw' && instruction.source !== 'immediate' ? [{ slot, ...instruction }] : [],
  );
  if (program.functions.length > 1 || program.instructions.some((instruction) => instruction?.kind === 'call_btf')) return undefined;
  const indices = [...new Set(loads.map(({ low }) => low))];
  const maps = indices.map((index) => object.maps[index]);
  if (loads.some(({ source }) => source !== 'map_fd') || !maps.every((map) => map !== undefined && isPlain(map))) return undefined;
  const names = stringTable([program.name, ...maps.map((map) => map!.name)]);
  const little = object.byteOrder === 'little';
  const code = encode(
    program.instructions.map((instruction): Instruction | undefined =>
      instruction?.kind === 'lddw' && instruction.source === 'map_fd' ? { ...instruction, source: 'immediate', low: 0, high: 0 } : instruction,
    ),
    object.byteOrder,
  );
  const records = (size: number, rows: readonly ((view: DataView, at: number) => void)[]) => {
    const bytes = new Uint8Array(size * rows.length);
    const view = new DataView(bytes.buffer);
    for (const [index, row] of rows.entries()) row(view, index * size);
    return bytes;
  };
  const definition = (map: MapDefinition) => (view: DataView, at: number) => {
    const fields = [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags];
    for (const [index, value] of fields.entries()) view.setUint32(at + 4 * index, value, little);
  };
  const symbol = (name: string, info: number, section: number, value: number, size: number) => (view: DataView, at: number) => {
    view.setUint32(at, names.at(name), little);
    view.setUint8(at + 4, info);
    view.setUint16(at + 6, section, little);
    view.setBigUint64(at + 8, BigInt(value), little);
    view.setBigUint64(at + 16, BigInt(size), little);
  };
  const relocation =
    ({ slot, low }: { readonly slot: number; readonly low: number }) =>
    (view: DataView, at: number) => {
      view.setBigUint64(at, BigInt(slot * 8), little);
      // The map's symbol stands behind the empty one and the program's.
      view.setBigUint64(at + 8, (BigInt(2 + indices.indexOf(low)) << 32n) | BigInt(R_BPF_64_64), little);
    };
  const symbols = [
    symbol('', 0, 0, 0, 0),
    symbol(program.name, GLOBAL_FUNCTION, SECTION.code, 0, code.length),
    ...maps.map((map, index) => symbol(map!.name, GLOBAL_OBJECT, SECTION.maps, index * MAP_SIZE, MAP_SIZE)),
  ];
  return elf(
    [
      { name: program.section, type: TYPE.program, flags: ALLOCATED | EXECUTABLE, bytes: code },
      {
        name: `.rel${program.section}`,
        type: TYPE.relocations,
        link: SECTION.symbols,
        info: SECTION.code,
        entrySize: 16,
        bytes: records(16, loads.map(relocation)),
      },
      {
        name: 'maps',
        type: TYPE.program,
        flags: ALLOCATED | WRITABLE,
        bytes: records(
          MAP_SIZE,
          maps.map((map) => definition(map!)),
        ),
      },
      { name: '.strtab', type: TYPE.strings, bytes: names.bytes },
      { name: '.symtab', type: TYPE.symbols, link: SECTION.strings, info: 1, entrySize: SYMBOL_SIZE, bytes: records(SYMBOL_SIZE, symbols) },
      ...(object.license === undefined
        ? []
        : [{ name: 'license', type: TYPE.program, flags: ALLOCATED | WRITABLE, bytes: new TextEncoder().encode(`${object.license}\0`) }]),
    ],
    little,
  );
}

function isPlain({ origin, inner, innerTemplate, data, initialSlots }: MapDefinition): boolean {
  return origin !== 'data' && inner === undefined && innerTemplate !== true && data === undefined && (initialSlots ?? []).length === 0;
}

function stringTable(names: readonly string[]): { readonly bytes: Uint8Array; at(name: string): number } {
  const offsets = new Map([['', 0]]);
  let text = '\0';
  for (const name of names) {
    if (offsets.has(name)) continue;
    offsets.set(name, new TextEncoder().encode(text).length);
    text += `${name}\0`;
  }
  return { bytes: new TextEncoder().encode(text), at: (name) => offsets.get(name)! };
}

/** An ELF64 relocatable for BPF out of sections; the empty section and the table of section names are added. */
function elf(given: readonly Section[], little: boolean): Uint8Array {
  const names = stringTable([...given.map(({ name }) => name), '.shstrtab']);
  const sections: readonly Section[] = [
    { name: '', type: 0, bytes: new Uint8Array(0) },
    ...given,
    { name: '.shstrtab', type: TYPE.strings, bytes: names.bytes },
  ];
  let end = HEADER_SIZE;
  const positions = sections.map(({ bytes }) => {
    const position = end;
    end = (end + bytes.length + 7) & ~7;
    return position;
  });
  const file = new Uint8Array(end + sections.length * HEADER_SIZE);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1]);
  view.setUint16(16, 1, little);
  view.setUint16(18, EM_BPF, little);
  view.setUint32(20, 1, little);
  view.setBigUint64(40, BigInt(end), little);
  view.setUint16(52, HEADER_SIZE, little);
  view.setUint16(58, HEADER_SIZE, little);
  view.setUint16(60, sections.length, little);
  view.setUint16(62, sections.length - 1, little);
  sections.forEach(({ name, type, flags = 0, link = 0, info = 0, entrySize = 0, bytes }, index) => {
    file.set(bytes, positions[index]!);
    const at = end + index * HEADER_SIZE;
    view.setUint32(at, names.at(name), little);
    view.setUint32(at + 4, type, little);
    view.setBigUint64(at + 8, BigInt(flags), little);
    view.setBigUint64(at + 24, BigInt(type === 0 ? 0 : positions[index]!), little);
    view.setBigUint64(at + 32, BigInt(bytes.length), little);
    view.setUint32(at + 40, link, little);
    view.setUint32(at + 44, info, little);
    view.setBigUint64(at + 48, 8n, little);
    view.setBigUint64(at + 56, BigInt(entrySize), little);
  });
  return file;
}
