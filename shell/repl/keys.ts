/** Turns what a terminal sends in raw mode into keys. Pure: no stream, no timer. */

/**
 * One thing a person did. A chord is spelled the Emacs way: `C-a`, `M-f`, `S-Tab`, `C-Left`, `Enter`, `Escape`.
 * A sequence that no table knows is the chord `Unknown`, so that it is swallowed instead of typed.
 */
export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'chord'; readonly chord: string }
  | { readonly kind: 'paste'; readonly text: string };

/** Decoder with memory for sequences that arrive in pieces. */
export interface KeyDecoder {
  /** Keys completed by `input`. */
  feed(input: string): Key[];
  /** True while a lone escape could still become a longer sequence: call `flush` after a short wait. */
  readonly pending: boolean;
  /** Gives up waiting: what is pending becomes keys. */
  flush(): Key[];
}

const ESCAPE = '\u001b';
const PASTE_START = '\u001b[200~';
const PASTE_END = '\u001b[201~';

/** Final byte of CSI and SS3 sequences (xterm control sequences, "PC-Style Function Keys"). */
const FINAL: Readonly<Record<string, string>> = {
  A: 'Up',
  B: 'Down',
  C: 'Right',
  D: 'Left',
  E: 'Begin',
  F: 'End',
  H: 'Home',
  M: 'Enter',
  P: 'F1',
  Q: 'F2',
  R: 'F3',
  S: 'F4',
};

/** First parameter of `CSI n ~` sequences. */
const TILDE: Readonly<Record<string, string>> = {
  1: 'Home',
  2: 'Insert',
  3: 'Delete',
  4: 'End',
  5: 'PageUp',
  6: 'PageDown',
  7: 'Home',
  8: 'End',
  11: 'F1',
  12: 'F2',
  13: 'F3',
  14: 'F4',
  15: 'F5',
  17: 'F6',
  18: 'F7',
  19: 'F8',
  20: 'F9',
  21: 'F10',
  23: 'F11',
  24: 'F12',
};

/** Control characters with names of their own. */
const CONTROL: Readonly<Record<number, string>> = {
  0: 'C-Space',
  8: 'Backspace',
  9: 'Tab',
  10: 'Enter',
  13: 'Enter',
  27: 'Escape',
  28: 'C-\\',
  29: 'C-]',
  30: 'C-^',
  31: 'C-_',
  127: 'Backspace',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with a control character
const CSI = /^\u001b\[([0-9:;<=>?]*)[ -/]*([@-~])/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with a control character
const CSI_PREFIX = /^\u001b\[[0-9:;<=>?]*[ -/]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control strings end with a control character
const STRING = /^\u001b[\]P][^\u0007\u001b]*(?:\u0007|\u001b\\)/;
/** No key is longer; a longer "sequence" is noise and must not hold back what follows. */
const MAX_SEQUENCE = 64;

function chord(name: string): Key {
  return { kind: 'chord', chord: name };
}

/** Prefixes for the modifier parameter: 1 + (1 shift | 2 alt | 4 control). */
function modified(name: string, modifier: number): string {
  const bits = modifier - 1;
  if (Number.isNaN(bits) || bits <= 0) return name;
  return `${bits & 4 ? 'C-' : ''}${bits & 2 ? 'M-' : ''}${bits & 1 ? 'S-' : ''}${name}`;
}

/** Name of a character code pressed with modifiers, as `CSI code ; modifier u` tells (the "fixterms" and kitty form). */
function codeChord(code: number, modifier: number): Key {
  const named = CONTROL[code];
  if (named !== undefined) return chord(modified(named, modifier));
  if (code < 32 || code > 0x10ffff) return chord('Unknown');
  const text = String.fromCodePoint(code);
  return modifier <= 2 || Number.isNaN(modifier) ? { kind: 'text', text } : chord(modified(text, modifier));
}

function csiKey(parameters: string, final: string): Key {
  const [first = '', second = ''] = parameters.split(';');
  const modifier = Number.parseInt(second, 10);
  if (final === 'Z') return chord('S-Tab');
  if (final === 'u') return codeChord(Number.parseInt(first, 10), modifier);
  const name = final === '~' ? TILDE[first] : FINAL[final];
  return chord(name === undefined ? 'Unknown' : modified(name, modifier));
}

function controlChord(code: number): string {
  return CONTROL[code] ?? `C-${String.fromCharCode(code + 96)}`;
}

interface Step {
  readonly key: Key | undefined;
  readonly length: number;
}

/** The key at the start of `input`, which starts with an escape; undefined while more input is needed. */
function escapeStep(input: string): Step | undefined {
  const next = input.charAt(1);
  if (next === '') return undefined;
  if (next === '[') {
    const match = CSI.exec(input);
    if (match !== null) return { key: csiKey(match[1] ?? '', match[2] ?? ''), length: match[0].length };
    if (CSI_PREFIX.test(input) && input.length < MAX_SEQUENCE) return undefined;
    return { key: chord('Unknown'), length: 2 };
  }
  if (next === ']' || next === 'P') {
    // An answer of the terminal to some program before (OSC, DCS): not typed by anybody.
    const match = STRING.exec(input);
    return match === null ? undefined : { key: undefined, length: match[0].length };
  }
  if (next === 'O') {
    const final = input.charAt(2);
    if (final === '') return undefined;
    return { key: chord(FINAL[final] ?? 'Unknown'), length: 3 };
  }
  if (next === ESCAPE) {
    const inner = escapeStep(input.slice(1));
    if (inner === undefined) return undefined;
    const named = inner.key?.kind === 'chord' ? chord(`M-${inner.key.chord}`) : inner.key;
    return { key: named, length: inner.length + 1 };
  }
  const code = next.codePointAt(0) ?? 0;
  if (code < 32 || code === 127) return { key: chord(`M-${controlChord(code)}`), length: 2 };
  const character = String.fromCodePoint(input.codePointAt(1) ?? 0);
  return { key: chord(`M-${character}`), length: 1 + character.length };
}

/** Length of the end of `text` that could be the start of `marker`. */
function partialMarker(text: string, marker: string): number {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(marker.slice(0, length))) return length;
  }
  return 0;
}

