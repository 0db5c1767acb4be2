import { SLOT_SIZE } from '../isa/decode.ts';
import type { WideSource } from '../isa/instruction.ts';
import { CALL, CALL_SOURCE, LDDW, WIDE_SOURCES } from '../isa/opcodes.ts';
import type { Btf } from './btf.ts';
import { type BtfExtension, type CoreRelocation, firstFrom } from './btf-ext.ts';
import type { CodeBuffer } from './code-buffer.ts';
import { applyCoreRelocation, CoreError } from './core-relocation.ts';
import { dataSectionKind } from './data-maps.ts';
import { type Elf, type ElfRelocation, type ElfSection, type ElfSymbol, isCode, readRelocations, SHN } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { Externs } from './externs.ts';
import type { CodeFunction } from './functions.ts';
import type { PlacedMap } from './legacy-maps.ts';
import { type Frame, LinkError, type LinkedProgram, Linking } from './linking.ts';
import type { FunctionRange, LineInfo } from './object-file.ts';

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

/** Relocation types in code (Linux Documentation/bpf/llvm_reloc.rst). */
const R_BPF = { none: 0, lddw: 1, call: 10 } as const;

const WIDE = Object.fromEntries(WIDE_SOURCES.map(({ source, code }) => [source, code])) as Record<WideSource, number>;

/** The fields of a relocated 64-bit immediate load. */
interface Wide {
  readonly source: WideSource;
  readonly low: number;
  readonly high: number;
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
    if (relocation.type === R_BPF.lddw && opcode === LDDW && frame.next <= frame.slots)
      setWide(state.code, slot, this.#address(state, slot, symbol, addend));
    else if (relocation.type === R_BPF.call && opcode === CALL) this.#callSymbol(state, slot, symbol, addend);
    else throw new LinkError(`relocation of type ${relocation.type} does not fit the instruction (opcode 0x${opcode.toString(16)})`);
  }

  #callSymbol(state: Linking, slot: number, symbol: ElfSymbol, addend: number): void {
    if (symbol.section === SHN.undef) {
      this.#callExtern(state, slot, symbol);
      return;
    }
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

  /** What a 64-bit immediate load against a symbol means: a map, global data, a function or an extern. */
  #address(state: Linking, slot: number, symbol: ElfSymbol, addend: number): Wide {
    if (symbol.section === SHN.undef) return this.#externAddress(symbol, addend);
    const { elf, maps } = this.#input;
    const section = elf.sections[symbol.section];
    if (section === undefined) throw new LinkError(`relocation against ${symbol.name || 'a symbol'}, which is in no section`);
    if (isCode(section)) {
      const start = state.include(this.#target(section, symbol.value + addend, 'address'));
      return { source: 'code', low: start - slot - 1, high: 0 };
    }
    const map = this.#mapAt.get(place(section.index, symbol.value + addend));
    if (map !== undefined && maps[map]?.definition.origin !== 'data') return { source: 'map_fd', low: map, high: 0 };
    const data = dataSectionKind(section) === undefined ? undefined : this.#mapAt.get(place(section.index, 0));
    if (data === undefined) throw new LinkError(`relocation against ${symbol.name || section.name}, which is neither map, data nor function`);
    return { source: 'map_value', low: data, high: symbol.value + addend };
  }

  #externAddress({ name }: ElfSymbol, addend: number): Wide {
    const { externs, kconfig } = this.#input;
    const index = externs.byName.get(name);
    const extern = index === undefined ? undefined : externs.list[index];
    if (extern?.kind === 'kconfig' && kconfig !== undefined) return { source: 'map_value', low: kconfig, high: (extern.offset ?? 0) + addend };
    if (index === undefined || extern === undefined || extern.kind === 'function') throw new LinkError(`Unresolved external symbol ${name}`);
    return { source: 'variable', low: index, high: 0 };
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

function setWide(code: CodeBuffer, slot: number, { source, low, high }: Wide): void {
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
    const records = extension?.lines.get(section) ?? [];
    return records
      .slice(firstFrom(records, first), firstFrom(records, last))
      .filter(({ offset }) => offset % SLOT_SIZE === 0)
      .map(({ offset, file, line, column, text }) => ({ slot: start + (offset - first) / SLOT_SIZE, file, line, column, text }));
  });
}
