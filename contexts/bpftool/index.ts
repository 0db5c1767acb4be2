import type { CommandRow, ContextDefinition } from '../context.ts';
import { isForeignObject } from './foreign.ts';

type Topic = 'help' | 'batch' | 'prog' | 'map' | 'link' | 'net' | 'version';

const row = (words: Topic, summary: string): CommandRow => ({ words, summary, load: async () => (await import('./command.ts')).topics[words] });

/** What a line begins with, in the order in which bpftool tries abbreviations. */
const rows: readonly CommandRow[] = [
  row('help', `Displays bpftool's own help.`),
  row('batch', 'Runs a file of bpftool commands.'),
  row('prog', 'Lists, loads, pins, runs and dumps programs.'),
  row('map', 'Lists, creates, pins, reads and changes maps.'),
  row('link', 'Lists, pins and detaches links.'),
  row('net', 'Lists, attaches and detaches programs of interfaces.'),
  row('version', 'Displays the version of bpftool that this behaves like.'),
];

/** `-?` is netsh's help. */
const OPTION = /^--?[^?]/;

/** `netsh bpftool>`: bpftool with its own grammar, over the same objects as `netsh ebpf>`. */
export const bpftoolContext: ContextDefinition = {
  name: 'bpftool',
  commands: rows,
  raw: {
    words: 'bpftool',
    summary: `Runs a line of bpftool's.`,
    load: async () => (await import('./command.ts')).line,
    takes: (word) => OPTION.test(word) || (word !== '' && (isForeignObject(word) || rows.some(({ words }) => words.startsWith(word)))),
  },
  contexts: [],
  groups: {},
};
