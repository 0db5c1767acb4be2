/** What the screen (prompt, script runner, one-shot) sees of a session. The implementation is `Session` in session.ts. */
import type { Debugger } from './debug/debugger.ts';
import type { Jobs } from './jobs.ts';

export type OutputStream = 'stdout' | 'stderr';

/**
 * 0: done. 1: the command ran and failed (or was cancelled). 2: the line could not be understood. Commands that promise it use 1 to 5 otherwise,
 * lines of bpftool what bpftool itself ends with (255, or 256 less an error number).
 */
export type ExitCode = number;

/** How far a long command is. */
export interface Progress {
  /** What is being worked on: 'samples/bpf.o .text func'. */
  readonly title: string;
  /** Finished units out of `total`; `total` undefined while it is unknown, both where nothing is counted. */
  readonly done?: number;
  readonly total?: number;
}

/** Where one command's output goes and how it is cancelled. */
export interface ExecuteIo {
  /** Aborting it ends the command at once with exit code 1. */
  readonly signal: AbortSignal;
  /** Text comes in whole lines, each with its line end, except where a command writes without one on purpose. */
  write(text: string, stream: OutputStream): void;
  onProgress?(progress: Progress): void;
  /** One line that is worth interrupting somebody for who does something else meanwhile; the output says the same at more length. */
  announce?(news: string): void;
  /** Commands in the background; absent where commands run one after another. */
  readonly jobs?: Jobs;
  /** Shows the debugger's screen until the person goes back; absent: there is none to show it on. */
  openDebugger?(screen: DebuggerScreen): Promise<void>;
}

/** What the debugger's screen shows. */
export interface DebuggerScreen {
  /** Runs the lines that its keys stand for. */
  readonly session: SessionView;
  /** The debugger that they work on; undefined once its context was left. */
  current(): Debugger | undefined;
}

export interface Outcome {
  readonly exitCode: ExitCode;
  /** `bye`, `quit`, `exit`: the shell closes. */
  readonly exit?: boolean;
}

export type CompletionKind = 'command' | 'group' | 'context' | 'alias' | 'tag' | 'value' | 'file' | 'directory' | 'section' | 'program';

/** One way to complete the word under the cursor. */
export interface Completion {
  /** Replaces line[start, end). A trailing space is not part of it; see `final`. */
  readonly value: string;
  /** What a menu shows; the whole word without its tag. */
  readonly label: string;
  readonly kind: CompletionKind;
  /** One line of help, '' where there is none. */
  readonly description: string;
  readonly start: number;
  readonly end: number;
  /** true: the word is finished and a space may follow; false for `tag=` and directories. */
  readonly final: boolean;
}

/** What is expected at the cursor. */
export interface Hint {
  /** The command's grammar on one line: `show sections [filename=]<string> [[level=]normal|...]`; '' outside a command. */
  readonly usage: string;
  /** One sentence on the word under the cursor (a tag's help, or the command's). */
  readonly text: string;
  /** The tag that the word under the cursor would fill. */
  readonly tag?: string;
}

/** What the prompt needs. */
export interface SessionView {
  /** 'netsh>', 'netsh ebpf>', 'netsh ebpf debug>'; without a trailing space. */
  readonly prompt: string;
  /** Context names from the root, exclusive: [] at the root, ['ebpf', 'debug'] in the debugger. */
  readonly contextPath: readonly string[];
  readonly aliases: ReadonlyMap<string, string>;
  /** Runs one line as typed. Never rejects: every error is worded through `io.write`. */
  execute(line: string, io: ExecuteIo): Promise<Outcome>;
  /** Completions of the word that ends at `cursor` (UTF-16 offset into `line`), best first. Never rejects. */
  complete(line: string, cursor: number): Promise<readonly Completion[]>;
  /** The line changes what the prompt is about (a context, the shell itself), so it cannot run in the background. */
  staysInFront?(line: string): boolean;
  /** Where the question stands (`?` at the end, with or without a blank before it), if the line asks for help; what is before it can be finished. */
  questionAt?(line: string): number | undefined;
  /** What the word at `cursor` means; undefined on an empty line. Never rejects. */
  helpAt(line: string, cursor: number): Promise<Hint | undefined>;
}
