import type { NumberedFailure } from '../../src/explain/views.ts';
import type { Tag } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Debugger } from './debugger.ts';

/** The failure that a command is about, where it is not the one whose path is followed. */
export const FAILURE = {
  name: 'failure',
  type: 'integer',
  named: true,
  help: 'The number of the failure.\nThe default is the one whose path is followed, else the first.',
} as const satisfies Tag;

/** @throws CommandError where nothing fails, or not so much. */
export function chosenFailure({ session }: Debugger, number: number | undefined): NumberedFailure {
  const { failures } = session;
  if (failures.length === 0) throw new CommandError('debug', 'No check fails.');
  const wanted = number ?? (session.followedFailure > 0 ? session.followedFailure : 1);
  const chosen = failures[wanted - 1];
  if (chosen === undefined) throw new CommandError('debug', `There is no failure ${wanted}; they are numbered 1 to ${failures.length}.`);
  return chosen;
}

/** `Failure 1, PKT-01 at instruction 2 (line 25):`. */
export function failureTitle({ session }: Debugger, { number, failure }: NumberedFailure): string {
  const source = session.source.at(failure.instruction);
  const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
  return `Failure ${number}, ${failure.id} at instruction ${failure.instruction}${line}:\n`;
}
