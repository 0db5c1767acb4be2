import { DecodeError, decode, SLOT_SIZE } from '../isa/decode.ts';
import type { InstructionList } from '../isa/instruction.ts';
import { CALL, CALL_SOURCE, LDDW, WIDE_SOURCES } from '../isa/opcodes.ts';
import { validate } from '../isa/validate.ts';
import type { Btf } from './btf.ts';
import type { BtfExtension, CoreRelocation } from './btf-ext.ts';
import { CodeBuffer } from './code-buffer.ts';
import { applyCoreRelocation, CoreError } from './core-relocation.ts';
import { dataSectionKind } from './data-maps.ts';
import { type Elf, type ElfRelocation, type ElfSection, type ElfSymbol, isCode, readRelocations, SHN, sectionBytes } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { Externs } from './externs.ts';
import type { CodeFunction } from './functions.ts';
import type { PlacedMap } from './legacy-maps.ts';
import type { FunctionRange, LineInfo, ObjectDefect } from './object-file.ts';

/** Everything linking looks things up in. */
export interface LinkInput {
  readonly elf: Elf;
  readonly functions: readonly CodeFunction[];
  readonly maps: readonly PlacedMap[];
  readonly externs: Externs;
  /** Index of the `.kconfig` map. */
  readonly kconfig: number | undefined;
  readonly btf: Btf | undefined;
  readonly extension: BtfExtension | undefined;
  /** Ids of helpers that code calls by symbol name instead of by number. */
  readonly helperId: (name: string) => number | undefined;
}

export interface LinkedProgram {
  readonly instructions: InstructionList;
  readonly functions: readonly FunctionRange[];
  readonly defect: ObjectDefect | undefined;
}

/** Relocation types in code (Linux Documentation/bpf/llvm_reloc.rst). */
const R_BPF = { none: 0, lddw: 1, call: 10 } as const;
/** Linked slots of one program: the kernel's limit for privileged loaders. Overlapping functions in a hostile file could multiply. */
const MAX_SLOTS = 1_000_000;

const WIDE = Object.fromEntries(WIDE_SOURCES.map(({ source, code }) => [source, code])) as Record<(typeof WIDE_SOURCES)[number]['source'], number>;

/** A reason why one instruction cannot be linked. */
class LinkError extends Error {}

/** A function being relocated; `next` is the slot of its own to look at next. */
interface Frame {
  readonly item: CodeFunction;
  readonly start: number;
  readonly slots: number;
  next: number;
}

/** Links programs of one object: appends the subprograms an entry reaches and applies relocations, as libbpf does it. */
export class Linker {
  readonly #input: LinkInput;
  readonly #functionAt = new Map<string, CodeFunction>();
  readonly #mapAt = new Map<string, number>();
  readonly #relocations = new Map<number, ReadonlyMap<number, ElfRelocation>>();
  readonly #core = new Map<string, ReadonlyMap<number, CoreRelocation>>();

