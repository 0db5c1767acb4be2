import type { CommandRow, ContextDefinition } from '../context.ts';

const load = async () => (await import('./command.ts')).command;

/** What a line begins with, in the order in which bpftool tries abbreviations. */
const rows: readonly CommandRow[] = [
  { words: 'help', summary: `Displays bpftool's own help.`, load },
  { words: 'batch', summary: 'Runs a file of bpftool commands.', load },
  { words: 'prog', summary: 'Lists, loads, pins, runs and dumps programs.', load },
  { words: 'map', summary: 'Lists, creates, pins, reads and changes maps.', load },
  { words: 'link', summary: 'Lists, pins and detaches links.', load },
  { words: 'net', summary: 'Lists, attaches and detaches programs of interfaces.', load },
  { words: 'version', summary: 'Displays the version of bpftool that this behaves like.', load },
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
    load,
    takes: (word) => OPTION.test(word) || (word !== '' && rows.some(({ words }) => words.startsWith(word))),
  },
  contexts: [],
  groups: {},
};
