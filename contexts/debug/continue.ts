import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { goOn, haltJson, haltText } from './halt.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Goes on along the path until a breakpoint or watchpoint, or to its end.',
  examples: ['continue'],
  run: (_tags, { state, signal }) => goOn(debuggerOf(state), 'forward', signal),
  text: haltText,
  json: haltJson,
});
