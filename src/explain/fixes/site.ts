import type { Instruction, Register } from '../../isa/instruction.ts';
import { slotCount } from '../../isa/instruction.ts';
import type { FunctionRange, ObjectProgram } from '../../object/object-file.ts';
import type { Verification } from '../../verifier/index.ts';
import { registerEffects } from '../../verifier/liveness.ts';
import type { Finding, Machine } from '../../verifier/machine.ts';
import { constantValue } from '../../verifier/number/index.ts';
import type { Failure } from '../../verifier/report.ts';
import type { Value } from '../../verifier/value.ts';
import { Atlas } from '../atlas.ts';
import { argumentsOf } from '../expression.ts';
import { ReplayMachine, replayBlock } from '../replay.ts';
import { SourceMap } from '../source.ts';
import { type Leaving, leavingOf } from './leave.ts';

/** States of one block that are looked at. */
const MAX_STATES = 32;

const COMMENT = /\/\*.*?(?:\*\/|$)|\/\/.*$/g;

/** Everything a pattern asks of the place where a check fails. */
export class Site {
  readonly verification: Verification;
  readonly failure: Failure;
  readonly finding: Finding;
  readonly machine: Machine;
  readonly program: ObjectProgram;
  readonly source: SourceMap;
  readonly leaving: Leaving;
  readonly range: FunctionRange;

  constructor(verification: Verification, failure: Failure, finding: Finding) {
    this.verification = verification;
    this.failure = failure;
    this.finding = finding;
    this.machine = verification.machine;
    this.program = verification.machine.program;
    this.source = new SourceMap(this.program);
    const { instruction } = failure;
    this.range = this.program.functions.find(({ start, end }) => start <= instruction && instruction < end) ?? this.program.functions[0]!;
    this.leaving = leavingOf(this.machine, this.range.start !== 0);
  }

  get pc(): number {
    return this.failure.instruction;
  }

  get instruction(): Instruction {
    return this.machine.instruction(this.pc);
  }

  /** The register that the check is about. */
  get register(): Register | undefined {
    return this.finding.details.register as Register | undefined;
  }

  /** What the verifier knew of a register at the failing instruction; undefined where nothing, or nobody reads it any more. */
  value(register: number): Value | undefined {
    return this.finding.state.registers[register];
  }

  /** Source text of the failing line, trimmed and without comments; '' without line information. */
  get line(): string {
    return (this.source.at(this.pc)?.text ?? '').replace(COMMENT, '').trim();
  }

  /** What the verifier knew of a register before an instruction, in each of its states there. */
  valuesAt(slot: number, register: Register): readonly (Value | undefined)[] {
    const { graph, exploration } = this.verification;
    if (graph === undefined || exploration === undefined) return [];
    const machine = new ReplayMachine(this.machine);
    return new Atlas(machine, graph, exploration)
      .nodesAt(slot)
      .flatMap((node) =>
        node.processed
          .slice(0, MAX_STATES)
          .map((head) => replayBlock(machine, node, head).steps.find(({ pc }) => pc === slot)?.before.registers[register]),
      );
  }

  /** Where in the packet a register points before an instruction, in each state in which that is one place; NaN for those in which it is not. */
  constantOffsets(slot: number, register: Register): readonly number[] {
    return this.valuesAt(slot, register).flatMap((value) => (value?.kind === 'packet' ? [Number(constantValue(value.range) ?? Number.NaN)] : []));
  }

  /** The expression that the failing line passes as an argument of the helper called there, 1 the first; undefined where the line does not show it. */
  argument(number: number): string | undefined {
    const { instruction } = this;
    const prototype = instruction.kind === 'call' ? this.machine.findHelper(instruction.helper) : undefined;
    return prototype === undefined ? undefined : argumentsOf(this.line, prototype.name)?.[number - 1];
  }

  /** Whether a slot is executed whenever the failing instruction is. */
  inSameBlock(slot: number): boolean {
    const block = this.verification.graph?.blocks.find(({ start, last }) => start <= this.pc && this.pc <= last);
    return block === undefined ? slot === this.pc : block.start <= slot && slot <= block.last;
  }

  /** Whether control may come back from the failing instruction to it within its function. */
  get inLoop(): boolean {
    const { graph } = this.verification;
    const block = graph?.blocks.find(({ start, last }) => start <= this.pc && this.pc <= last);
    const ahead = [...(block?.successors ?? [])];
    const seen = new Set<number>();
    for (let id = ahead.pop(); id !== undefined; id = ahead.pop()) {
      if (id === block!.id) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      ahead.push(...graph!.blocks[id]!.successors);
    }
    return false;
  }

