import type { Command } from './command.ts';
import { tagUsage } from './help.ts';

export interface ManualCommand {
  /** From the root: `ebpf show sections`. */
  readonly words: string;
  readonly summary: string;
  readonly command: Command;
}

const HEAD = String.raw`.TH EBPFSH 1 "" ebpfsh "User Commands"
.SH NAME
ebpfsh \- load, verify, explain and run eBPF objects, in the manner of netsh
.SH SYNOPSIS
.B ebpfsh
[\-a \fIalias-file\fR] [\-c \fIcontext\fR] [\fIcommand\fR | \-f \fIscript\fR]
.SH DESCRIPTION
Without a command, ebpfsh opens its prompt; standard input that is a pipe or a file is run as a script.
Words may be shortened as long as they stay unambiguous, and ? anywhere shows help.
.SH OPTIONS
.TP
.BI "\-a " alias-file
Runs a script of alias commands first.
.TP
.BI "\-c " context
Starts in that context. The default is ebpf.
.TP
.BI "\-f " script
Runs the commands of a file and ends; \- is standard input.
.TP
.B \-\-help
Shows how ebpfsh is called.
.TP
.B \-\-version
Shows the version.
.PP
.B ebpfsh dap
serves the Debug Adapter Protocol to an editor over standard input and output.
.SH EXIT STATUS
0: success. 1: a command failed. 2: a command was not understood.
With
.B fail-on=
.B show verification
tells the verdict by 1 to 5.
.SH ENVIRONMENT
.TP
.B EBPFSH_CONFIG_DIR
Where settings and the history of lines are kept.
.TP
.B EBPFSH_STORE
Where what is pinned or attached is kept.
.TP
.B EBPFSH_CLANG
The clang that
.B ebpf watch
runs.
.TP
.B EBPFSH_DEBUG
1 shows where an internal error happened.
.TP
.B NO_COLOR
Anything switches colors off.
.TP
.B INK_SCREEN_READER
true: a screen reader reads along, as after
.BR "set screenreader on" .
.SH FILES
.TP
.I ~/.config/ebpfsh
Settings, history and store, where the variables above say nothing.
.SH COMMANDS
`;

/** A manual page in roff, with the man macros of groff_man(7): every command with its grammar, what its tags mean, and examples. */
export function manualPage(commands: readonly ManualCommand[]): string {
  return HEAD + commands.map(commandText).join('');
}

function commandText({ words, summary, command }: ManualCommand): string {
  const grammar = [`.B ${escaped(words)}`, ...(command.tags.length > 0 ? [textLine(command.tags.map(tagUsage).join(' '))] : [])];
  const tags = command.tags.map(({ name, help }) => `.RS\n.TP\n.I ${escaped(name)}\n${help.split('\n').map(textLine).join('\n')}\n.RE\n`);
  const examples = command.examples.length > 0 ? `.RS\n.PP\n.nf\n${command.examples.map(textLine).join('\n')}\n.fi\n.RE\n` : '';
  const remarks = textLine(`${summary}${command.remarks ? ` ${command.remarks}` : ''}`);
  return `.PP\n${grammar.join('\n')}\n.RS\n.PP\n${remarks}\n.RE\n${tags.join('')}${examples}`;
}

/** Text as roff prints it: no escape sequences, and a hyphen that can be copied. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** A line of text; one that begins with a control character would be a request. */
function textLine(text: string): string {
  return /^[.']/.test(text) ? `\\&${escaped(text)}` : escaped(text);
}
