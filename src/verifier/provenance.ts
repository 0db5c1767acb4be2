import type { Branch, Comparison, Instruction, Operand, Register } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import type { HelperPrototype } from '../platform/platform.ts';
import { NEGATED } from './branch.ts';
import { targetOf } from './cfg.ts';
import type { Machine } from './machine.ts';
import type { Trail } from './state.ts';

/** One instruction executed on a path; `depth` counts active functions, relative to the end of the path (0 = the failing function, -1 = its caller). */
export interface Step {
  readonly pc: number;
  readonly depth: number;
}

/** Longest path kept, in instructions; the start of longer ones is cut. */
const MAX_STEPS = 20_000;
/** Steps that one question may look at before it gives up. */
const MAX_WORK = 200_000;

/** Where a value on a path was first made. `entry`: it was there when the program (or the cut path) began. */
export interface Root {
  readonly kind: 'constant' | 'call' | 'load' | 'computed' | 'entry' | 'unset';
  /** Index of the step, -1 for `entry` and `unset`. */
  readonly index: number;
  readonly value?: number;
}

/** What happened to a number between its root and its use, newest first. */
export interface Change {
  readonly index: number;
  readonly kind: 'operation' | 'truncated' | 'sign_extended' | 'reloaded';
  readonly operator?: string;
  /** The constant of the operation, where it is one. */
  readonly constant?: number;
}

export interface Chain {
  readonly root: Root;
  readonly changes: readonly Change[];
  /** Registers that held the value on the way, newest first, with the step that wrote them. */
  readonly carriers: readonly { readonly register: Register; readonly index: number }[];
  /** Registers whose content was a constant on this path and was combined with the value. */
  readonly amounts: readonly Register[];
}

/** A branch on the path that compared a value (or one made from the same root) with something. */
export interface Guard {
  readonly index: number;
  readonly pc: number;
  /** The comparison that holds on the path, with the value on its left side. */
  readonly comparison: Comparison;
  readonly width: 32 | 64;
  /** Undefined where the other side is no constant. */
  readonly limit: number | undefined;
  /** Changes between the root and the compared value. */
  readonly changes: readonly Change[];
}

interface StackPlace {
  readonly depth: number;
  readonly offset: number;
}

/** Registers that an instruction sets, and those that it destroys. */
export function writesOf(instruction: Instruction): { readonly sets: Register | undefined; readonly clobbers: boolean } {
  switch (instruction.kind) {
    case 'binary':
    case 'movsx':
    case 'negate':
    case 'swap':
    case 'cast':
    case 'lddw':
    case 'load':
    case 'load_acquire':
      return { sets: instruction.dst, clobbers: false };
    case 'atomic':
      return { sets: instruction.fetch ? (instruction.operator === 'cmpxchg' ? 0 : instruction.src) : undefined, clobbers: false };
    case 'call':
    case 'call_btf':
    case 'callx':
    case 'call_local':
    case 'packet':
      return { sets: 0, clobbers: true };
    default:
      return { sets: undefined, clobbers: false };
  }
}

/** The path on which a check failed, questioned backwards: where values come from and what was tested. Built only for failures. */
export class Path {
  readonly machine: Machine;
  readonly steps: readonly Step[];
  private work = 0;

  /** The path that `trail` (newest block first) describes, up to and including `instruction`. */
  constructor(machine: Machine, trail: Trail | undefined, instruction: number) {
    this.machine = machine;
    this.steps = stepsOf(machine, trail, instruction);
  }

  get last(): number {
    return this.steps.length - 1;
  }

  instruction(index: number): Instruction {
    return this.machine.instruction(this.steps[index]!.pc);
  }

  /** Call sites of the functions active at the end, outermost first. */
  callSites(): number[] {
    const sites: number[] = [];
    let depth = 0;
    for (let index = this.last; index > 0; index--) {
      const before = this.steps[index - 1]!;
      if (before.depth < depth) {
        depth = before.depth;
        sites.push(before.pc);
      }
    }
    return sites.reverse();
  }

