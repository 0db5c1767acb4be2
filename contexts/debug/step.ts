import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { MOTION_TAGS, travel, walkText } from './motion.ts';

export const command = defineCommand({
  tags: MOTION_TAGS,
  remarks: 'Each instruction is shown with its source line where that changes, what it requires, and the facts it changes.',
  examples: ['step', 'step 10', 'step by=line', 'step 2 by=event', 'step by=change:r6.max'],
  run: (tags, { state }) => travel(debuggerOf(state), 'forward', tags),
  text: (walk) => walkText(walk, 'The path ends here.'),
  json: ({ steps, skipped, atEnd }) => ({ schema: 1, skipped, steps, atEnd }),
});
