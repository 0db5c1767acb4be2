import type { Instruction } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { Machine } from '../verifier/machine.ts';
import { assignedAt } from './expression.ts';
import type { SourceMap } from './source.ts';

/** What happened to a place, as far as names need to know. */
export interface NamedEvent {
  readonly kind: string;
  readonly pc: number;
  readonly subject: string;
}

/**
 * The variables of the source that registers hold, followed along the events of a story. Only line information is asked: a register that gets its
 * value where the line assigns a variable holds that variable, unless the same line goes on to compute with it.
 */
export class Names {
  private readonly machine: Machine;
  private readonly source: SourceMap;
  private readonly known = new Map<string, string>();

  constructor(machine: Machine, source: SourceMap) {
    this.machine = machine;
    this.source = source;
  }

  /** Takes the next event, in the order of the path. */
  follow({ kind, pc, subject }: NamedEvent): void {
    if (kind !== 'made' && kind !== 'copied') return;
    const place = placeOf(subject);
    const name = this.assigned(pc) ?? this.carried(pc, place);
    if (name === undefined) this.known.delete(place);
    else this.known.set(place, name);
  }

  /** `i (r6)`, or `r6` where no variable is known. */
  words(subject: string): string {
    const name = this.known.get(placeOf(subject));
    return name === undefined ? subject : `${name} (${subject})`;
  }

  /** The variable that a register or stack place holds, where one is known. */
  of(subject: string): string | undefined {
    return this.known.get(placeOf(subject));
  }

  private assigned(pc: number): string | undefined {
    const source = this.source.at(pc);
    const column = this.source.columnAt(pc);
    if (source === undefined || column === undefined || this.isComputedWith(pc)) return undefined;
    return assignedAt(source.text, column);
  }

  /** What a copy, or a step that only changes a number's width, takes along. */
  private carried(pc: number, place: string): string | undefined {
    const instruction = this.machine.instruction(pc);
    if (instruction.kind === 'store' && instruction.source.kind === 'register') return this.known.get(`r${instruction.source.register}`);
    if (instruction.kind === 'movsx' || instruction.kind === 'cast') return this.known.get(`r${instruction.src}`);
    if (instruction.kind !== 'binary') return undefined;
    if (instruction.operator === 'mov') return instruction.source.kind === 'register' ? this.known.get(`r${instruction.source.register}`) : undefined;
    return WIDTH_CHANGES.has(instruction.operator) && instruction.source.kind === 'immediate' && instruction.source.value === 32
      ? this.known.get(place)
      : undefined;
  }

  /** Whether what the instruction puts into its register is only a part of what its line computes. */
  private isComputedWith(pc: number): boolean {
    const register = destinationOf(this.machine.instruction(pc));
    const line = this.source.at(pc);
    if (register === undefined) return false;
    for (let slot = pc + slotCount(this.machine.instruction(pc)); slot < this.machine.instructions.length; ) {
      const instruction = this.machine.instructions[slot];
      const here = this.source.at(slot);
      if (instruction === undefined || here?.line !== line?.line || here?.file !== line?.file) return false;
      if (computesWith(instruction, register)) return true;
      // What a call takes is an argument, whatever the line does with the call's result.
      if (CALLS.has(instruction.kind)) return register >= 1 && register <= 5;
      if (destinationOf(instruction) === register) return false;
      slot += slotCount(instruction);
    }
    return false;
  }
}

const CALLS: ReadonlySet<Instruction['kind']> = new Set(['call', 'call_local', 'call_btf', 'callx']);
const WIDTH_CHANGES: ReadonlySet<string> = new Set(['lsh', 'rsh', 'arsh']);

/** `fp-8` of `fp-8..fp-5`. */
function placeOf(subject: string): string {
  return subject.split('..')[0]!;
}

function destinationOf(instruction: Instruction): number | undefined {
  if (instruction.kind === 'call' || instruction.kind === 'call_local' || instruction.kind === 'call_btf') return 0;
  return 'dst' in instruction && instruction.kind !== 'branch' && instruction.kind !== 'store' ? instruction.dst : undefined;
}

function computesWith(instruction: Instruction, register: number): boolean {
  if (instruction.kind === 'load') return instruction.src === register;
  if (instruction.kind !== 'binary' || instruction.operator === 'mov') return false;
  const reads = instruction.dst === register || (instruction.source.kind === 'register' && instruction.source.register === register);
  const widthOnly = WIDTH_CHANGES.has(instruction.operator) && instruction.source.kind === 'immediate' && instruction.source.value === 32;
  return reads && !widthOnly;
}