  /** Index of the step that last wrote the register before step `index`, seen from the function of that step; -1 where none did. */
  definition(index: number, register: Register): number {
    let { depth } = this.steps[index]!;
    const wanted = register;
    for (let at = index - 1; at >= 0; at--) {
      if (++this.work > MAX_WORK) return -1;
      const step = this.steps[at]!;
      if (step.depth > depth) {
        // Inside a call that has returned: its r0 is ours, its other registers are not.
        if (wanted !== 0 || this.instruction(at).kind !== 'exit') continue;
        if (step.depth !== depth + 1) continue;
        if (this.invokedByHelper(at, depth)) continue;
        depth = step.depth;
        continue;
      }
      if (step.depth < depth) {
        // The caller: only r1 to r5 came from there.
        if (wanted < 1 || wanted > 5) return -1;
        if (this.instruction(at).kind !== 'call_local') return at;
        depth = step.depth;
        continue;
      }
      const { sets, clobbers } = writesOf(this.instruction(at));
      if (this.instruction(at).kind === 'call_local' && wanted === 0) return at;
      if (sets === wanted || (clobbers && wanted >= 1 && wanted <= 5)) return at;
    }
    return -1;
  }

  /** Whether the function that exits at step `at` is a callback, whose r0 goes to the helper. */
  private invokedByHelper(at: number, depth: number): boolean {
    for (let index = at - 1; index >= 0; index--) {
      const step = this.steps[index]!;
      if (step.depth <= depth) return this.instruction(index).kind !== 'call_local';
    }
    return false;
  }

  /** The frame byte that `register + displacement` names at a step, where it is a fixed distance from some r10. */
  private stackPlace(index: number, register: Register, displacement: number): StackPlace | undefined {
    let at = index;
    let name = register;
    let offset = displacement;
    for (;;) {
      if (name === 10) return { depth: this.steps[at]!.depth, offset };
      const from = this.definition(at, name);
      if (from < 0) return undefined;
      const instruction = this.instruction(from);
      if (instruction.kind !== 'binary' || instruction.width !== 64) return undefined;
      const { operator, source } = instruction;
      if (operator === 'mov' && source.kind === 'register') name = source.register;
      else if (operator === 'add' && source.kind === 'immediate') offset += source.value;
      else return undefined;
      at = from;
    }
  }

  /** The step that stored what a load from the stack at step `index` reads, as the register it stored; undefined for other loads. */
  private storeBehind(index: number): { readonly index: number; readonly operand: Operand } | undefined {
    const load = this.instruction(index);
    if (load.kind !== 'load') return undefined;
    const place = this.stackPlace(index, load.src, load.offset);
    if (place === undefined) return undefined;
    for (let at = index - 1; at >= 0; at--) {
      if (++this.work > MAX_WORK) return undefined;
      const store = this.instruction(at);
      if (store.kind !== 'store') continue;
      const target = this.stackPlace(at, store.dst, store.offset);
      if (target === undefined || target.depth !== place.depth) continue;
      if (target.offset === place.offset && load.size <= store.size) return { index: at, operand: store.source };
      if (target.offset < place.offset + load.size && place.offset < target.offset + store.size) return undefined;
    }
    return undefined;
  }

