import type {
  AtomicOperator,
  Binary,
  BinaryOperator,
  Comparison,
  Instruction,
  InstructionList,
  LoadImmediate,
  Operand,
  Register,
  Size,
  Width,
} from '../../../src/isa/instruction.ts';

/** A place in the code that jumps and calls can name before it is known. */
export type Label = number;

const register = (r: number): Operand => ({ kind: 'register', register: r as Register });
const immediate = (value: number): Operand => ({ kind: 'immediate', value: value | 0 });

/** Writes instructions with labels instead of offsets. */
export class Code {
  private readonly slots: (Instruction | undefined)[] = [];
  private readonly placed = new Map<Label, number>();
  private readonly open: { readonly at: number; readonly label: Label }[] = [];
  private labels = 0;

  get length(): number {
    return this.slots.length;
  }

  label(): Label {
    return this.labels++;
  }

  place(label: Label): void {
    this.placed.set(label, this.slots.length);
  }

  here(): Label {
    const label = this.label();
    this.place(label);
    return label;
  }

  emit(instruction: Instruction): void {
    this.slots.push(instruction);
    if (instruction.kind === 'lddw') this.slots.push(undefined);
  }

  alu(operator: BinaryOperator, dst: number, src: number, width: Width = 64): void {
    this.emit({ kind: 'binary', operator, width, dst: dst as Register, source: register(src) });
  }

  aluImmediate(operator: BinaryOperator, dst: number, value: number, width: Width = 64): void {
    this.emit({ kind: 'binary', operator, width, dst: dst as Register, source: immediate(value) } satisfies Binary);
  }

  wide(dst: number, value: bigint): void {
    this.lddw(dst, 'immediate', Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  lddw(dst: number, source: LoadImmediate['source'], low: number, high = 0): void {
    this.emit({ kind: 'lddw', dst: dst as Register, source, low, high });
  }

  load(size: Size, dst: number, src: number, offset: number, signed = false): void {
    this.emit({ kind: 'load', size, signed, dst: dst as Register, src: src as Register, offset });
  }

  store(size: Size, dst: number, offset: number, src: number): void {
    this.emit({ kind: 'store', size, dst: dst as Register, offset, source: register(src) });
  }

  storeImmediate(size: Size, dst: number, offset: number, value: number): void {
    this.emit({ kind: 'store', size, dst: dst as Register, offset, source: immediate(value) });
  }

  atomic(operator: AtomicOperator, fetch: boolean, size: 4 | 8, dst: number, offset: number, src: number): void {
    this.emit({ kind: 'atomic', operator, fetch, size, dst: dst as Register, src: src as Register, offset });
  }

  helper(id: number): void {
    this.emit({ kind: 'call', helper: id });
  }

  exit(): void {
    this.emit({ kind: 'exit' });
  }

  branch(comparison: Comparison, dst: number, src: number, label: Label, width: Width = 64): void {
    this.refer(label);
    this.emit({ kind: 'branch', comparison, width, dst: dst as Register, source: register(src), offset: 0 });
  }

  branchImmediate(comparison: Comparison, dst: number, value: number, label: Label, width: Width = 64): void {
    this.refer(label);
    this.emit({ kind: 'branch', comparison, width, dst: dst as Register, source: immediate(value), offset: 0 });
  }

  jump(label: Label): void {
    this.refer(label);
    this.emit({ kind: 'jump', wide: false, offset: 0 });
  }

  call(label: Label): void {
    this.refer(label);
    this.emit({ kind: 'call_local', offset: 0 });
  }

  /** The address of a function of this program. */
  address(dst: number, label: Label): void {
    this.refer(label);
    this.lddw(dst, 'code', 0);
  }

  private refer(label: Label): void {
    this.open.push({ at: this.slots.length, label });
  }

  finish(): InstructionList {
    const slots = this.slots.slice();
    for (const { at, label } of this.open) {
      const target = this.placed.get(label);
      if (target === undefined) throw new Error(`label ${label} was never placed`);
      const offset = target - at - 1;
      const instruction = slots[at]!;
      if (instruction.kind === 'branch' || instruction.kind === 'jump' || instruction.kind === 'call_local') slots[at] = { ...instruction, offset };
      else if (instruction.kind === 'lddw') slots[at] = { ...instruction, low: offset };
    }
    return slots;
  }
}
