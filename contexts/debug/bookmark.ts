import { defineCommand } from '../command.ts';
import { joinWords } from '../tokens.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [
    { name: 'name', type: 'string', required: true, help: 'A name for the current instruction on this path; one that is taken moves here.' },
    { name: 'note', type: 'rest', placeholder: 'words ...', help: 'What is to be remembered about it.' },
  ],
  remarks: '"goto bookmark" goes there, "diff" compares with it, "bookmarks" lists them, "save" writes them into the script of the session.',
  examples: ['bookmark checked', 'bookmark read the length is tested only here'],
  run({ name, note = [] }, { state }) {
    const debug = debuggerOf(state);
    const { session } = debug;
    const place = session.place!;
    const text = note.join(' ');
    debug.bookmarks.set(name, { name, note: text, place, session });
    debug.moved(`bookmark ${joinWords([name, ...note])}`);
    return { name, instruction: place.pc, note: text };
  },
  text: ({ name, instruction }) => `Bookmark ${name} is at instruction ${instruction}.\n`,
  json: (result) => ({ schema: 1, ...result }),
});
