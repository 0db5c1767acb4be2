import { defineCommand } from '../command.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [],
  examples: ['bookmarks'],
  run(_tags, { state }) {
    const { bookmarks, session } = debuggerOf(state, false);
    return [...bookmarks.values()].map(({ name, note, place, session: own }) => ({
      name,
      note,
      instruction: place.pc,
      index: place.index,
      source: own.source.at(place.pc) ?? null,
      current: own === session,
    }));
  },
  text: (rows) =>
    rows.length === 0
      ? 'There are no bookmarks.\n'
      : rows
          .map(({ name, note, instruction, source, current }) => {
            const line = source === null || source.line === 0 ? '' : ` (line ${source.line})`;
            return `  ${name}: instruction ${instruction}${line}${current ? '' : ', before the last change'}${note === '' ? '' : `: ${note}`}\n`;
          })
          .join(''),
  json: (bookmarks) => ({ schema: 1, bookmarks }),
});
