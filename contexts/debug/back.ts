import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { MOTION_TAGS, travel, walkText } from './motion.ts';

export const command = defineCommand({
  tags: MOTION_TAGS,
  remarks: 'Shows the instruction it comes to; by=line goes to where a line begins.',
  examples: ['back', 'back 10', 'back by=line', 'back by=event', 'back by=change:fp-16'],
  run: (tags, { state }) => travel(debuggerOf(state), 'back', tags),
  text: (walk) => walkText({ ...walk, skipped: 0 }, 'The path begins here.'),
  json: ({ steps, atEnd }) => ({ schema: 1, steps, atStart: atEnd }),
});