  constructor(input: LinkInput) {
    this.#input = input;
    for (const item of input.functions) {
      const key = place(item.section.index, item.offset);
      if (!this.#functionAt.has(key)) this.#functionAt.set(key, item);
    }
    input.maps.forEach((map, index) => {
      if (map.section !== undefined) this.#mapAt.set(place(map.section, map.offset), index);
    });
  }

  /**
   * The entry function followed by every subprogram it reaches, depth first in order of first call. What cannot be linked or decoded
   * becomes the defect; the instructions then go as far as they can be decoded.
   */
  link(entry: CodeFunction): LinkedProgram {
    const state = new Linking(this.#input.elf, entry);
    try {
      while (state.frame !== undefined) this.#step(state, state.frame);
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      state.fail(error.message, 0);
    }
    return state.finish(this.#input.extension);
  }

  /** Relocates one instruction, or ends the frame. */
  #step(state: Linking, frame: Frame): void {
    if (frame.next >= frame.slots) {
      state.stack.pop();
      return;
    }
    const own = frame.next;
    const slot = frame.start + own;
    const offset = frame.item.offset + own * SLOT_SIZE;
    const wide = state.code.opcode(slot) === LDDW;
    frame.next += wide ? 2 : 1;
    try {
      const relocation = this.#relocationsOf(frame.item.section).get(offset);
      if (relocation !== undefined) this.#relocate(state, frame, slot, relocation);
      else if (state.code.opcode(slot) === CALL && state.code.source(slot) === CALL_SOURCE.local) {
        this.#call(state, slot, frame.item.section, offset + (state.code.imm(slot) + 1) * SLOT_SIZE);
      }
      this.#relocateCore(state, frame, slot, offset);
    } catch (error) {
      if (!(error instanceof LinkError) && !(error instanceof CoreError)) throw error;
      state.fail(`${error.message} in section ${frame.item.section.name} at location ${offset / SLOT_SIZE}`, slot);
    }
  }

  #relocate(state: Linking, frame: Frame, slot: number, relocation: ElfRelocation): void {
    const symbol = this.#input.elf.symbols[relocation.symbol];
    if (symbol === undefined) throw new LinkError(`relocation against symbol ${relocation.symbol}, which does not exist`);
    const opcode = state.code.opcode(slot);
    const addend = relocation.addend ?? state.code.imm(slot);
    if (relocation.type === R_BPF.lddw && opcode === LDDW && frame.next <= frame.slots) this.#address(state, slot, symbol, addend);
    else if (relocation.type === R_BPF.call && opcode === CALL) this.#callSymbol(state, slot, symbol, addend);
    else throw new LinkError(`relocation of type ${relocation.type} does not fit the instruction (opcode 0x${opcode.toString(16)})`);
  }

  #callSymbol(state: Linking, slot: number, symbol: ElfSymbol, addend: number): void {
    if (symbol.section === SHN.undef) return this.#callExtern(state, slot, symbol);
    const section = this.#input.elf.sections[symbol.section];
    if (section === undefined || !isCode(section)) throw new LinkError(`call of ${symbol.name || 'a symbol'}, which is no function`);
    // The immediate counts from the following instruction; -1 is the symbol itself.
    this.#call(state, slot, section, symbol.value + (addend + 1) * SLOT_SIZE);
  }