  /** Follows the value that a register holds just before step `index` back through copies, spills and operations with constants. */
  chain(index: number, register: Register): Chain {
    const changes: Change[] = [];
    const carriers: { register: Register; index: number }[] = [];
    const amounts: Register[] = [];
    let at = index;
    let name = register;
    for (;;) {
      const from = this.definition(at, name);
      carriers.push({ register: name, index: from });
      if (from < 0) return { root: { kind: this.isEntryValue(at, name) ? 'entry' : 'unset', index: -1 }, changes, carriers, amounts };
      const instruction = this.instruction(from);
      const end = (kind: Root['kind'], value?: number): Chain => ({
        root: { kind, index: from, ...(value === undefined ? {} : { value }) },
        changes,
        carriers,
        amounts,
      });
      switch (instruction.kind) {
        case 'binary': {
          const { operator, width, source, dst } = instruction;
          if (operator === 'mov') {
            if (source.kind === 'immediate') return end('constant', source.value);
            if (width === 32) changes.push({ index: from, kind: 'truncated' });
            name = source.register;
            break;
          }
          const constant = source.kind === 'immediate' ? source.value : this.constantAt(from, source.register);
          if (constant === undefined) return end('computed');
          if (source.kind === 'register') amounts.push(source.register);
          changes.push({ index: from, kind: 'operation', operator, constant });
          name = dst;
          break;
        }
        case 'movsx':
          changes.push({ index: from, kind: 'sign_extended' });
          name = instruction.src;
          break;
        case 'negate':
        case 'swap':
          changes.push({ index: from, kind: 'operation', operator: instruction.kind });
          name = instruction.dst;
          break;
        case 'lddw':
          return end('constant');
        case 'load': {
          const stored = this.storeBehind(from);
          if (stored === undefined) return end('load');
          changes.push({ index: from, kind: 'reloaded' });
          if (stored.operand.kind === 'immediate')
            return { root: { kind: 'constant', index: stored.index, value: stored.operand.value }, changes, carriers, amounts };
          at = stored.index;
          name = stored.operand.register;
          continue;
        }
        case 'call':
        case 'call_btf':
        case 'callx':
        case 'call_local':
          // A helper that invokes this function hands it its parameters.
          return end(name === 0 || this.steps[from]!.depth < this.steps[at]!.depth ? 'call' : 'unset');
        default:
          return end('computed');
      }
      at = from;
    }
  }

  /** Whether a register without a definition on the path is one that the entry sets. */
  private isEntryValue(index: number, register: Register): boolean {
    return register === 10 || (register === 1 && this.steps[index]!.depth === this.steps[0]!.depth);
  }

  private constantAt(index: number, register: Register): number | undefined {
    const from = this.definition(index, register);
    if (from < 0) return undefined;
    const instruction = this.instruction(from);
    return instruction.kind === 'binary' && instruction.operator === 'mov' && instruction.source.kind === 'immediate'
      ? instruction.source.value
      : undefined;
  }

  /** What a pointer points to, by the step that made it; sums are followed along the operand that is an address. */
  pointerRoot(index: number, register: Register): Root {
    let at = index;
    let name = register;
    for (let turn = 0; turn < 64; turn++) {
      const { root, carriers } = this.chain(at, name);
      if (root.kind !== 'computed') return root;
      const instruction = this.instruction(root.index);
      if (instruction.kind !== 'binary' || instruction.source.kind !== 'register') return root;
      const left = this.addressness(root.index, instruction.dst) || !this.addressness(root.index, instruction.source.register);
      at = root.index;
      name = left ? instruction.dst : instruction.source.register;
      if (carriers.length === 0) return root;
    }
    return { kind: 'entry', index: -1 };
  }

  /** The numbers that were added to a pointer, newest first: the register of each and the step that added it. */
  addends(index: number, register: Register): { readonly index: number; readonly register: Register }[] {
    const found: { index: number; register: Register }[] = [];
    let at = index;
    let name = register;
    for (let turn = 0; turn < 64; turn++) {
      const { root } = this.chain(at, name);
      if (root.kind !== 'computed') return found;
      const instruction = this.instruction(root.index);
      if (instruction.kind !== 'binary' || instruction.source.kind !== 'register') return found;
      const left = this.addressness(root.index, instruction.dst) || !this.addressness(root.index, instruction.source.register);
      found.push({ index: root.index, register: left ? instruction.source.register : instruction.dst });
      at = root.index;
      name = left ? instruction.dst : instruction.source.register;
    }
    return found;
  }

  /** Whether the register holds an address before the step, as far as its making tells. */
  private addressness(index: number, register: Register): boolean {
    let at = index;
    let name = register;
    for (let turn = 0; turn < 64; turn++) {
      const { root } = this.chain(at, name);
      if (root.kind === 'entry') return true;
      if (root.kind === 'computed') {
        const instruction = this.instruction(root.index);
        if (instruction.kind !== 'binary' || instruction.source.kind !== 'register' || instruction.operator !== 'add') return false;
        if (this.addressness(root.index, instruction.source.register)) return true;
        at = root.index;
        name = instruction.dst;
        continue;
      }
      return this.makesAddress(root);
    }
    return false;
  }

