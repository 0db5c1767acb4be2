import type { Register } from '../isa/instruction.ts';
import { slotCount } from '../isa/instruction.ts';
import { targetOf } from './cfg.ts';
import type { Machine } from './machine.ts';
import { writesOf } from './provenance.ts';

/** Slots of the innermost cycle region around an instruction within its function: what it reaches and what reaches it. Undefined outside loops. */
export function loopAround(machine: Machine, pc: number): ReadonlySet<number> | undefined {
  const forward = reach(pc, (slot) => successors(machine, slot));
  if (!forward.has(pc)) return undefined;
  const before = predecessorsOf(machine, forward);
  return reach(pc, (slot) => before.get(slot) ?? []);
}

function reach(start: number, next: (slot: number) => readonly number[]): Set<number> {
  const seen = new Set<number>();
  const work = [...next(start)];
  while (work.length > 0) {
    const slot = work.pop()!;
    if (seen.has(slot)) continue;
    seen.add(slot);
    work.push(...next(slot));
  }
  return seen;
}

function predecessorsOf(machine: Machine, slots: ReadonlySet<number>): Map<number, number[]> {
  const before = new Map<number, number[]>();
  for (const slot of slots) {
    for (const next of successors(machine, slot)) {
      if (!slots.has(next)) continue;
      const list = before.get(next);
      if (list === undefined) before.set(next, [slot]);
      else list.push(slot);
    }
  }
  return before;
}

/** Slots that follow within the same function. */
function successors(machine: Machine, slot: number): number[] {
  const instruction = machine.instruction(slot);
  if (instruction === undefined || instruction.kind === 'exit') return [];
  const next = slot + slotCount(instruction);
  if (instruction.kind === 'jump') return [targetOf(slot, instruction)];
  if (instruction.kind === 'branch' || instruction.kind === 'may_goto') return [targetOf(slot, instruction), next];
  return next < machine.instructions.length ? [next] : [];
}

/** Slots whose write of the register reaches an instruction over some path of the code; the search ends at functions' starts. */
export function definitions(machine: Machine, pc: number, name: Register): number[] {
  const before = allPredecessors(machine, pc);
  const found: number[] = [];
  const seen = new Set<number>();
  const work = [...(before.get(pc) ?? [])];
  while (work.length > 0) {
    const slot = work.pop()!;
    if (seen.has(slot)) continue;
    seen.add(slot);
    const { sets, clobbers } = writesOf(machine.instruction(slot));
    if (sets === name || (clobbers && name >= 1 && name <= 5)) {
      found.push(slot);
      continue;
    }
    work.push(...(before.get(slot) ?? []));
  }
  return found;
}

function allPredecessors(machine: Machine, pc: number): Map<number, number[]> {
  const range = machine.program.functions.find(({ start, end }) => pc >= start && pc < end) ?? { start: 0, end: machine.instructions.length };
  const slots = new Set<number>();
  for (let slot = range.start; slot < range.end; slot++) if (machine.instructions[slot] !== undefined) slots.add(slot);
  return predecessorsOf(machine, slots);
}

type Content = 'number' | 'pointer';

/** What the register may hold before an instruction over any path, as far as the code alone tells. */
export function possibleContents(machine: Machine, pc: number, name: Register): Set<Content> {
  const contents = new Set<Content>();
  const seen = new Set<string>();
  const work: [number, Register][] = [[pc, name]];
  while (work.length > 0) {
    const [slot, wanted] = work.pop()!;
    if (seen.has(`${slot}:${wanted}`)) continue;
    seen.add(`${slot}:${wanted}`);
    const found = definitions(machine, slot, wanted);
    if (wanted === 10 || (wanted === 1 && found.length === 0)) contents.add('pointer');
    for (const definition of found) {
      const instruction = machine.instruction(definition);
      if (instruction.kind === 'binary' && instruction.width === 64 && (instruction.operator === 'mov' || instruction.operator === 'add')) {
        if (instruction.operator === 'add') work.push([definition, instruction.dst]);
        else if (instruction.source.kind === 'register') work.push([definition, instruction.source.register]);
        else contents.add('number');
      } else if (instruction.kind === 'lddw') contents.add(instruction.source === 'immediate' ? 'number' : 'pointer');
      else if (instruction.kind === 'call') {
        const returns = machine.findHelper(instruction.helper)?.returns.kind;
        if (returns !== undefined) contents.add(returns === 'number' ? 'number' : 'pointer');
      } else if (instruction.kind !== 'load') contents.add('number');
    }
  }
  return contents;
}