  #callExtern(state: Linking, slot: number, symbol: ElfSymbol): void {
    const index = this.#input.externs.byName.get(symbol.name);
    const extern = index === undefined ? undefined : this.#input.externs.list[index];
    if (index === undefined || extern === undefined) throw new LinkError(`Unresolved external symbol ${symbol.name}`);
    if (extern.kind === 'kconfig' || extern.kind === 'ksym') throw new LinkError(`call of ${symbol.name}, which is a variable`);
    const helper = extern.kind === 'function' ? this.#input.helperId(symbol.name) : undefined;
    state.code.setSource(slot, helper === undefined ? CALL_SOURCE.btf : CALL_SOURCE.helper);
    state.code.setImm(slot, helper ?? index);
  }

  #call(state: Linking, slot: number, section: ElfSection, offset: number): void {
    const start = state.include(this.#target(section, offset, 'call'));
    state.code.setSource(slot, CALL_SOURCE.local);
    state.code.setImm(slot, start - slot - 1);
  }

  #target(section: ElfSection, offset: number, what: string): CodeFunction {
    const target = this.#functionAt.get(place(section.index, offset));
    if (target === undefined) throw new LinkError(`${what} of location ${offset / SLOT_SIZE} in section ${section.name}, where no function starts`);
    return target;
  }

  /** A 64-bit immediate load that names a map, global data, a function or an extern. */
  #address(state: Linking, slot: number, symbol: ElfSymbol, addend: number): void {
    const { elf, maps, externs, kconfig } = this.#input;
    if (symbol.section === SHN.undef) {
      const index = externs.byName.get(symbol.name);
      const extern = index === undefined ? undefined : externs.list[index];
      if (extern?.kind === 'kconfig' && kconfig !== undefined) return setWide(state.code, slot, 'map_value', kconfig, (extern.offset ?? 0) + addend);
      if (index === undefined || extern === undefined || extern.kind === 'function') throw new LinkError(`Unresolved external symbol ${symbol.name}`);
      return setWide(state.code, slot, 'variable', index, 0);
    }
    const section = elf.sections[symbol.section];
    if (section === undefined) throw new LinkError(`relocation against ${symbol.name || 'a symbol'}, which is in no section`);
    if (isCode(section)) {
      const start = state.include(this.#target(section, symbol.value + addend, 'address'));
      return setWide(state.code, slot, 'code', start - slot - 1, 0);
    }
    const map = this.#mapAt.get(place(section.index, symbol.value + addend));
    if (map !== undefined && maps[map]?.definition.origin !== 'data') return setWide(state.code, slot, 'map_fd', map, 0);
    const data = dataSectionKind(section) === undefined ? undefined : this.#mapAt.get(place(section.index, 0));
    if (data === undefined) throw new LinkError(`relocation against ${symbol.name || section.name}, which is neither map, data nor function`);
    setWide(state.code, slot, 'map_value', data, symbol.value + addend);
  }

  #relocateCore(state: Linking, frame: Frame, slot: number, offset: number): void {
    const relocation = this.#coreOf(frame.item.section.name).get(offset);
    if (relocation !== undefined && this.#input.btf !== undefined) applyCoreRelocation(state.code, slot, relocation, this.#input.btf);
  }

  #relocationsOf(section: ElfSection): ReadonlyMap<number, ElfRelocation> {
    let known = this.#relocations.get(section.index);
    if (known === undefined) {
      const found = new Map<number, ElfRelocation>();
      for (const relocation of readRelocations(this.#input.elf, section)) {
        if (relocation.type === R_BPF.none) continue;
        if (relocation.offset % SLOT_SIZE !== 0 || relocation.offset >= section.size) {
          throw new ObjectError('out-of-range', this.#input.elf.path, 'relocation is not at an instruction', {
            section: section.name,
            offset: relocation.offset,
          });
        }
        found.set(relocation.offset, relocation);
      }
      known = found;
      this.#relocations.set(section.index, known);
    }
    return known;
  }

  #coreOf(section: string): ReadonlyMap<number, CoreRelocation> {
    let known = this.#core.get(section);
    if (known === undefined) {
      known = new Map(this.#input.extension?.relocations.get(section)?.map((relocation) => [relocation.offset, relocation]));
      this.#core.set(section, known);
    }
    return known;
  }
}

/** One program on its way: the code so far, where functions went, and the functions still to be relocated. */
class Linking {
  readonly code: CodeBuffer;
  readonly stack: Frame[] = [];
  readonly #elf: Elf;
  readonly #placed = new Map<CodeFunction, number>();
  readonly #ranges: { readonly item: CodeFunction; readonly start: number; readonly end: number }[] = [];
  #defect: ObjectDefect | undefined;

  constructor(elf: Elf, entry: CodeFunction) {
    this.#elf = elf;
    this.code = new CodeBuffer(elf.byteOrder, entry.size);
    try {
      this.include(entry);
    } catch (error) {
      if (!(error instanceof LinkError) && !(error instanceof ObjectError)) throw error;
      this.fail(error.message, 0);
    }
  }

  get frame(): Frame | undefined {
    return this.stack.at(-1);
  }

  /** The first defect wins: later ones often follow from it. */
  fail(message: string, slot: number): void {
    this.#defect ??= { message, slot };
  }

