import type { Branch, Instruction, Register } from '../../isa/instruction.ts';
import { registerEffects } from '../../verifier/liveness.ts';
import { returnLine, unless } from './guards.ts';
import { endingWords } from './leave.ts';
import type { Proposal } from './proposal.ts';
import { addTo, load, type Site, store, zero } from './site.ts';

/** Turns that a loop is cut to: enough for most headers and lists, few enough for every verifier. */
const MOST_TURNS = 64;

/** An end for a loop that has none: a limit on what it counts up to, or a count of its turns. */
export function* loopCaps(site: Site): Generator<Proposal> {
  const limit = limitOf(site);
  if (limit !== undefined) yield limit;
  const [scratch] = site.freeRegisters(site.pc);
  const place = site.freeStack(1)?.[0];
  if (scratch === undefined || place === undefined) return;
  yield {
    pattern: 'loop_cap',
    title: `Count the turns, and leave after ${MOST_TURNS}`,
    edits: [
      { at: site.range.start, insert: [zero(10, place)] },
      {
        at: site.pc,
        insert: [load(scratch, 10, place, 8), addTo(scratch, 1), store(10, place, scratch), ...unless(site, scratch, 'le', MOST_TURNS)],
      },
    ],
    c: ['__u32 turns = 0;   /* before the loop */', `if (++turns > ${MOST_TURNS}) ${returnLine(site)}   /* first in the loop */`],
    effect: `A loop of more turns ${endingWords(site.leaving)}.`,
    changesBehaviour: true,
  };
}

const LESS: ReadonlySet<Branch['comparison']> = new Set(['lt', 'le', 'slt', 'sle']);
const GREATER: ReadonlySet<Branch['comparison']> = new Set(['gt', 'ge', 'sgt', 'sge']);

/** A smaller limit for a counter that is compared with a variable which the loop does not change. */
function limitOf(site: Site): Proposal | undefined {
  const inside = [...loopSlots(site)];
  const written = inside.reduce((set, slot) => set | registerEffects(site.machine.instruction(slot), () => 5).writes, 0);
  for (const slot of inside) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind !== 'branch' || instruction.source.kind !== 'register') continue;
    const { comparison, dst, source, width } = instruction;
    const [counter, most] = LESS.has(comparison) ? [dst, source.register] : GREATER.has(comparison) ? [source.register, dst] : [];
    if (counter === undefined || most === undefined || (written & (1 << most)) !== 0 || (written & (1 << counter)) === 0) continue;
    if (site.valuesAt(site.pc, most).some((value) => value?.kind !== 'number')) continue;
    const name = limitName(site, slot);
    return {
      pattern: 'loop_cap',
      title: `Let ${name ?? `r${most}`} be ${MOST_TURNS} at most`,
      // Again in every turn, which changes nothing.
      edits: [{ at: site.pc, insert: atMost(most, width, comparison.startsWith('s') ? 'sle' : 'le') }],
      c: [`if (${name ?? 'n'} > ${MOST_TURNS}) ${name ?? 'n'} = ${MOST_TURNS};   /* before the loop */`],
      effect: `The loop makes ${MOST_TURNS} turns at most, whatever the limit says.`,
      changesBehaviour: true,
    };
  }
  return undefined;
}

function atMost(register: Register, width: 32 | 64, comparison: 'le' | 'sle'): readonly Instruction[] {
  const source = { kind: 'immediate', value: MOST_TURNS } as const;
  return [
    { kind: 'branch', comparison, width, dst: register, source, offset: 1 },
    { kind: 'binary', operator: 'mov', width, dst: register, source },
  ];
}

/** `n` of `for (i = 0; i < n; i++)` and `while (i < n)`, on the line of the comparison. */
function limitName(site: Site, slot: number): string | undefined {
  const text = site.source.at(slot)?.text ?? '';
  const condition = /\bfor\s*\([^;]*;([^;]*);/.exec(text)?.[1] ?? /\bwhile\s*\((.*)\)/.exec(text)?.[1] ?? '';
  return /<=?\s*([A-Za-z_]\w*)\s*(?:$|&&|\))/.exec(condition)?.[1];
}

/** Slots of the loop whose head the failure is about. */
function* loopSlots(site: Site): Generator<number> {
  const { graph } = site.verification;
  const head = graph?.blocks.find(({ start, loopEnd }) => loopEnd >= 0 && start === site.pc);
  if (graph === undefined || head === undefined) return;
  for (const block of graph.blocks) {
    if (block.order < head.order || block.order > head.loopEnd || block.functionStart !== head.functionStart) continue;
    for (let slot = block.start; slot <= block.last; slot++) if (site.program.instructions[slot] !== undefined) yield slot;
  }
}
