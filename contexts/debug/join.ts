import type { WayIn } from '../../src/explain/views.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf, type ShownStep } from './debugger.ts';
import { changesText, count, stepText } from './render.ts';

type Result = { readonly ways: readonly WayIn[]; readonly states: number } | { readonly step: ShownStep };

export const command = defineCommand({
  tags: [{ name: 'way', type: 'integer', help: 'The number of a way: the path enters over it from now on.\nThe default is to list the ways.' }],
  remarks: 'Each way is shown with the facts that hold on it and were lost where the ways were merged.',
  examples: ['join', 'join 2'],
  run({ way }, { state }): Result {
    const debug = debuggerOf(state);
    if (way === undefined) return { ways: debug.session.waysIn(), states: debug.session.node.processed.length };
    if (!debug.session.chooseWay(way)) throw new CommandError('debug', `There is no way ${way} into this block; "join" lists them.`);
    debug.moved(`join ${way}`);
    return { step: debug.look() };
  },
  text: (result) => ('step' in result ? stepText(result.step) : waysText(result.ways, result.states)),
  json: (result) => ({ schema: 1, ...result }),
});

function waysText(ways: readonly WayIn[], states: number): string {
  if (ways.length === 0) return 'The program begins here; no other way leads to this block.\n';
  const head = `${count(ways.length, 'way leads', 'ways lead')} into this block, ${count(states, 'state is', 'states are')} kept:\n`;
  return head + ways.map(wayText).join('');
}

function wayText({ number, pc, source, decision, current, lost }: WayIn): string {
  const line = source === undefined || source.line === 0 ? '' : ` (line ${source.line})`;
  return `${current ? '>' : ' '} ${number}. from instruction ${pc}${line}: ${decision?.words ?? ''}\n${changesText(lost, true)}`;
}
