import type { Instruction } from '../../isa/instruction.ts';
import type { ObjectProgram } from '../../object/object-file.ts';
import type { DebugSession } from '../session.ts';
import { without } from './remove.ts';

/** How far the search is. */
export interface MinimiseProgress {
  /** Instructions left. */
  readonly left: number;
  readonly tries: number;
}

/** Asks whether a candidate still fails as the program did. */
export type StillFails = (candidate: ObjectProgram) => Promise<boolean>;

/**
 * Looks for a small program that fails in the same way: first only the path of the failure is left, then instructions are taken out, in halves, quarters
 * and so on down to single ones (delta debugging; Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input").
 *
 * @param session stands anywhere; the failure whose path is followed is meant.
 * @param stillFails rejects to end the search; what it throws is passed on.
 * @returns the smallest program found, and how many were tried.
 */
export async function minimise(
  session: DebugSession,
  stillFails: StillFails,
  onProgress: (progress: MinimiseProgress) => void,
): Promise<{ readonly program: ObjectProgram; readonly tries: number }> {
  let tries = 0;
  let best = session.program;
  const attempt = async (candidate: ObjectProgram | undefined): Promise<boolean> => {
    if (candidate === undefined || sizeOf(candidate) > sizeOf(best)) return false;
    tries++;
    onProgress({ left: sizeOf(best), tries });
    if (!(await stillFails(candidate))) return false;
    best = candidate;
    return true;
  };
  await attempt(alongPath(session));
  for (let smaller = true; smaller; ) smaller = (await withoutChunks(() => best, attempt)) || (await straightened(() => best, attempt));
  return { program: best, tries };
}

function sizeOf({ instructions }: ObjectProgram): number {
  return instructions.filter((instruction) => instruction !== undefined).length;
}

/** The program with every branch that the path always takes the same way made to go that way. */
function alongPath(session: DebugSession): ObjectProgram | undefined {
  const ways = new Map<number, Set<boolean>>();
  session.aside(() => {
    session.gotoEndOfKnown();
    for (const { pc, node, next } of session.earlier()) {
      if (session.machine.instruction(pc).kind !== 'branch') continue;
      const taken = next?.block.id === node.block.successors[0];
      ways.set(pc, (ways.get(pc) ?? new Set()).add(taken));
    }
  });
  const removed = new Set<number>();
  const jumping = new Set<number>();
  for (const [pc, taken] of ways) {
    if (taken.size > 1) continue;
    if (taken.has(true)) jumping.add(pc);
    else removed.add(pc);
  }
  return without(session.program, removed, jumping);
}

const slotsOf = ({ instructions }: ObjectProgram, wanted: (instruction: Instruction) => boolean = () => true): readonly number[] =>
  instructions.flatMap((instruction, slot) => (instruction !== undefined && wanted(instruction) ? [slot] : []));

/** Takes out chunks of halving size; true where that made it smaller. */
async function withoutChunks(best: () => ObjectProgram, attempt: (candidate: ObjectProgram | undefined) => Promise<boolean>): Promise<boolean> {
  let smaller = false;
  for (let size = Math.max(1, Math.floor(sizeOf(best()) / 2)); size >= 1; size = Math.floor(size / 2)) {
    // From the end, so that what is still to be tried keeps its place.
    for (let from = Math.floor((sizeOf(best()) - 1) / size) * size; from >= 0; from -= size) {
      const slots = slotsOf(best()).slice(from, from + size);
      if (slots.length > 0 && (await attempt(without(best(), new Set(slots))))) smaller = true;
    }
  }
  return smaller;
}

/** Makes single branches jump always; true where that made it smaller. */
async function straightened(best: () => ObjectProgram, attempt: (candidate: ObjectProgram | undefined) => Promise<boolean>): Promise<boolean> {
  const before = sizeOf(best());
  for (const slot of [...slotsOf(best(), ({ kind }) => kind === 'branch')].reverse()) {
    if (best().instructions[slot]?.kind === 'branch') await attempt(without(best(), new Set(), new Set([slot])));
  }
  return sizeOf(best()) < before;
}
