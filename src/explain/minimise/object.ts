import { encode } from '../../isa/encode.ts';
import type { Instruction } from '../../isa/instruction.ts';
import { type Elf, type ElfSection, type ElfSymbol, isCode, readElf, SHN, SHT, STT, sectionBytes } from '../../object/elf.ts';
import type { FunctionRange, ObjectFile, ObjectProgram } from '../../object/object-file.ts';

/** Why an object cannot hold a program; one sentence without its full stop. */
export class UnwritableError extends Error {
  override readonly name = 'UnwritableError';
}

/** Relocation types in code (Linux Documentation/bpf/llvm_reloc.rst). */
const R_BPF = { lddw: 1, call: 10 } as const;
const SLOT = 8;
const HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 16;
/** Sections about the code as it was: its lines and types, relocations that are applied already, and the debugger's. */
const ABOUT_CODE = /^(?:\.BTF\.ext|\.debug_.*)$/;

interface Relocation {
  readonly offset: number;
  readonly symbol: number;
  readonly type: number;
}

/** An instruction as it stands in an object, with the symbol that a loader puts in. */
interface Unlinked {
  readonly instruction: Instruction;
  readonly symbol?: ElfSymbol;
}

/** A function at its new place. */
interface PlacedFunction extends FunctionRange {
  readonly home: ElfSection;
  /** Bytes into its section. */
  readonly offset: number;
}

/**
 * The object with the code of one linked program in the place of all code that it has: its maps, global data, types and symbols stay as they are, so that
 * it loads as the original did. Lines are left out, they belong to the code that is gone.
 *
 * @param bytes of the object that the program comes from.
 * @param object what was read from them.
 * @throws UnwritableError where the code needs what the object does not have; ObjectError where the bytes are no ELF object.
 */
export function objectWith(bytes: Uint8Array, object: ObjectFile, program: ObjectProgram): Uint8Array {
  return new Rewriting(readElf(bytes, object.path), object, program).file();
}

class Rewriting {
  private readonly elf: Elf;
  private readonly object: ObjectFile;
  private readonly program: ObjectProgram;
  private readonly functions: readonly PlacedFunction[];
  /** By section index. */
  private readonly code = new Map<number, Uint8Array>();
  private readonly relocations = new Map<number, Relocation[]>();
  /** Functions by the number of their symbol; old compilers gave functions none. */
  private readonly kept: ReadonlyMap<number, PlacedFunction>;

  constructor(elf: Elf, object: ObjectFile, program: ObjectProgram) {
    this.elf = elf;
    this.object = object;
    this.program = program;
    this.functions = this.placed();
    this.kept = new Map(this.functions.flatMap((item) => this.symbolsOf(item).map(({ index }) => [index, item] as const)));
    for (const section of elf.sections.filter(isCode)) this.code.set(section.index, new Uint8Array(0));
    for (const item of this.functions) this.write(item);
  }

  /** The functions one behind the other in the sections that they come from. */
  private placed(): readonly PlacedFunction[] {
    const ends = new Map<number, number>();
    return this.program.functions.map((range) => {
      const home = this.elf.sections.find((section) => isCode(section) && section.name === range.section);
      if (home === undefined) throw new UnwritableError(`The object has no section ${range.section} for ${range.name}`);
      const offset = ends.get(home.index) ?? 0;
      ends.set(home.index, offset + (range.end - range.start) * SLOT);
      return { ...range, home, offset };
    });
  }

  private write({ home, offset, start, end }: PlacedFunction): void {
    const units = this.program.instructions
      .slice(start, end)
      .map((instruction, index) => instruction && this.unlinked(instruction, start + index, home));
    units.forEach((unit, index) => {
      if (unit?.symbol === undefined) return;
      const list = this.relocations.get(home.index) ?? [];
      const type = unit.instruction.kind === 'lddw' ? R_BPF.lddw : R_BPF.call;
      list.push({ offset: offset + index * SLOT, symbol: unit.symbol.index, type });
      this.relocations.set(home.index, list);
    });
    const before = this.code.get(home.index)!;
    const written = encode(
      units.map((unit) => unit?.instruction),
      this.elf.byteOrder,
    );
    const grown = new Uint8Array(before.length + written.length);
    grown.set(before);
    grown.set(written, before.length);
    this.code.set(home.index, grown);
  }

