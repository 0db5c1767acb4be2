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

const FILE_OPTIONS = { '-a': 'aliasFile', '-c': 'context', '-f': 'script' } as const;

/** Reads netsh's command line: options come before the command; the command's own words are left alone. */
export function parseArguments(args: readonly string[]): Invocation {
  const options: { aliasFile?: string; context?: string; script?: string } = {};
  let at = 0;
  for (; at < args.length; at++) {
    const option = args[at]!;
    if (option === '--help' || option === '-h') return { kind: 'help' };
    if (option === '--version' || option === '-V') return { kind: 'version' };
    if (option === '--') {
      at++;
      break;
    }
    if (!option.startsWith('-') || option === '-?') break;
    const name = FILE_OPTIONS[option as keyof typeof FILE_OPTIONS];
    if (name === undefined) return { kind: 'error', message: `${option} is not an option of ebpfsh.` };
    const value = args[++at];
    if (value === undefined) return { kind: 'error', message: `${option} needs a value.` };
    options[name] = value;
  }
  const words = args.slice(at);
  if (options.script !== undefined && words.length > 0) return { kind: 'error', message: '-f runs a script; it takes no command besides.' };
  return { kind: 'run', ...options, words };
}

export const HELP_TEXT = `Usage: ebpfsh [-a <alias-file>] [-c <context>] [<command> | -f <script>]

Without a command, ebpfsh opens its prompt; standard input that is a pipe or a file is run as a script.

      -a <alias-file>  Runs a script of alias commands first.
      -c <context>     Starts in that context, for example "ebpf".
      -f <script>      Runs the commands of a file and ends; "-" is standard input.
      --help           Shows this text.
      --version        Shows the version.

Exit code: 0 success, 1 a command failed, 2 a command was not understood.

Examples:

      ebpfsh ebpf show verification samples/droppacket.o
      ebpfsh eb sh sec samples/bpf.o
      ebpfsh ebpf ?
      ebpfsh dap       (for editors: the Debug Adapter Protocol over standard input)
      ebpfsh dap port=4711      (the same over connections to that port)
`;
