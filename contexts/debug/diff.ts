import type { FactChange } from '../../src/explain/diff.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type Debugger, debuggerOf } from './debugger.ts';
import { changesText } from './render.ts';

/** Two points and what differs between them. */
interface Difference {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly FactChange[];
}

export const command = defineCommand({
  tags: [
    {
      name: 'from',
      type: 'string',
      placeholder: 'instruction|bookmark',
      help: 'The instruction to compare with, where the path was there, or a bookmark.\nThe default is where the last command left from.',
    },
    {
      name: 'way',
      type: 'integer',
      named: true,
      help: 'Compares what is known on a way into the current block, by its number in "join", with what is known behind the join.',
    },
  ],
  remarks: 'Facts that were lost come first. Both points are before their instruction.',
  examples: ['diff', 'diff 2', 'diff checked', 'diff way=2'],
  run({ from, way }, { state }): Difference {
    const debug = debuggerOf(state);
    return { to: debug.session.pc, ...(way === undefined ? differenceFrom(debug, from) : differenceFromWay(debug, way)) };
  },
  text: ({ from, to, changes }) =>
    `From before instruction ${from} to before instruction ${to}:\n${changes.length === 0 ? `${' '.repeat(10)}nothing changes\n` : changesText(changes, true)}`,
  json: ({ from, to, changes }) => ({ schema: 1, from, to, changes }),
});

/** @throws CommandError where there is no such point. */
function differenceFrom({ session, bookmarks }: Debugger, from: string | undefined): Omit<Difference, 'to'> {
  if (from === undefined) {
    const since = session.changesSince();
    if (since === undefined) throw new CommandError('debug', 'There is no earlier point yet: step first.');
    return { from: since.pc, changes: since.changes };
  }
  const bookmark = bookmarks.get(from);
  if (bookmark?.session === session) return { from: bookmark.place.pc, changes: session.changesFromPlace(bookmark.place) };
  if (bookmark !== undefined)
    throw new CommandError('debug', `Bookmark ${from} belongs to the program as it was before the last change; "undo" goes back to that.`);
  if (!/^\d+$/.test(from)) throw new CommandError('debug', `There is no bookmark ${from}; "bookmarks" lists them.`);
  const changes = session.changesFrom(Number(from));
  if (changes === undefined) throw new CommandError('debug', `The path was not at instruction ${from} before.`);
  return { from: Number(from), changes };
}

/** @throws CommandError where there is no such way. */
function differenceFromWay({ session }: Debugger, way: number): Omit<Difference, 'to'> {
  const found = session.changesFromWay(way);
  if (found === undefined) throw new CommandError('debug', `There is no way ${way} into this block; "join" lists them.`);
  return { from: found.pc, changes: found.changes };
}