  /** What stands in an object for an instruction that a loader has put addresses into. */
  private unlinked(instruction: Instruction, slot: number, home: ElfSection): Unlinked {
    switch (instruction.kind) {
      case 'lddw':
        return instruction.source === 'immediate' ? { instruction } : this.address(instruction, slot);
      case 'call_local': {
        const callee = this.functionAt(slot + 1 + instruction.offset);
        const here = this.functions.find(({ start, end }) => slot >= start && slot < end)!;
        if (callee.home === home) {
          const from = here.offset / SLOT + (slot - here.start);
          return { instruction: { ...instruction, offset: callee.offset / SLOT - from - 1 } };
        }
        // The immediate counts from the following instruction; -1 is the symbol itself.
        return { instruction: { ...instruction, offset: -1 }, symbol: this.symbolOf(callee) };
      }
      case 'call_btf':
        return { instruction: { kind: 'call_local', offset: -1 }, symbol: this.extern(this.object.externs[instruction.btfId]?.name) };
      default:
        return { instruction };
    }
  }

  private address(load: Extract<Instruction, { kind: 'lddw' }>, slot: number): Unlinked {
    const plain = (symbol: ElfSymbol, low = 0): Unlinked => ({ instruction: { ...load, source: 'immediate', low, high: 0 }, symbol });
    switch (load.source) {
      case 'map_fd':
        return plain(this.mapSymbol(this.object.maps[load.low]?.name));
      case 'map_value':
        return this.data(load.low, load.high, plain);
      case 'variable':
        return plain(this.extern(this.object.externs[load.low]?.name));
      case 'code':
        return plain(this.symbolOf(this.functionAt(slot + 1 + load.low)));
      default:
        throw new UnwritableError(`An object cannot hold the map that instruction ${slot} names by its number`);
    }
  }

  private data(map: number, offset: number, plain: (symbol: ElfSymbol, low: number) => Unlinked): Unlinked {
    const settings = this.object.externs.find(
      ({ kind, offset: at = 0, size = 0 }) => kind === 'kconfig' && offset >= at && offset < at + Math.max(1, size),
    );
    const name = this.object.maps[map]?.data?.section;
    if (name === '.kconfig' && settings !== undefined) return plain(this.extern(settings.name), offset - (settings.offset ?? 0));
    const section = this.elf.sections.find((candidate) => candidate.name === name);
    const symbol = this.elf.symbols.find((candidate) => candidate.section === section?.index);
    if (symbol === undefined) throw new UnwritableError(`The object has no symbol in ${name ?? 'its data'}`);
    return plain(symbol, offset - symbol.value);
  }

  private functionAt(slot: number): PlacedFunction {
    const found = this.functions.find(({ start }) => start === slot);
    if (found === undefined) throw new UnwritableError(`No function begins at instruction ${slot}`);
    return found;
  }

  /** The symbols of a function: those at its place, else the first with its name. */
  private symbolsOf({ name, home, sectionSlot }: PlacedFunction): readonly ElfSymbol[] {
    const named = this.elf.symbols.filter((symbol) => symbol.type === STT.func && symbol.section === home.index && symbol.name === name);
    return named.filter(({ value }, at) => value === sectionSlot * SLOT || (at === 0 && !named.some((other) => other.value === sectionSlot * SLOT)));
  }

  private symbolOf(item: PlacedFunction): ElfSymbol {
    const [found] = this.symbolsOf(item);
    if (found === undefined) throw new UnwritableError(`The object has no symbol for the function ${item.name}`);
    return found;
  }

  private mapSymbol(name: string | undefined): ElfSymbol {
    const found = this.elf.symbols.find(
      (symbol) => symbol.name === name && symbol.type !== STT.func && symbol.type !== STT.section && symbol.section > 0,
    );
    if (found === undefined) throw new UnwritableError(`The object has no symbol for the map ${name}`);
    return found;
  }

  private extern(name: string | undefined): ElfSymbol {
    const found = this.elf.symbols.find((symbol) => symbol.name === name && symbol.section === SHN.undef);
    if (found === undefined) throw new UnwritableError(`The object has no symbol ${name} to be resolved`);
    return found;
  }

  // --- the file -----------------------------------------------------------------------------------------------------------------------------

