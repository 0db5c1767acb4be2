/** The real terminal: its modes, its signals, its bytes. Whatever happens, it is left as it was found. */
import { StringDecoder } from 'node:string_decoder';
import type { Size } from './frame.ts';
import type { Key } from './keys.ts';
import { createKeyDecoder } from './keys.ts';

/** What a terminal tells the prompt. */
export interface TerminalEvents {
  onKeys(keys: readonly Key[]): void;
  onResize(): void;
  /** The process was stopped and goes on; modes are set again. */
  onResume(): void;
  /** Called before the process is stopped, so that the shell's words land below the prompt. */
  onSuspend(): void;
  /** A signal that ends the process, or the end of the input (`undefined`). */
  onEnd(signal: NodeJS.Signals | undefined): void;
}

export interface Terminal {
  readonly size: Size;
  write(text: string): void;
  /** Starts taking keys. */
  acquire(): void;
  /** Stops taking keys and gives the terminal back as it was, for another program or view. */
  release(): void;
  /** Stops the whole job, as Ctrl-Z does in any program; returns at once. */
  suspend(): void;
  /** `release` for good: handlers are gone afterwards. */
  close(): void;
}

/** Terminal streams; `isTTY` and `setRawMode` decide what is possible. */
export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** How long a lone Escape waits for the rest of a sequence, in milliseconds: longer than a slow link splits one, shorter than a person notices. */
const ESCAPE_WAIT = 50;
/** Bracketed paste on; off, with the cursor shown and the text plain again. */
const ENTER_MODES = '\u001b[?2004h';
const LEAVE_MODES = '\u001b[?2004l\u001b[?25h\u001b[0m';
const ENDING: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGQUIT'];
const DEFAULT_SIZE: Size = { columns: 80, rows: 24 };
const INTERRUPT: Key = { kind: 'chord', chord: 'C-c' };

/** Takes over the terminal of `streams`. Nothing happens before `acquire`. */
export function openTerminal(streams: TerminalStreams, events: TerminalEvents): Terminal {
  const { input, output } = streams;
  let utf8 = new StringDecoder('utf8');
  const decoder = createKeyDecoder();
  const canStop = process.platform !== 'win32';
  let active = false;
  let escapeTimer: NodeJS.Timeout | undefined;

  // 'readable', not 'data': what is typed while nobody listens stays in the stream, and Ink's views listen the same way.
  function onReadable(): void {
    clearTimeout(escapeTimer);
    const keys: Key[] = [];
    for (let chunk: Buffer | string | null = input.read(); chunk !== null; chunk = input.read()) {
      keys.push(...decoder.feed(typeof chunk === 'string' ? chunk : utf8.write(chunk)));
    }
    if (keys.length > 0) events.onKeys(keys);
    if (decoder.pending) escapeTimer = setTimeout(() => events.onKeys(decoder.flush()), ESCAPE_WAIT);
  }

  function setModes(): void {
    input.setRawMode(true);
    output.write(ENTER_MODES);
  }

  function resetModes(): void {
    output.write(LEAVE_MODES);
    input.setRawMode(false);
  }

  function acquire(): void {
    if (active) return;
    active = true;
    utf8 = new StringDecoder('utf8');
    setModes();
    input.ref();
    input.on('readable', onReadable);
  }

  function release(): void {
    if (!active) return;
    active = false;
    clearTimeout(escapeTimer);
    input.off('readable', onReadable);
    resetModes();
  }

  /** Runs when the process leaves by any way that JavaScript can see, a crash included. */
  function onExit(): void {
    if (active) resetModes();
  }

  function onInterrupt(): void {
    events.onKeys([INTERRUPT]);
  }

  function onStop(): void {
    if (active) {
      events.onSuspend();
      resetModes();
    }
    process.kill(process.pid, 'SIGSTOP');
  }

  function onContinue(): void {
    if (!active) return;
    setModes();
    events.onResume();
  }

  function onEndingSignal(signal: NodeJS.Signals): void {
    events.onEnd(signal);
  }

  function onInputEnd(): void {
    events.onEnd(undefined);
  }

  process.on('exit', onExit);
  process.on('SIGINT', onInterrupt);
  for (const signal of ENDING) process.on(signal, onEndingSignal);
  if (canStop) process.on('SIGTSTP', onStop).on('SIGCONT', onContinue);
  output.on('resize', events.onResize);
  input.on('end', onInputEnd);

  return {
    get size() {
      return { columns: output.columns || DEFAULT_SIZE.columns, rows: output.rows || DEFAULT_SIZE.rows };
    },
    write(text) {
      output.write(text);
    },
    acquire,
    release,
    suspend() {
      // Signal number 0 as process id is the whole job, as the terminal driver would do it: a wrapper such as npx has to stop as well.
      if (canStop) process.kill(0, 'SIGTSTP');
    },
    close() {
      release();
      process.off('exit', onExit);
      process.off('SIGINT', onInterrupt);
      for (const signal of ENDING) process.off(signal, onEndingSignal);
      process.off('SIGTSTP', onStop).off('SIGCONT', onContinue);
      output.off('resize', events.onResize);
      input.off('end', onInputEnd);
      input.pause();
      input.unref();
    },
  };
}