  /** Slots of the instructions before `pc` in its block and in the blocks before it as long as there is only one way in, nearest first. */
  *before(pc: number): Generator<number> {
    const { graph } = this.verification;
    if (graph === undefined) return;
    let block = graph.blocks.find(({ start, last }) => start <= pc && pc <= last);
    const seen = new Set<number>();
    for (let end = pc; block !== undefined && !seen.has(block.id); ) {
      seen.add(block.id);
      const slots: number[] = [];
      for (let slot = block.start; slot < end; slot += slotCount(this.machine.instruction(slot))) slots.push(slot);
      yield* slots.reverse();
      const { id } = block;
      const leading: typeof graph.blocks = graph.blocks.filter(({ successors }) => successors.includes(id));
      block = leading.length === 1 ? leading[0] : undefined;
      if (block !== undefined) end = block.last + 1;
    }
  }

  /** Registers r0 to r5 that nobody reads from `pc` on before writing them, r0 first. */
  freeRegisters(pc: number): readonly Register[] {
    const { graph, liveness } = this.verification;
    const block = graph?.blocks.find(({ start, last }) => start <= pc && pc <= last);
    if (block === undefined || liveness === undefined) return [];
    const slots: number[] = [];
    for (let slot = block.start; slot <= block.last; slot += slotCount(this.machine.instruction(slot))) slots.push(slot);
    let live = block.successors.reduce((set, id) => set | liveness.atBlock[id]!, 0);
    for (const slot of slots.reverse()) {
      const instruction = this.machine.instruction(slot);
      const { reads, writes } = registerEffects(instruction, (call) => this.argumentCount(call));
      live = (live & ~writes) | reads;
      // Functions called get r1 to r5 whatever they do with them.
      if (instruction.kind === 'call_local' || instruction.kind === 'callx') live |= 0b111111;
      if (slot === pc) break;
    }
    return ([0, 5, 4, 3, 2, 1] as const).filter((register) => (live & (1 << register)) === 0);
  }

  private argumentCount(call: Instruction): number {
    return this.machine.calledBy(call)?.arguments.length ?? 5;
  }

  /** The register that holds the unmoved context where the failing function begins, whoever calls it. */
  get contextArgument(): Register | undefined {
    return ([1, 2, 3, 4, 5] as const).find((register) => {
      const values = this.valuesAt(this.range.start, register);
      return values.length > 0 && values.every((value) => value?.kind === 'ctx' && constantValue(value.range) === 0);
    });
  }

  /** Offset from r10 of the stack slot in which an earlier fix keeps the context from the function's first instruction on. */
  get savedContext(): number | undefined {
    const [first, ...others] = this.program.instructions.slice(this.range.start, this.range.end);
    if (first?.kind !== 'store' || first.dst !== 10 || first.size !== 8 || first.source.kind !== 'register') return undefined;
    if (first.source.register !== this.contextArgument) return undefined;
    const { offset } = first;
    return others.some((row) => row?.kind === 'store' && row.dst === 10 && Math.abs(row.offset - offset) < 8) ? undefined : offset;
  }

  /**
   * Offsets from r10 of 8-byte stack slots that no function of the program touches.
   *
   * @returns undefined where the frame has no room for them.
   */
  freeStack(slots: number): readonly number[] | undefined {
    let lowest = 0;
    for (const instruction of this.program.instructions) {
      if (instruction === undefined) continue;
      if (instruction.kind === 'store' || instruction.kind === 'atomic') {
        if (instruction.dst === 10) lowest = Math.min(lowest, instruction.offset);
      } else if (instruction.kind === 'load') {
        if (instruction.src === 10) lowest = Math.min(lowest, instruction.offset);
      } else if (instruction.kind === 'binary' && instruction.operator === 'add' && instruction.source.kind === 'immediate') {
        const { value } = instruction.source;
        if (value < 0 && value >= -this.machine.rules.stackSize) lowest = Math.min(lowest, value);
      }
    }
    const first = Math.floor(lowest / 8) * 8;
    const places = Array.from({ length: slots }, (_, index) => first - 8 * (index + 1));
    return places.every((place) => place >= -this.machine.rules.stackSize) ? places : undefined;
  }
}

// --- instructions, as patterns write them -------------------------------------------------------------------------------------------------

export const move = (dst: Register, src: Register): Instruction => ({
  kind: 'binary',
  operator: 'mov',
  width: 64,
  dst,
  source: { kind: 'register', register: src },
});
const withImmediate =
  (operator: 'mov' | 'add') =>
  (dst: Register, value: number): Instruction => ({ kind: 'binary', operator, width: 64, dst, source: { kind: 'immediate', value } });
export const set = withImmediate('mov');
export const addTo = withImmediate('add');
export const load = (dst: Register, src: Register, offset: number, size: 4 | 8): Instruction => ({
  kind: 'load',
  size,
  signed: false,
  dst,
  src,
  offset,
});
export const store = (dst: Register, offset: number, src: Register): Instruction => ({
  kind: 'store',
  size: 8,
  dst,
  offset,
  source: { kind: 'register', register: src },
});
const constantAt =
  (value: number) =>
  (dst: Register, offset: number): Instruction => ({ kind: 'store', size: 8, dst, offset, source: { kind: 'immediate', value } });
export const zero = constantAt(0);
export const one = constantAt(1);
