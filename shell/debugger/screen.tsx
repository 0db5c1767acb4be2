/** The debugger's rows on a real screen: a thin Ink view around the controller. */
import { render, Static, Text, useInput } from 'ink';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { Size } from '../repl/frame.ts';
import type { Theme } from '../repl/theme.ts';
import type { DebuggerController } from './controller.ts';
import { debuggerFrame } from './frame.ts';
import { createPainter, type Painter } from './painter.ts';
import { openingWords, Speaker, typedWords } from './spoken.ts';

type InkKey = Parameters<Parameters<typeof useInput>[0]>[1];

const NAMED: readonly (readonly [keyof InkKey, string])[] = [
  ['downArrow', 'Down'],
  ['upArrow', 'Up'],
  ['return', 'Enter'],
  ['escape', 'Escape'],
  ['pageDown', 'PageDown'],
  ['pageUp', 'PageUp'],
  ['home', 'Home'],
  ['end', 'End'],
  ['backspace', 'Backspace'],
  ['delete', 'Backspace'],
];

/** Ink's words for a key as chords; text that came in one piece is several keys. */
function chordsOf(input: string, key: InkKey): readonly string[] {
  if (key.tab) return [key.shift ? 'S-Tab' : 'Tab'];
  const named = NAMED.find(([flag]) => key[flag] === true)?.[1];
  if (named !== undefined) return [key.shift && (named === 'Down' || named === 'Up') ? `S-${named}` : named];
  if (key.ctrl) return [`C-${input}`];
  return Array.from(input, (letter) => LETTERS[letter] ?? (letter < ' ' ? `C-${String.fromCharCode(letter.charCodeAt(0) + 96)}` : letter));
}

/** Letters with names of their own; other control characters are Ctrl with a letter. */
const LETTERS: Readonly<Record<string, string>> = { ' ': 'Space', '\r': 'Enter', '\n': 'Enter', '\t': 'Tab', '\u007f': 'Backspace' };

interface ScreenProps {
  readonly controller: DebuggerController;
  readonly theme: Theme;
  readonly onSuspend: () => void;
}

function useKeys({ controller, onSuspend }: ScreenProps): void {
  useInput((input, key) => {
    for (const chord of chordsOf(input, key)) {
      if (chord === 'C-z') onSuspend();
      else controller.press(chord);
    }
  });
}

function subscription(controller: DebuggerController) {
  let version = 0;
  return {
    subscribe: (listener: () => void) =>
      controller.subscribe(() => {
        version += 1;
        listener();
      }),
    version: () => version,
  };
}

function useController(controller: DebuggerController): void {
  const [store] = useState(() => subscription(controller));
  useSyncExternalStore(store.subscribe, store.version);
}

/** Panes. Ink brings the keys and the moment to draw; the rows go to the painter, which writes those that changed. */
function Screen(props: ScreenProps & { readonly painter: Painter }) {
  const { controller, theme, painter } = props;
  useController(controller);
  useKeys(props);
  const { snapshot, outline, ui } = controller;
  useLayoutEffect(() => painter.draw(debuggerFrame({ snapshot, outline, ui, theme, size: painter.size })));
  return null;
}

/** Sentences as they come, above the line that is typed. */
function Spoken(props: ScreenProps) {
  const { controller } = props;
  const said = useSpeech(controller);
  useController(controller);
  useKeys(props);
  return (
    <>
      <Static items={[...said]}>{(sentence, place) => <Text key={place}>{sentence}</Text>}</Static>
      <Text>{typedWords(controller.ui)}</Text>
    </>
  );
}

/** Everything said so far. Keys that come fast are drawn once, but each is to be heard. */
function useSpeech(controller: DebuggerController): readonly string[] {
  const [{ said, listen }] = useState(() => {
    const { snapshot, outline, ui } = controller;
    const speaker = new Speaker(snapshot, ui);
    const sentences = [...openingWords(snapshot, outline)];
    const hear = () => {
      sentences.push(...speaker.hear(controller.snapshot, controller.outline, controller.ui));
    };
    return { said: sentences, listen: () => controller.subscribe(hear) };
  });
  useLayoutEffect(listen, [listen]);
  return said;
}