/** A decoder for one terminal. Input is text already decoded from UTF-8. */
export function createKeyDecoder(): KeyDecoder {
  let buffer = '';
  let pasted: string | undefined;

  function takePaste(keys: Key[]): boolean {
    const end = buffer.indexOf(PASTE_END);
    if (end === -1) {
      const keep = partialMarker(buffer, PASTE_END);
      pasted += buffer.slice(0, buffer.length - keep);
      buffer = buffer.slice(buffer.length - keep);
      return false;
    }
    keys.push({ kind: 'paste', text: pasted + buffer.slice(0, end) });
    buffer = buffer.slice(end + PASTE_END.length);
    pasted = undefined;
    return true;
  }

  function takeKey(keys: Key[], final: boolean): boolean {
    if (buffer.startsWith(PASTE_START)) {
      buffer = buffer.slice(PASTE_START.length);
      pasted = '';
      return true;
    }
    const code = buffer.charCodeAt(0);
    if (code === 27) {
      const step = escapeStep(buffer) ?? (final ? { key: chord('Escape'), length: 1 } : undefined);
      if (step === undefined) return false;
      if (step.key !== undefined) keys.push(step.key);
      buffer = buffer.slice(step.length);
      return true;
    }
    if (code < 32 || code === 127) {
      keys.push(chord(controlChord(code)));
      // A terminal (or a pasted Windows text) that sends CR LF means one Enter.
      buffer = buffer.slice(buffer.startsWith('\r\n') ? 2 : 1);
      return true;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: typed text ends at the next control character
    const text = /^[^\u0000-\u001f\u007f]+/.exec(buffer)?.[0] ?? buffer.charAt(0);
    keys.push({ kind: 'text', text });
    buffer = buffer.slice(text.length);
    return true;
  }

  function drain(final: boolean): Key[] {
    const keys: Key[] = [];
    while (buffer !== '') {
      const moved = pasted === undefined ? takeKey(keys, final) : takePaste(keys);
      if (!moved) break;
    }
    return keys;
  }

  return {
    feed(input) {
      buffer += input;
      return drain(false);
    },
    get pending() {
      return pasted === undefined && buffer !== '';
    },
    flush() {
      return pasted === undefined ? drain(true) : [];
    },
  };
}