  /** Start slot of a function in the linked code, appending it if this is the first call of it. */
  include(item: CodeFunction): number {
    const known = this.#placed.get(item);
    if (known !== undefined) return known;
    if (item.problem !== undefined) throw new LinkError(`${item.name}: ${item.problem}`);
    const start = this.code.slots;
    const slots = item.size / SLOT_SIZE;
    if (start + slots > MAX_SLOTS) throw new LinkError(`${item.name} makes the program longer than ${MAX_SLOTS} instructions`);
    this.code.append(sectionBytes(this.#elf, item.section).subarray(item.offset, item.offset + item.size));
    this.#placed.set(item, start);
    this.#ranges.push({ item, start, end: start + slots });
    this.stack.push({ item, start, slots, next: 0 });
    return start;
  }

  finish(extension: BtfExtension | undefined): LinkedProgram {
    const instructions = this.#decode();
    if (this.#defect === undefined) this.#check(instructions);
    const functions = this.#ranges.map(({ item, start, end }): FunctionRange => {
      const info = extension?.functions.get(item.section.name)?.find((candidate) => candidate.offset === item.offset);
      return {
        name: item.name,
        start,
        end,
        section: item.section.name,
        sectionSlot: item.offset / SLOT_SIZE,
        linkage: item.linkage,
        ...(info === undefined ? {} : { btfId: info.type }),
      };
    });
    return { instructions, functions, defect: this.#defect };
  }

  #decode(): InstructionList {
    const { bytes, byteOrder } = this.code;
    try {
      return decode(bytes, byteOrder);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.fail(error.message, error.slot);
      // The first half of a broken wide load stands before the slot to blame.
      for (const end of [error.slot, error.slot - 1]) {
        try {
          return decode(bytes.subarray(0, Math.max(0, end) * SLOT_SIZE), byteOrder);
        } catch (shorter) {
          if (!(shorter instanceof DecodeError)) throw shorter;
        }
      }
      return [];
    }
  }

  /** Jumps land on instructions of their own function, and no function runs into the next one. */
  #check(instructions: InstructionList): void {
    const [problem] = validate(instructions);
    if (problem !== undefined) return this.fail(`instruction ${problem.slot}: ${problem.reason}`, problem.slot);
    for (const { item, start, end } of this.#ranges) {
      let last = start;
      for (let slot = start; slot < end; slot++) {
        const instruction = instructions[slot];
        if (instruction === undefined) continue;
        last = slot;
        if (instruction.kind !== 'jump' && instruction.kind !== 'branch' && instruction.kind !== 'may_goto') continue;
        const target = slot + 1 + instruction.offset;
        if (target < start || target >= end) return this.fail(`instruction ${slot}: jump to ${target} leaves function ${item.name}`, slot);
      }
      const kind = instructions[last]?.kind;
      if (kind !== 'exit' && kind !== 'jump') return this.fail(`instruction ${last}: function ${item.name} runs off its end`, last);
    }
  }
}

function setWide(code: CodeBuffer, slot: number, source: keyof typeof WIDE, low: number, high: number): void {
  code.setSource(slot, WIDE[source]);
  code.setImm(slot, low);
  code.setImm(slot + 1, high);
}

function place(section: number, offset: number): string {
  return `${section}:${offset}`;
}

/** Source lines of linked functions by linked slot, ascending. Records that repeat their predecessor's position are kept: they start statements. */
export function linesOf(functions: readonly FunctionRange[], extension: BtfExtension | undefined): readonly LineInfo[] {
  return functions.flatMap(({ section, sectionSlot, start, end }) => {
    const first = sectionSlot * SLOT_SIZE;
    const last = first + (end - start) * SLOT_SIZE;
    return (extension?.lines.get(section) ?? [])
      .filter(({ offset }) => offset >= first && offset < last && offset % SLOT_SIZE === 0)
      .map(({ offset, file, line, column, text }) => ({ slot: start + (offset - first) / SLOT_SIZE, file, line, column, text }));
  });
}
