import { breakpointText } from '../../src/explain/queries/breakpoints.ts';
import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [],
  examples: ['show breakpoints'],
  run: (_tags, { state }) =>
    [...debuggerOf(state, false).breakpoints].map(([number, breakpoint]) => ({
      number,
      kind: breakpoint.place.kind === 'watch' ? 'watch' : 'break',
      text: breakpointText(breakpoint),
    })),
  text: (rows) =>
    rows.length === 0 ? 'There are no breakpoints.\n' : rows.map(({ number, kind, text }) => `  ${number}. ${kind} ${text}\n`).join(''),
  json: (breakpoints) => ({ schema: 1, breakpoints }),
});
