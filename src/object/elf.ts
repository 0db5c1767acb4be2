import type { ByteOrder } from '../isa/decode.ts';
import { type Fail, Reader, stringAt } from './bytes.ts';
import { ElfError } from './errors.ts';

/** Section types, flags and symbol constants (System V gABI, "Sections" and "Symbol Table"). */
export const SHT = { progbits: 1, symtab: 2, strtab: 3, rela: 4, nobits: 8, rel: 9 } as const;
export const SHF = { write: 1, alloc: 2, execInstr: 4 } as const;
export const STT = { notype: 0, object: 1, func: 2, section: 3, file: 4 } as const;
export const STB = { local: 0, global: 1, weak: 2 } as const;
export const SHN = { undef: 0, loReserve: 0xff00, abs: 0xfff1, common: 0xfff2, xindex: 0xffff } as const;

const ELF_HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATABLE = 1;
/** EM_BPF, and EM_NONE, which compilers wrote before EM_BPF was assigned. */
const MACHINES: ReadonlySet<number> = new Set([0, 247]);

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entrySize: number;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly binding: number;
  /** STV_*: 0 default, 1 internal, 2 hidden, 3 protected. */
  readonly visibility: number;
  /** Section index; SHN.undef, SHN.abs and SHN.common keep their meaning, an index beyond the table is -1. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

export interface ElfRelocation {
  /** Byte offset in the section that is patched. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: number;
  /** RELA only; REL keeps the addend in place. */
  readonly addend: number | undefined;
}

export interface Elf {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly byteOrder: ByteOrder;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Relocation sections by the index of the section they patch. */
  readonly relocationTables: ReadonlyMap<number, readonly ElfSection[]>;
}

function failFor(path: string): Fail {
  return (kind, reason, location) => new ElfError(kind, path, reason, location);
}

/**
 * Reads the skeleton of an eBPF relocatable: header, section table, symbol table. ELF64 in either byte order (System V gABI).
 * Section contents are checked when they are asked for, so damage in a section nobody needs does no harm.
 * Throws ElfError.
 */
export function readElf(file: Uint8Array, path: string): Elf {
  const fail = failFor(path);
  // A Buffer's methods differ (its slice shares memory), and nothing of it may end up in results.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < ELF_HEADER_SIZE) throw fail('truncated', `${bytes.length} bytes are too short for an ELF64 header`, { offset: 0 });
  if (bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    throw fail('unsupported', 'not an ELF file', { offset: 0 });
  }
  if (bytes[4] !== 2) throw fail('unsupported', `ELF class ${bytes[4]} is not 64-bit`, { offset: 4 });
  if (bytes[5] !== 1 && bytes[5] !== 2) throw fail('malformed', `ELF data encoding ${bytes[5]} is neither little nor big endian`, { offset: 5 });
  if (bytes[6] !== 1) throw fail('malformed', `ELF version ${bytes[6]} is not 1`, { offset: 6 });
  const byteOrder: ByteOrder = bytes[5] === 1 ? 'little' : 'big';
  const reader = new Reader(bytes, byteOrder, undefined, fail);
  const type = reader.u16(16, 'e_type');
  if (type !== RELOCATABLE) throw fail('unsupported', `ELF type ${type} is not a relocatable object`, { offset: 16 });
  const machine = reader.u16(18, 'e_machine');
  if (!MACHINES.has(machine)) throw fail('unsupported', `ELF machine ${machine} is not BPF`, { offset: 18 });

  const sections = readSections(reader);
  const relocationTables = new Map<number, ElfSection[]>();
  for (const section of sections) {
    if (section.type !== SHT.rel && section.type !== SHT.rela) continue;
    const tables = relocationTables.get(section.info) ?? [];
    tables.push(section);
    relocationTables.set(section.info, tables);
  }
  const skeleton: Elf = { path, bytes, byteOrder, sections, symbols: [], relocationTables };
  return { ...skeleton, symbols: readSymbols(skeleton) };
}

function readSections(reader: Reader): readonly ElfSection[] {
  const table = reader.size64(40, 'e_shoff');
  if (table === 0) throw reader.error('malformed', 'the file has no section table', 40);
  const entrySize = reader.u16(58, 'e_shentsize');
  if (entrySize !== SECTION_HEADER_SIZE) throw reader.error('malformed', `section header size ${entrySize} is not ${SECTION_HEADER_SIZE}`, 58);
  // Counts that do not fit 16 bits stand in the first section header.
  const shortCount = reader.u16(60, 'e_shnum');
  const shortNames = reader.u16(62, 'e_shstrndx');
  const count = shortCount === 0 ? reader.size64(table + 32, 'extended section count') : shortCount;
  const names = shortNames === SHN.xindex ? reader.u32(table + 40, 'extended section name index') : shortNames;
  reader.need(table, count * SECTION_HEADER_SIZE, `section table of ${count} entries`);
  if (count === 0) throw reader.error('malformed', 'the file has no sections', 60);

  const nameOffsets: number[] = [];
  const raw: Omit<ElfSection, 'name'>[] = [];
  for (let index = 0; index < count; index++) {
    const at = table + index * SECTION_HEADER_SIZE;
    nameOffsets.push(reader.u32(at, 'sh_name'));
    raw.push({
      index,
      type: reader.u32(at + 4, 'sh_type'),
      flags: reader.size64(at + 8, 'sh_flags'),
      offset: reader.size64(at + 24, 'sh_offset'),
      size: reader.size64(at + 32, 'sh_size'),
      link: reader.u32(at + 40, 'sh_link'),
      info: reader.u32(at + 44, 'sh_info'),
      entrySize: reader.size64(at + 56, 'sh_entsize'),
    });
  }
  const strings = raw[names];
  if (strings === undefined) throw reader.error('out-of-range', `section name table index ${names} is not below ${count}`, 62);
  const text = reader.slice(strings.offset, strings.size, 'section name table');
  // A name outside its table is treated as empty: such a section is never looked up by name.
  return raw.map((section, index) => ({ ...section, name: index === 0 ? '' : (stringAt(text, nameOffsets[index] ?? 0) ?? '') }));
}

