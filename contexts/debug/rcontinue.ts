import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { goOn, haltJson, haltText } from './halt.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Goes back along the path until a breakpoint or watchpoint, or to its beginning.',
  examples: ['rcontinue'],
  run: (_tags, { state, signal }) => goOn(debuggerOf(state), 'back', signal),
  text: haltText,
  json: haltJson,
});
