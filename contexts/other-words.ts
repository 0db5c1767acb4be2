/** What people type who come from other tools, and what has it here. */

import { didYouMean } from './messages.ts';

/** Full commands, which every context understands, or one sentence where it is no command. */
type Here = readonly string[] | string;

const CLEAR = 'At the prompt, Ctrl-L clears the screen.';
const LOAD = ['ebpf add program'];
const UNLOAD = ['ebpf delete program'];
const DISASSEMBLE = ['ebpf show disassembly'];
const RUN = ['ebpf test program'];
const LIST = ['ebpf show programs', 'ebpf show maps'];

/** By the word as typed, in lower case. */
const OTHER_WORDS: Readonly<Record<string, Here>> = {
  verify: ['ebpf show verification'],
  check: ['ebpf show verification'],
  load: LOAD,
  attach: LOAD,
  unload: UNLOAD,
  detach: UNLOAD,
  disassemble: DISASSEMBLE,
  disasm: DISASSEMBLE,
  objdump: DISASSEMBLE,
  readelf: ['ebpf show sections'],
  run: RUN,
  step: ['ebpf debug verification'],
  gdb: ['ebpf debug verification'],
  compile: ['ebpf watch'],
  list: LIST,
  ls: LIST,
  prog: ['bpftool prog', 'ebpf show programs'],
  map: ['bpftool map', 'ebpf show maps'],
  link: ['bpftool link', 'ebpf show links'],
  trace: ['ebpf show trace'],
  clear: CLEAR,
  cls: CLEAR,
  history: 'At the prompt, Ctrl-R searches the lines typed before.',
  bg: 'A line that ends in & runs in the background; Ctrl-B sends there what runs.',
};

const OUTPUT = 'Output goes on elsewhere in your own shell: ebpfsh <command> | less.\n"set file open <file>" copies what is said here to a file.';
const SEQUENCE = 'A line is one command; "exec <file>" runs several.';

/** What means something between the words of other shells. */
const SHELL_SIGNS: ReadonlyMap<string, string> = new Map([
  ['|', OUTPUT],
  ['>', OUTPUT],
  ['>>', OUTPUT],
  ['2>', OUTPUT],
  [';', SEQUENCE],
  ['&&', SEQUENCE],
  ['||', SEQUENCE],
]);

/** What is said, on lines of its own, where a sign of other shells stands in a line that is wrong; '' of other words. */
export function shellSign(word: string): string {
  const said = SHELL_SIGNS.get(word);
  return said === undefined ? '' : `\n${said}`;
}

/**
 * What is said of a word that is no command, on a line of its own; undefined where nothing is known of it.
 *
 * @param entered the context that the line names before it: only its commands are meant.
 */
export function otherWord(word: string, entered: readonly string[] = []): string | undefined {
  const name = word.toLowerCase();
  const here = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name] : undefined;
  if (here === undefined || typeof here === 'string') return here !== undefined && entered.length === 0 ? `\n${here}` : undefined;
  const context = entered.map((part) => `${part} `).join('');
  return didYouMean(here.filter((command) => command.startsWith(context))) || undefined;
}

export const OTHER_WORD_NAMES = Object.keys(OTHER_WORDS);
