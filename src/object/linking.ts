import { DecodeError, decode, SLOT_SIZE } from '../isa/decode.ts';
import type { InstructionList } from '../isa/instruction.ts';
import { validate } from '../isa/validate.ts';
import { type BtfExtension, firstFrom } from './btf-ext.ts';
import { CodeBuffer } from './code-buffer.ts';
import { type Elf, sectionBytes } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { CodeFunction } from './functions.ts';
import type { FunctionRange, ObjectDefect } from './object-file.ts';

/** Linked slots of one program: the kernel's limit for privileged loaders. Overlapping functions in a hostile file could multiply. */
const MAX_SLOTS = 1_000_000;

/** Defects after which linking gives up: by then nothing more can be learnt, and a hostile file could have millions. */
const MAX_DEFECTS = 100;

/** A reason why one instruction cannot be linked. */
export class LinkError extends Error {}

/** A function being relocated; `next` is the slot of its own to look at next. */
export interface Frame {
  readonly item: CodeFunction;
  readonly start: number;
  readonly slots: number;
  next: number;
}

export interface LinkedProgram {
  readonly instructions: InstructionList;
  readonly functions: readonly FunctionRange[];
  readonly defect: ObjectDefect | undefined;
}

/** One program on its way: the code so far, where functions went, and the functions still to be relocated. */
export class Linking {
  readonly code: CodeBuffer;
  readonly stack: Frame[] = [];
  readonly #elf: Elf;
  readonly #placed = new Map<CodeFunction, number>();
  readonly #ranges: { readonly item: CodeFunction; readonly start: number; readonly end: number }[] = [];
  #defect: ObjectDefect | undefined;
  #defects = 0;

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

  /** The defect that stands first in the code wins. */
  fail(message: string, slot: number): void {
    if (this.#defect === undefined || slot < this.#defect.slot) this.#defect = { message, slot };
    this.#defects++;
    if (this.#defects >= MAX_DEFECTS) this.stack.length = 0;
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
    this.#defect ??= this.#check(instructions);
    const functions = this.#ranges.map(({ item, start, end }): FunctionRange => {
      const infos = extension?.functions.get(item.section.name) ?? [];
      const info = infos[firstFrom(infos, item.offset)];
      return {
        name: item.name,
        start,
        end,
        section: item.section.name,
        sectionSlot: item.offset / SLOT_SIZE,
        linkage: item.linkage,
        ...(info?.offset === item.offset ? { btfId: info.type } : {}),
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

  /** Jumps land on instructions of their own function, and no function runs into the next one. The first problem found. */
  #check(instructions: InstructionList): ObjectDefect | undefined {
    const [problem] = validate(instructions);
    if (problem !== undefined) return { message: `instruction ${problem.slot}: ${problem.reason}`, slot: problem.slot };
    for (const { item, start, end } of this.#ranges) {
      let last = start;
      for (let slot = start; slot < end; slot++) {
        const instruction = instructions[slot];
        if (instruction === undefined) continue;
        last = slot;
        if (instruction.kind !== 'jump' && instruction.kind !== 'branch' && instruction.kind !== 'may_goto') continue;
        const target = slot + 1 + instruction.offset;
        if (target < start || target >= end) return { message: `instruction ${slot}: jump to ${target} leaves function ${item.name}`, slot };
      }
      const kind = instructions[last]?.kind;
      if (kind !== 'exit' && kind !== 'jump') return { message: `instruction ${last}: function ${item.name} runs off its end`, slot: last };
    }
    return undefined;
  }
}
