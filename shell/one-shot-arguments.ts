/** What the process was asked to do. */
export type Invocation =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'error'; readonly message: string }
  | {
      readonly kind: 'run';
      readonly aliasFile?: string;
      readonly context?: string;
      readonly script?: string;
      /** Words of one command; empty: a script on standard input, or the prompt. */
      readonly words: readonly string[];
    };

/** What an option's value names. */
type OptionValue = 'aliasFile' | 'context' | 'script';

interface Option {
  readonly name: string;
  /** Another spelling. */
  readonly short?: string;
  readonly value?: OptionValue;
  /** How the help names the value. */
  readonly placeholder?: string;
  /** What an option without a value asks for. */
  readonly asks?: 'help' | 'version';
  readonly help: string;
}

const OPTIONS: readonly Option[] = [
  { name: '-a', value: 'aliasFile', placeholder: '<alias-file>', help: 'Runs a script of alias commands first.' },
  { name: '-c', value: 'context', placeholder: '<context>', help: 'Starts in that context, for example "ebpf".' },
  { name: '-f', value: 'script', placeholder: '<script>', help: 'Runs the commands of a file; "-" is standard input.' },
  { name: '--help', short: '-h', asks: 'help', help: 'Shows this text.' },
  { name: '--version', short: '-V', asks: 'version', help: 'Shows the version.' },
];

/** The word that is no command of the shell: it serves editors instead of people. */
export const DAP = { name: 'dap', help: 'Serves the Debug Adapter Protocol to an editor.' } as const;

function findOption(word: string): Option | undefined {
  return OPTIONS.find(({ name, short }) => word === name || word === short);
}

/** Reads netsh's command line: options come before the command; the command's own words are left alone. */
export function parseArguments(args: readonly string[]): Invocation {
  const values: { [V in OptionValue]?: string } = {};
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-?') break;
    const option = findOption(word);
    if (option === undefined) return { kind: 'error', message: `${word} is not an option of ebpfsh.` };
    if (option.asks !== undefined) return { kind: option.asks };
    const value = args[++at];
    if (value === undefined) return { kind: 'error', message: `${word} needs a value.` };
    if (option.value !== undefined) values[option.value] = value;
  }
  const words = args.slice(at);
  if (values.script !== undefined && words.length > 0) return { kind: 'error', message: '-f runs a script; it takes no command besides.' };
  return { kind: 'run', ...values, words };
}

/** What the last word of a command line is that is still being typed. */
export type Unfinished =
  | { readonly kind: 'option'; readonly options: readonly Option[] }
  | { readonly kind: 'value'; readonly value: OptionValue }
  /** A word of the command that starts with word `from`, in `context` where the line says so. */
  | { readonly kind: 'command'; readonly from: number; readonly context: string | undefined };

/** @param words all words so far, at least one; the last may be ''. */
export function unfinishedArguments(words: readonly string[]): Unfinished {
  let context: string | undefined;
  const last = words.length - 1;
  for (let at = 0; at < last; at++) {
    const option = findOption(words[at]!);
    if (option?.value === undefined) return { kind: 'command', from: words[at] === '--' ? at + 1 : at, context };
    if (++at === last) return { kind: 'value', value: option.value };
    if (option.value === 'context') context = words[at];
  }
  const typed = words[last] ?? '';
  if (!typed.startsWith('-')) return { kind: 'command', from: last, context };
  return { kind: 'option', options: OPTIONS.filter(({ name }) => name.startsWith(typed)) };
}

const NAME_COLUMNS = 17;
const optionLine = ({ name, placeholder, help }: Option) => `      ${[name, placeholder].join(' ').padEnd(NAME_COLUMNS)}${help}\n`;

export const HELP_TEXT = `Usage: ebpfsh [-a <alias-file>] [-c <context>] [<command> | -f <script>]

Without a command, ebpfsh opens its prompt; standard input that is a pipe or a
file is run as a script.

${OPTIONS.map(optionLine).join('')}
Exit code: 0 success, 1 a command failed, 2 a command was not understood.

Examples:

      ebpfsh ebpf show verification samples/droppacket.o
      ebpfsh eb sh sec samples/bpf.o
      ebpfsh ebpf ?
      ebpfsh ${DAP.name}       (for editors: the Debug Adapter Protocol over standard input)
      ebpfsh ${DAP.name} port=4711      (the same over connections to that port)
`;
