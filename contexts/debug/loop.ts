import { type LoopRecord, LoopRecorder, loopHeadAt, type RecordedTurn } from '../../src/explain/queries/loops.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { checkInstruction } from './motion.ts';
import { changesText, count } from './render.ts';

/** Turns shown from the first on, and at the end. */
const FIRST = 5;
const LAST = 2;

export const command = defineCommand({
  tags: [
    {
      name: 'head',
      type: 'integer',
      placeholder: 'instruction',
      help: 'An instruction of the loop.\nThe default is the innermost loop around the current one.',
    },
  ],
  remarks:
    'Verifies the program once more at the same precision and keeps what came to the head of the loop in each turn, what it was merged with, and what widening (moving growing bounds on at once) lost.',
  examples: ['loop', 'loop 12'],
  async run({ head: inside }, { state, signal, progress }) {
    const debug = debuggerOf(state);
    const { session } = debug;
    if (inside !== undefined) checkInstruction(debug, inside);
    const pc = inside ?? session.pc;
    const head = loopHeadAt(session, pc);
    if (head === undefined) throw new CommandError('debug', `Instruction ${pc} is in no loop.`);
    const recorder = new LoopRecorder(session, head);
    await debug.verifyAgain({ precision: session.report.precision, onLoopHead: recorder.listen }, { signal, progress });
    return { ...recorder.record(), source: session.source.at(head) ?? null };
  },
  text: loopText,
  json: (result) => ({ schema: 1, ...result }),
});

function loopText({ head, turns, more, loser, first, source }: LoopRecord & { readonly source: { readonly line: number } | null }): string {
  const line = source === null || source.line === 0 ? '' : ` (line ${source.line})`;
  if (turns.length === 0) return `The verifier never came to the loop at instruction ${head}${line}.\n`;
  const arrivals = turns.length + more;
  const verdict =
    loser === undefined
      ? turns.every(({ kind }) => kind === 'kept')
        ? 'They were kept apart.'
        : 'Merging them lost nothing.'
      : `Turn ${loser} lost something when it was ${WORDS[turns[loser - 1]!.kind]}.`;
  const text = `The loop at instruction ${head}${line}: ${count(arrivals, 'state', 'states')} came to its head.\n${verdict}\nOn the first arrival:\n${first.map((words) => `  ${words}\n`).join('')}`;
  return text + shownTurns(turns, loser).map(turnText).join('') + (more === 0 ? '' : `  ... ${count(more, 'more turn', 'more turns')}\n`);
}

/** The first turns, the last ones, and those around the one that lost something. */
function shownTurns(turns: readonly RecordedTurn[], loser: number | undefined): readonly (RecordedTurn | number)[] {
  const shown: (RecordedTurn | number)[] = [];
  let skipped = 0;
  for (const turn of turns.slice(1)) {
    const near = loser !== undefined && Math.abs(turn.number - loser) <= 2;
    if (turn.number <= FIRST || near || turn.number > turns.length - LAST) {
      if (skipped > 0) shown.push(skipped);
      skipped = 0;
      shown.push(turn);
    } else skipped++;
  }
  return skipped > 0 ? [...shown, skipped] : shown;
}

const WORDS: Record<RecordedTurn['kind'], string> = { kept: 'kept apart', merged: 'merged', widened: 'widened' };

function turnText(turn: RecordedTurn | number): string {
  if (typeof turn === 'number') return `  ... ${count(turn, 'turn', 'turns')}\n`;
  const { number, again, kind, arrived, lost } = turn;
  const losses = lost.length === 0 ? '' : `    ${WORDS[kind]}, which lost:\n${changesText(lost, true)}`;
  return `  turn ${number}${again ? '' : ', the loop is entered again'}: ${WORDS[kind]}\n${changesText(arrived, true)}${losses}`;
}