  private makesAddress(root: Root): boolean {
    if (root.index < 0) return false;
    const instruction = this.instruction(root.index);
    if (instruction.kind === 'lddw') return instruction.source !== 'immediate';
    const { returns } = this.calledAt(root.index) ?? {};
    if (returns !== undefined) return returns.kind !== 'number' && returns.kind !== 'void' && returns.kind !== 'no_return';
    return this.packetFieldOf(root) !== undefined;
  }

  /** The helper or kernel function called at a step. */
  calledAt(index: number): HelperPrototype | undefined {
    return index < 0 ? undefined : this.machine.calledBy(this.instruction(index));
  }

  /** Which packet pointer of the context a root is: data, data_end or data_meta. */
  packetFieldOf(root: Root): 'packet' | 'packet_end' | 'packet_meta' | undefined {
    if (root.kind !== 'load') return undefined;
    const load = this.instruction(root.index);
    if (load.kind !== 'load') return undefined;
    const base = this.chain(root.index, load.src);
    if (base.root.kind !== 'entry' || base.carriers[base.carriers.length - 1]!.register === 10) return undefined;
    const { fields } = this.machine.rules.context;
    const moved = base.changes.reduce((sum, change) => sum + (change.operator === 'add' ? (change.constant ?? 0) : 0), 0);
    const field = fields.find((candidate) => candidate.offset === load.offset + moved);
    const kind = field?.kind;
    return kind === 'packet' || kind === 'packet_end' || kind === 'packet_meta' ? kind : undefined;
  }

  /** Branches on the path, with the comparison that holds behind each. */
  *branches(): Generator<{ readonly index: number; readonly branch: Branch; readonly comparison: Comparison }> {
    for (let index = 0; index < this.last; index++) {
      const branch = this.instruction(index);
      if (branch.kind !== 'branch') continue;
      const { pc } = this.steps[index]!;
      const taken = this.steps[index + 1]!.pc === targetOf(pc, branch);
      yield { index, branch, comparison: taken ? branch.comparison : NEGATED[branch.comparison] };
    }
  }

  /** Comparisons between the root's making and step `index` of values made from that root. */
  guardsOf(root: Root, index: number): Guard[] {
    const guards: Guard[] = [];
    for (const { index: at, branch, comparison } of this.branches()) {
      if (at < root.index || at >= index) continue;
      const { source } = branch;
      const left = this.chain(at, branch.dst);
      const { pc } = this.steps[at]!;
      if (sameRoot(left.root, root)) {
        const limit = source.kind === 'immediate' ? source.value : this.constantAt(at, source.register);
        guards.push({ index: at, pc, comparison, width: branch.width, limit, changes: left.changes });
      } else if (source.kind === 'register') {
        const right = this.chain(at, source.register);
        if (!sameRoot(right.root, root)) continue;
        guards.push({
          index: at,
          pc,
          comparison: MIRRORED[comparison],
          width: branch.width,
          limit: this.constantAt(at, branch.dst),
          changes: right.changes,
        });
      }
    }
    return guards;
  }

  /** Comparisons of numbers that were loaded from the same place as the root, but by another instruction or at another time. */
  guardsOfSource(root: Root, index: number): Guard[] {
    const guards: Guard[] = [];
    const place = this.loadedPlace(root);
    if (place === undefined) return guards;
    for (const { index: at, branch, comparison } of this.branches()) {
      if (at >= index) break;
      const left = this.chain(at, branch.dst);
      if (left.root.index === root.index || this.loadedPlace(left.root) !== place) continue;
      const limit = branch.source.kind === 'immediate' ? branch.source.value : this.constantAt(at, branch.source.register);
      guards.push({ index: at, pc: this.steps[at]!.pc, comparison, width: branch.width, limit, changes: left.changes });
    }
    return guards;
  }

  /** Names the place that a load reads, where its address has a root of its own: a map's first value, or the step that made the pointer. */
  private loadedPlace(root: Root): string | undefined {
    if (root.kind !== 'load') return undefined;
    const load = this.instruction(root.index);
    if (load.kind !== 'load') return undefined;
    const base = this.chain(root.index, load.src);
    if (base.changes.some((change) => change.operator !== 'add')) return undefined;
    const offset = base.changes.reduce((sum, change) => sum + (change.constant ?? 0), load.offset);
    if (base.root.index < 0) return `entry ${base.carriers[base.carriers.length - 1]!.register} ${offset}`;
    const made = this.instruction(base.root.index);
    return made.kind === 'lddw' ? `${made.source} ${made.low} ${made.high + offset}` : `step ${base.root.index} ${offset}`;
  }