/** What `showDebugger` needs besides the controller. */
export interface ScreenOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly theme: Theme;
  /** Sentences instead of panes. */
  readonly screenReader: boolean;
  /** Aborting it takes the screen away at once. */
  readonly signal: AbortSignal;
  /** Called once, as soon as the terminal is as it was. */
  readonly onClosed: () => void;
}

/** The screen that full-screen programs use; the scrollback stays as it is. */
const ENTER_ALTERNATE = '\u001b[?1049h\u001b[?25l';
const LEAVE_ALTERNATE = '\u001b[?25h\u001b[0m\u001b[?1049l';
const CLEAR = '\u001b[H\u001b[2J';
/** How long a window keeps its size before it is drawn for it (milliseconds). */
const RESIZE_REST = 40;

/** Shows the debugger until the person goes back. The terminal must be in its normal modes, and is afterwards, however this ends. */
export async function showDebugger(controller: DebuggerController, options: ScreenOptions): Promise<void> {
  const { output, input, screenReader, signal, onClosed } = options;
  let closed = false;
  let suspended = false;
  let view: ReturnType<typeof render> | undefined;
  const leave = () => {
    if (!screenReader) output.write(LEAVE_ALTERNATE);
  };
  const enter = () => {
    if (!screenReader) output.write(ENTER_ALTERNATE + CLEAR);
  };
  const mount = () => {
    const size: Size = { columns: output.columns || 80, rows: output.rows || 24 };
    const props = { controller, theme: options.theme, onSuspend: suspend };
    view = render(screenReader ? <Spoken {...props} /> : <Screen {...props} painter={createPainter((text) => output.write(text), size)} />, {
      stdin: input,
      stdout: output,
      exitOnCtrlC: false,
      patchConsole: false,
      isScreenReaderEnabled: screenReader,
    });
  };
  const unmount = () => {
    view?.unmount();
    view?.cleanup();
    view = undefined;
  };
  const close = () => {
    if (closed) return;
    closed = true;
    clearTimeout(resting);
    unmount();
    leave();
    process.off('exit', close);
    process.off('uncaughtExceptionMonitor', close);
    process.off('SIGTSTP', onStop);
    process.off('SIGCONT', onContinue);
    output.off('resize', onResize);
    signal.removeEventListener('abort', abort);
    onClosed();
  };
  const abort = () => {
    close();
    controller.close();
  };

  /** Stops the whole job, as Ctrl-Z does in any program. */
  function suspend(): void {
    if (process.platform !== 'win32') process.kill(0, 'SIGTSTP');
  }
  function onStop(): void {
    if (suspended) return;
    suspended = true;
    unmount();
    leave();
    // Whoever else listens stops the process; without anybody it is for us to do.
    if (process.listenerCount('SIGTSTP') === 1) process.kill(process.pid, 'SIGSTOP');
  }
  function onContinue(): void {
    if (!suspended || closed) return;
    suspended = false;
    enter();
    mount();
  }

  // Ink redraws over a frame of another size with leftovers, so a new size gets a clear screen and a new view.
  let resting: NodeJS.Timeout | undefined;
  function onResize(): void {
    clearTimeout(resting);
    resting = setTimeout(() => {
      if (suspended || closed || screenReader) return;
      unmount();
      output.write(CLEAR);
      mount();
    }, RESIZE_REST);
  }

  process.on('exit', close);
  process.on('uncaughtExceptionMonitor', close);
  if (process.platform !== 'win32') process.prependListener('SIGTSTP', onStop).on('SIGCONT', onContinue);
  output.on('resize', onResize);
  signal.addEventListener('abort', abort, { once: true });
  try {
    // What is said cannot be drawn over when more is known.
    if (screenReader) await controller.settled;
    enter();
    mount();
    await new Promise<void>((resolve) => {
      if (signal.aborted || controller.done) resolve();
      controller.subscribe(() => {
        if (controller.done) resolve();
      });
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    close();
  }
}
