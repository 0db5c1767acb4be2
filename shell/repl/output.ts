/** What commands write, made safe for the terminal and kept for the pager. */

/** Control characters other than tab and line ends, and colors (SGR) that may stay. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this finds
const UNSAFE = /\u001b\[[0-9;:]*m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colors start with a control character
const COLOR = /\u001b\[[0-9;:]*m/g;

function escaped(found: string): string {
  if (found.length > 1 || found === '\r') return found;
  return `\\x${found.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/**
 * Output with every control character that could move the cursor or change the terminal spelled out (`\x1b`).
 * Names in objects and captures come from outside; a section called `\x1b[2J` must not clear the screen. Colors stay where `color` is true.
 */
export function safeOutput(text: string, color: boolean): string {
  return (color ? text : text.replace(COLOR, '')).replace(UNSAFE, escaped);
}

/** The output of the last command. */
export interface Transcript {
  add(text: string): void;
  clear(): void;
  /** What was added, oldest first. */
  readonly parts: readonly string[];
  /** Its lines, without colors. */
  lines(): readonly string[];
}

/** Characters kept for the pager; what came before them is in the terminal's scrollback. */
const KEPT = 32 * 1024 * 1024;

export function createTranscript(): Transcript {
  let parts: string[] = [];
  let length = 0;
  return {
    add(text) {
      parts.push(text);
      length += text.length;
      while (length > KEPT && parts.length > 1) length -= parts.shift()?.length ?? 0;
    },
    clear() {
      parts = [];
      length = 0;
    },
    get parts() {
      return parts;
    },
    lines() {
      const lines = parts.join('').replace(COLOR, '').replaceAll('\t', '        ').split(/\r?\n/);
      return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
    },
  };
}
