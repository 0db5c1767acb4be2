import { findEntry, KNOWLEDGE } from '../../src/explain/knowledge/index.ts';
import { familyNamed, type Match, search } from '../../src/explain/knowledge/search.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { didYouMean } from '../messages.ts';
import { suggest } from '../suggest.ts';
import { entryText, familyText, indexText, matchesText, nearestText } from './explain-text.ts';

/** Looks like an id, so it is not searched as a message. */
const ID = /^[a-z]{3,5}-\d{2}$/i;

const lookup = (text: string) => {
  if (text === '') return { kind: 'index' as const, entries: KNOWLEDGE };
  const entry = findEntry(text);
  if (entry !== undefined) return { kind: 'entry' as const, entry };
  if (ID.test(text)) {
    const near = suggest(
      text,
      KNOWLEDGE.map(({ id }) => id),
      5,
    );
    throw new CommandError('entry', `There is no entry ${text.toUpperCase()}.${didYouMean(near)}`);
  }
  const family = familyNamed(text);
  if (family !== undefined) return { kind: 'family' as const, family };
  const { matches, nearest } = search(text);
  return matches.length > 0 ? { kind: 'matches' as const, matches } : { kind: 'nearest' as const, text, nearest };
};

const plain = ({ entry, score, dialect, message }: Match) => ({
  id: entry.id,
  title: entry.title,
  score: Number(score.toFixed(3)),
  dialect,
  message,
});

export const command = defineCommand({
  tags: [
    {
      name: 'text',
      type: 'rest',
      placeholder: 'id or message',
      help: 'An id (NUL-01), a family (memory), or a message of ebpfsh, of eBPF for Windows or of the Linux kernel. Without it, everything is listed.',
    },
  ],
  remarks:
    'Shows the cause, a wrong and a right program, fixes, and what other verifiers say. Numbers, registers and names in a message do not matter.',
  examples: ['explain NUL-01', `explain "R0 invalid mem access 'map_value_or_null'"`, 'explain memory'],
  run: ({ text }) => lookup((text ?? []).join(' ').trim()),
  text: (found) => {
    switch (found.kind) {
      case 'index':
        return indexText(found.entries);
      case 'entry':
        return entryText(found.entry);
      case 'family':
        return familyText(found.family, KNOWLEDGE);
      case 'matches':
        return matchesText(found.matches);
      case 'nearest':
        return nearestText(found.text, found.nearest);
    }
  },
  json: (found) => {
    switch (found.kind) {
      case 'index':
        return { schema: 1, entries: found.entries.map(({ id, title, family, nature }) => ({ id, title, family, nature })) };
      case 'entry':
        return { schema: 1, entry: found.entry };
      case 'family':
        return {
          schema: 1,
          family: found.family,
          entries: KNOWLEDGE.filter(({ family }) => family === found.family.id).map(({ id, title }) => ({ id, title })),
        };
      case 'matches':
        return { schema: 1, matches: found.matches.map(plain), entry: found.matches[0]!.entry };
      case 'nearest':
        return { schema: 1, matches: [], nearest: found.nearest.map(plain) };
    }
  },
  // An unknown message is an answer, but a script wants to know.
  outcome: (found) => ({ exitCode: found.kind === 'nearest' ? 1 : 0 }),
});
