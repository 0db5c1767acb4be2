import { breakpointsAt } from '../../src/explain/queries/breakpoints.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { culpritFor } from './found.ts';
import type { Control } from './judge.ts';
import { checkInstruction } from './motion.ts';
import { stepText } from './render.ts';

export const command = defineCommand({
  tags: [
    {
      name: 'place',
      type: 'rest',
      required: true,
      placeholder: 'instruction|line N|function F|failure [N]|culprit|next join|next widening|bookmark NAME|start|end',
      help: 'culprit: where what the failed check needs was lost. next join: where ways meet and something is lost. next widening: a loop head whose state stands for several turns. start, end: of the path.',
    },
  ],
  remarks: 'Goes on along the path where it comes there, else back, else to another path that the verifier followed.',
  examples: ['goto 12', 'goto line 25', 'goto culprit', 'goto next join', 'goto start'],
  async run({ place }, { state, signal, progress }) {
    const debug = debuggerOf(state);
    const [first = '', ...rest] = place;
    const word = first.toLowerCase();
    const found = /^\d+$/.test(word) ? gotoInstruction : PLACES.find(([name]) => word !== '' && name.startsWith(word))?.[1];
    if (found === undefined || !(await found(debug, rest, Number(word), { signal, progress }))) {
      const text = place.join(' ');
      throw new UsageError(`${unacceptableValue(text, 'place')}\n${PARAMETER_INCORRECT}`, { value: text });
    }
    return debug.look();
  },
  text: stepText,
  json: (step) => ({ schema: 1, step }),
});

/** Goes to a place of its kind; false where the words behind its name are not what it takes. @throws CommandError where the path cannot get there. */
type Go = (debug: Debugger, rest: readonly string[], number: number, control: Control) => boolean | Promise<boolean>;

const PLACES: readonly (readonly [string, Go])[] = [
  ['start', (debug, rest) => rest.length === 0 && motion(debug, 'goto start', (session) => session.gotoStart())],
  ['end', (debug, rest) => rest.length === 0 && motion(debug, 'goto end', (session) => session.gotoEnd())],
  ['line', gotoLine],
  ['function', gotoFunction],
  ['failure', gotoFailure],
  ['culprit', gotoCulprit],
  ['next', gotoNext],
  ['bookmark', gotoBookmark],
];

function motion(debug: Debugger, command: string, go: (session: DebugSession) => void): true {
  go(debug.session);
  debug.moved(command);
  return true;
}

function only(rest: readonly string[]): number | undefined {
  return rest.length === 1 && /^\d+$/.test(rest[0]!) ? Number(rest[0]) : undefined;
}

function gotoInstruction(debug: Debugger, rest: readonly string[], pc: number): boolean {
  if (rest.length > 0) return false;
  checkInstruction(debug, pc);
  return gotoSlots(debug, [pc], `${pc}`, `instruction ${pc}`);
}

function gotoSlots(debug: Debugger, slots: readonly number[], words: string, name: string): true {
  if (!debug.session.goto(slots)) throw new CommandError('debug', `The verifier never came to ${name}.`);
  debug.moved(`goto ${words}`);
  return true;
}

function gotoLine(debug: Debugger, rest: readonly string[]): boolean {
  const line = only(rest);
  if (line === undefined) return false;
  const slots = debug.session.slotsOfLine(line);
  if (slots.length === 0) throw new CommandError('debug', `No instruction belongs to line ${line}.`);
  return gotoSlots(debug, slots, `line ${line}`, `line ${line}`);
}

function gotoFunction(debug: Debugger, [name, ...more]: readonly string[]): boolean {
  if (name === undefined || more.length > 0) return false;
  const starts = debug.session.program.functions.filter((range) => range.name === name).map(({ start }) => start);
  if (starts.length === 0) throw new CommandError('debug', `There is no function ${name}.`);
  return gotoSlots(debug, starts, `function ${name}`, `function ${name}`);
}

function gotoFailure(debug: Debugger, rest: readonly string[]): boolean {
  const number = only(rest);
  if (rest.length > 0 && number === undefined) return false;
  const found = debug.session.failure(number);
  if (found === undefined)
    throw new CommandError('debug', number === undefined ? 'No check fails.' : `There is no failure ${number} with a path to it.`);
  debug.moved(`failure ${found.number}`, true);
  return true;
}

async function gotoCulprit(debug: Debugger, rest: readonly string[], _: number, control: Control): Promise<boolean> {
  if (rest.length > 0) return false;
  const found = await culpritFor(debug.session, debug.session.followedFailure, control);
  if (found === undefined) throw new CommandError('debug', 'No failure is followed; "failure" goes to one.');
  if (found.at === undefined) throw new CommandError('debug', `There is no such point: ${found.words}`);
  debug.session.gotoIndex(found.at.index);
  debug.moved('goto culprit');
  return true;
}

const NEXT = ['join', 'widening'] as const;

function gotoNext(debug: Debugger, [what = '', ...more]: readonly string[]): boolean {
  const kind = NEXT.find((name) => what !== '' && name.startsWith(what.toLowerCase()));
  if (kind === undefined || more.length > 0) return false;
  const { session } = debug;
  const from = session.place!;
  const stop = breakpointsAt(session, [{ place: { kind }, condition: undefined }]);
  if (session.advance('forward', stop, MAX_LOOKED_AT).reason === undefined) {
    session.restore(from);
    throw new CommandError('debug', `There is no ${kind} ahead on this path.`);
  }
  debug.moved(`goto next ${kind}`);
  return true;
}

/** Instructions looked at: an open path may go round a loop for ever. */
const MAX_LOOKED_AT = 20_000;

function gotoBookmark(debug: Debugger, [name, ...more]: readonly string[]): boolean {
  if (name === undefined || more.length > 0) return false;
  const bookmark = debug.bookmarks.get(name);
  if (bookmark === undefined) throw new CommandError('debug', `There is no bookmark ${name}; "bookmarks" lists them.`);
  if (bookmark.session !== debug.session)
    throw new CommandError('debug', `Bookmark ${name} belongs to the program as it was before the last change; "undo" goes back to that.`);
  debug.session.restore(bookmark.place);
  debug.moved(`goto bookmark ${name}`);
  return true;
}