  file(): Uint8Array {
    const contents = this.elf.sections.map((section) => this.contentOf(section));
    const missing = [...this.relocations.keys()].find((index) => !this.elf.relocationTables.has(index));
    if (missing !== undefined) throw new UnwritableError(`Section ${this.elf.sections[missing]!.name} has no table of relocations`);
    let end = HEADER_SIZE;
    const positions = contents.map((content) => {
      const position = end;
      end = (end + (content?.length ?? 0) + 7) & ~7;
      return position;
    });
    const old = new DataView(this.elf.bytes.buffer, this.elf.bytes.byteOffset, this.elf.bytes.byteLength);
    const little = this.elf.byteOrder === 'little';
    const headers = Number(old.getBigUint64(40, little));
    const size = this.elf.sections.length * HEADER_SIZE;
    const file = new Uint8Array(end + size);
    file.set(this.elf.bytes.subarray(0, HEADER_SIZE));
    file.set(this.elf.bytes.subarray(headers, headers + size), end);
    const view = new DataView(file.buffer);
    view.setBigUint64(40, BigInt(end), little);
    this.elf.sections.forEach(({ index, type }) => {
      const content = contents[index];
      const at = end + index * HEADER_SIZE;
      // What stands in no file keeps its size and has no bytes.
      if (type === SHT.nobits || index === 0) return;
      if (content === undefined) {
        // An empty section is found by no name.
        view.setUint32(at, 0, little);
        view.setUint32(at + 4, 0, little);
        view.setBigUint64(at + 8, 0n, little);
      } else file.set(content, positions[index]!);
      view.setBigUint64(at + 24, BigInt(positions[index]!), little);
      view.setBigUint64(at + 32, BigInt(content?.length ?? 0), little);
      if (content !== undefined && this.isCodeTable(this.elf.sections[index]!)) {
        view.setUint32(at + 4, SHT.rel, little);
        view.setBigUint64(at + 56, BigInt(RELOCATION_SIZE), little);
      }
    });
    return file;
  }

  private isCodeTable({ type, info }: ElfSection): boolean {
    return (type === SHT.rel || type === SHT.rela) && this.code.has(info);
  }

  /** The new bytes of a section; undefined for one that is left out. */
  private contentOf(section: ElfSection): Uint8Array | undefined {
    const code = this.code.get(section.index);
    if (code !== undefined) return code.length === 0 ? undefined : code;
    if (ABOUT_CODE.test(section.name)) return undefined;
    if (section.type === SHT.rel || section.type === SHT.rela) {
      const patched = this.elf.sections[section.info];
      if (patched !== undefined && ABOUT_CODE.test(patched.name)) return undefined;
    }
    if (this.isCodeTable(section)) return this.table(section);
    if (section.type === SHT.rel || section.type === SHT.rela) return this.remaining(section);
    return section.type === SHT.symtab ? this.symbols(section) : sectionBytes(this.elf, section);
  }

  /** Relocations of a code section; of several tables for one the first holds them all. */
  private table({ index, info }: ElfSection): Uint8Array | undefined {
    const list = this.relocations.get(info) ?? [];
    if (list.length === 0 || this.elf.relocationTables.get(info)?.[0]?.index !== index) return undefined;
    const little = this.elf.byteOrder === 'little';
    const bytes = new Uint8Array(list.length * RELOCATION_SIZE);
    const view = new DataView(bytes.buffer);
    list.forEach(({ offset, symbol, type }, row) => {
      view.setBigUint64(row * RELOCATION_SIZE, BigInt(offset), little);
      view.setBigUint64(row * RELOCATION_SIZE + 8, (BigInt(symbol) << 32n) | BigInt(type), little);
    });
    return bytes;
  }

  /** Relocations of other sections, without those against functions that are gone: a map of programs begins without them. */
  private remaining(section: ElfSection): Uint8Array {
    const bytes = sectionBytes(this.elf, section);
    const size = section.type === SHT.rel ? RELOCATION_SIZE : RELOCATION_SIZE + 8;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const little = this.elf.byteOrder === 'little';
    const rows: number[] = [];
    for (let at = 0; at + size <= bytes.length; at += size) {
      const symbol = this.elf.symbols[view.getUint32(at + (little ? 12 : 8), little)];
      if (symbol === undefined || symbol.type === STT.section || !this.code.has(symbol.section) || this.kept.has(symbol.index)) rows.push(at);
    }
    const left = new Uint8Array(rows.length * size);
    for (const [index, at] of rows.entries()) left.set(bytes.subarray(at, at + size), index * size);
    return left;
  }

  /** The symbols at their old numbers: functions that are left at their new places, the others and labels in code without one. */
  private symbols(section: ElfSection): Uint8Array {
    const little = this.elf.byteOrder === 'little';
    const bytes = sectionBytes(this.elf, section).slice();
    const view = new DataView(bytes.buffer);
    for (const { index, type, section: place } of this.elf.symbols) {
      if (!this.code.has(place) || type === STT.section) continue;
      const at = index * SYMBOL_SIZE;
      const item = this.kept.get(index);
      if (item === undefined) {
        // No name, no type, no section.
        view.setUint32(at, 0, little);
        view.setUint8(at + 4, view.getUint8(at + 4) & 0xf0);
        view.setUint16(at + 6, SHN.abs, little);
      }
      view.setBigUint64(at + 8, BigInt(item?.offset ?? 0), little);
      view.setBigUint64(at + 16, BigInt(item === undefined ? 0 : (item.end - item.start) * SLOT), little);
    }
    return bytes;
  }
}
