import { KNOWLEDGE } from '../../src/explain/knowledge/index.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type FoundCommand, findCommands } from '../help-search.ts';
import { wrap } from '../render/wrap.ts';

/** Commands and entries that are listed; whoever needs more has too common a word. */
const MOST = 12;
const WIDTH = 79;

interface FoundEntry {
  readonly id: string;
  readonly title: string;
}

/** Entries of `explain` that have all of the words in their title, their cause or what people call them. */
function findEntries(words: readonly string[]): readonly FoundEntry[] {
  const wanted = words.map((word) => word.toLowerCase());
  return KNOWLEDGE.filter(({ id, title, cause, words: names }) => {
    const text = ` ${[id, title, cause, ...names].join(' ').toLowerCase()}`;
    return wanted.every((word) => text.includes(` ${word}`));
  }).map(({ id, title }) => ({ id, title }));
}

function commandText({ words, summary, tags }: FoundCommand): string {
  const lines = tags.map(({ name, help }) => `      ${wrap(`${name}= ${help.replaceAll('\n', ' ')}`, WIDTH - 6, ' '.repeat(8))}`);
  return `  ${wrap(`${words} - ${summary}`, WIDTH - 2, '      ')}${lines.join('')}`;
}

function block(title: string, lines: readonly string[], total: number): string {
  if (lines.length === 0) return '';
  return `\n${title}\n${lines.join('')}${total > lines.length ? `  and ${total - lines.length} more; another word narrows it down\n` : ''}`;
}

export const command = defineCommand({
  tags: [{ name: 'words', type: 'rest', required: true, placeholder: 'word ...', help: 'What to look for; the beginning of a word is enough.' }],
  remarks: 'Looks through the names, tags, remarks and examples of all commands, and through what explain knows.',
  examples: ['help search pin', 'help search exit code', 'help search null'],
  async run({ words }, { session }) {
    const [commands, entries] = [await findCommands(session.root, words), findEntries(words)];
    if (commands.length + entries.length === 0) {
      throw new CommandError('nothing-found', `Nothing speaks of "${words.join(' ')}". Fewer or shorter words find more; "?" lists all commands.`);
    }
    return { commands, entries };
  },
  text({ commands, entries }) {
    const found = commands.slice(0, MOST).map(commandText);
    const known = entries.slice(0, MOST).map(({ id, title }) => `  ${wrap(`${id} - ${title}`, WIDTH - 2, '      ')}`);
    return `${block('Commands (? after one says more):', found, commands.length)}${block('Causes of rejection (explain ID says more):', known, entries.length)}`;
  },
  json: (found) => ({ schema: 1, ...found }),
});