/** The bytes of a section; empty for SHT_NOBITS. Throws ElfError where they are not in the file. */
export function sectionBytes(elf: Elf, section: ElfSection): Uint8Array {
  if (section.type === SHT.nobits || section.type === 0) return new Uint8Array(0);
  if (section.offset + section.size > elf.bytes.length) {
    throw new ElfError(
      'truncated',
      elf.path,
      `its ${section.size} bytes at file offset 0x${section.offset.toString(16)} reach beyond the end of the file`,
      { section: section.name },
    );
  }
  return elf.bytes.subarray(section.offset, section.offset + section.size);
}

/** A bounded reader over a section, whose errors are ElfErrors that name it. */
export function sectionReader(elf: Elf, section: ElfSection): Reader {
  return new Reader(sectionBytes(elf, section), elf.byteOrder, section.name, failFor(elf.path));
}

function readSymbols(elf: Elf): readonly ElfSymbol[] {
  const table = elf.sections.find((section) => section.type === SHT.symtab);
  if (table === undefined) return [];
  const reader = sectionReader(elf, table);
  if (table.entrySize !== SYMBOL_SIZE) throw reader.error('malformed', `symbol size ${table.entrySize} is not ${SYMBOL_SIZE}`);
  if (table.size % SYMBOL_SIZE !== 0) throw reader.error('malformed', `${table.size} bytes are not a whole number of ${SYMBOL_SIZE}-byte symbols`);
  const strings = elf.sections[table.link];
  if (strings === undefined) throw reader.error('out-of-range', `string table index ${table.link} is not below ${elf.sections.length}`);
  const text = sectionBytes(elf, strings);
  const symbols: ElfSymbol[] = [];
  for (let at = 0; at < table.size; at += SYMBOL_SIZE) {
    const info = reader.u8(at + 4, 'st_info');
    const section = reader.u16(at + 6, 'st_shndx');
    const type = info & 0xf;
    const named = section < elf.sections.length ? elf.sections[section] : undefined;
    symbols.push({
      index: at / SYMBOL_SIZE,
      // A section symbol has no name of its own.
      name: type === STT.section ? (named?.name ?? '') : (stringAt(text, reader.u32(at, 'st_name')) ?? ''),
      type,
      binding: info >> 4,
      visibility: reader.u8(at + 5, 'st_other') & 3,
      section: named !== undefined || section === SHN.abs || section === SHN.common ? section : -1,
      value: reader.size64(at + 8, 'st_value'),
      size: reader.size64(at + 16, 'st_size'),
    });
  }
  return symbols;
}

/**
 * Relocations against a section, in table order; none where it has no relocation section. REL and RELA are read
 * (Linux Documentation/bpf/llvm_reloc.rst). Throws ElfError.
 */
export function readRelocations(elf: Elf, target: ElfSection): readonly ElfRelocation[] {
  const relocations: ElfRelocation[] = [];
  for (const table of elf.relocationTables.get(target.index) ?? []) {
    const reader = sectionReader(elf, table);
    const size = table.type === SHT.rel ? 16 : 24;
    if (table.size % size !== 0) throw reader.error('malformed', `${table.size} bytes are not a whole number of ${size}-byte relocations`);
    for (let at = 0; at < table.size; at += size) {
      // r_info is symbol << 32 | type in the file's byte order.
      relocations.push({
        offset: reader.size64(at, 'r_offset'),
        type: reader.u32(at + (reader.little ? 8 : 12), 'relocation type'),
        symbol: reader.u32(at + (reader.little ? 12 : 8), 'relocation symbol'),
        addend: table.type === SHT.rela ? reader.i32(at + (reader.little ? 16 : 20), 'r_addend') : undefined,
      });
    }
  }
  return relocations;
}

/** Whether a section holds instructions: allocated, executable contents. */
export function isCode(section: ElfSection): boolean {
  return section.type === SHT.progbits && (section.flags & SHF.execInstr) !== 0 && (section.flags & SHF.alloc) !== 0;
}
