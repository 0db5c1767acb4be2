/** The debugger's keys and sentences: a thin Ink view around the controller. */
import { render, Static, Text, useInput } from 'ink';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import type { DebuggerController } from './controller.ts';
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
  /** Puts what there is to show on the screen. */
  readonly draw: () => void;
  readonly onSuspend: () => void;
}

export interface ViewOptions extends ScreenProps {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** Sentences instead of panes. */
  readonly screenReader: boolean;
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

/** Panes. Ink brings the keys and the moment to draw; the rows themselves go to the painter, which writes those that changed. */
function Screen(props: ScreenProps) {
  useController(props.controller);
  useKeys(props);
  useLayoutEffect(props.draw);
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

/** Takes keys, and draws or speaks after each. Returns what ends it. */
export function mountView({ input, output, screenReader, ...props }: ViewOptions): () => void {
  const view = render(screenReader ? <Spoken {...props} /> : <Screen {...props} />, {
    stdin: input,
    stdout: output,
    exitOnCtrlC: false,
    patchConsole: false,
    isScreenReaderEnabled: screenReader,
  });
  return () => {
    view.unmount();
    view.cleanup();
  };
}