  /** Branches on the path that compare a packet pointer with the packet's end, by step. */
  packetChecks(): number[] {
    const checks: number[] = [];
    for (const { index, branch } of this.branches()) {
      if (branch.source.kind !== 'register') continue;
      const a = this.packetFieldOf(this.pointerRoot(index, branch.dst));
      const b = this.packetFieldOf(this.pointerRoot(index, branch.source.register));
      if (a !== undefined && b !== undefined && a !== b) checks.push(index);
    }
    return checks;
  }

  /** Branches on the path that test a difference of two packet pointers as a number, by step. */
  differenceChecks(): number[] {
    const checks: number[] = [];
    for (const { index, branch } of this.branches()) {
      if (this.isPacketDifference(index, branch.dst)) checks.push(index);
      else if (branch.source.kind === 'register' && this.isPacketDifference(index, branch.source.register)) checks.push(index);
    }
    return checks;
  }

  private isPacketDifference(index: number, register: Register): boolean {
    const { root } = this.chain(index, register);
    if (root.kind !== 'computed') return false;
    const instruction = this.instruction(root.index);
    if (instruction.kind !== 'binary' || instruction.operator !== 'sub' || instruction.source.kind !== 'register') return false;
    return (
      this.packetFieldOf(this.pointerRoot(root.index, instruction.dst)) !== undefined &&
      this.packetFieldOf(this.pointerRoot(root.index, instruction.source.register)) !== undefined
    );
  }
}

const MIRRORED: Record<Comparison, Comparison> = {
  eq: 'eq',
  ne: 'ne',
  gt: 'lt',
  lt: 'gt',
  ge: 'le',
  le: 'ge',
  sgt: 'slt',
  slt: 'sgt',
  sge: 'sle',
  sle: 'sge',
  set: 'set',
  nset: 'nset',
};

function sameRoot(a: Root, b: Root): boolean {
  return a.index >= 0 && a.index === b.index;
}

/** The instructions of the blocks of a trail, oldest first. */
function stepsOf(machine: Machine, trail: Trail | undefined, instruction: number): Step[] {
  if (trail === undefined) return [{ pc: instruction, depth: 0 }];
  const starts: number[] = [];
  for (let step: Trail | undefined = trail; step !== undefined && starts.length < MAX_STEPS; step = step.previous) starts.push(step.block);
  // Newest first, so that the depth of the failing function is 0 whatever was cut.
  const reversed: Step[] = [];
  let depth = 0;
  for (let at = 0; at < starts.length && reversed.length < MAX_STEPS; at++) {
    const next = at === 0 ? undefined : starts[at - 1]!;
    const pcs = blockSlots(machine, starts[at]!, next === undefined ? instruction : undefined, next);
    const last = pcs[pcs.length - 1]!;
    const end = machine.instruction(last);
    if (next !== undefined) {
      if (end.kind === 'exit') depth++;
      else if (end.kind === 'call_local' || (machine.callsBack(end) && next !== last + 1)) depth--;
    }
    for (let i = pcs.length - 1; i >= 0; i--) reversed.push({ pc: pcs[i]!, depth });
  }
  return reversed.reverse();
}

function blockSlots(machine: Machine, start: number, stop: number | undefined, next: number | undefined): number[] {
  const slots: number[] = [];
  for (let pc = start; pc < machine.instructions.length; ) {
    const instruction = machine.instruction(pc);
    if (instruction === undefined) break;
    slots.push(pc);
    if (pc === stop || ENDS.has(instruction.kind) || (next !== undefined && machine.callsBack(instruction))) break;
    pc += slotCount(instruction);
    if (pc === next) break;
  }
  return slots.length === 0 ? [start] : slots;
}

const ENDS: ReadonlySet<Instruction['kind']> = new Set(['exit', 'jump', 'branch', 'may_goto', 'call_local']);
