import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';
import { type Walk, walkText } from './step.ts';

export const command = defineCommand({
  tags: [{ name: 'count', type: 'integer', help: 'How many instructions.\nThe default is 1.' }],
  remarks: 'Shows the instruction it comes to.',
  examples: ['back', 'back 10'],
  run({ count = 1 }, { state }): Walk {
    const debug = debuggerOf(state);
    const done = debug.session.back(count);
    return { skipped: 0, steps: done === 0 && count > 0 ? [] : [debug.look()], atEnd: done < count };
  },
  text: (walk) => walkText(walk, 'The path begins here.'),
  json: ({ steps, atEnd }) => ({ schema: 1, steps, atStart: atEnd }),
});
