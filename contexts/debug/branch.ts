import type { WayOut } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf, type ShownStep } from './debugger.ts';
import { count, stepText } from './render.ts';

type Result = { readonly ways: readonly WayOut[] } | { readonly step: ShownStep };

export const command = defineCommand({
  tags: [
    {
      name: 'way',
      type: 'integer',
      help: 'The number of a way: the path goes on over it, and the debugger with it.\nThe default is to show the ways.',
    },
  ],
  remarks:
    'The sides of a branch, the function that is called, what a helper calls back. A side that the verifier knows to be impossible is not among them.',
  examples: ['branch', 'branch 2'],
  run({ way }, { state }): Result {
    const debug = debuggerOf(state);
    const { session } = debug;
    if (way === undefined) return { ways: session.waysOut() };
    if (!session.turn(way)) throw new CommandError('debug', `There is no way ${way} out of this block; "branch" lists them.`);
    session.advance('forward', () => (session.entered === undefined ? undefined : true));
    debug.moved(`branch ${way}`);
    return { step: debug.look() };
  },
  text: (result) => ('step' in result ? stepText(result.step) : waysText(result.ways)),
  json: (result) => ({ schema: 1, ...result }),
});

function waysText(ways: readonly WayOut[]): string {
  if (ways.length === 0) return 'No way leads out of this block: the path ends here.\n';
  return `${count(ways.length, 'way leads', 'ways lead')} out of this block:\n${ways.map(wayText).join('')}`;
}

function wayText({ number, pc, source, decision, current }: WayOut): string {
  const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
  return `${current ? '>' : ' '} ${number}. to instruction ${pc}${line}: ${decision.words}\n`;
}
