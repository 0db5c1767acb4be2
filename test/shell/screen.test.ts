import xterm from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame, Row } from '../../shell/repl/frame.ts';
import { createScreen } from '../../shell/repl/screen.ts';
import { textWidth } from '../../shell/repl/text.ts';

const COLUMNS = 10;
const ROWS = 6;

function terminal() {
  const xtermScreen = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, scrollback: 500, allowProposedApi: true });
  let text = '';
  let columns = COLUMNS;
  const screen = createScreen(
    (written) => {
      text += written;
    },
    () => ({ columns, rows: ROWS }),
  );
  const resize = (next: number) => {
    columns = next;
    xtermScreen.resize(next, ROWS);
  };
  const flush = () =>
    new Promise<void>((resolve) => {
      const pending = text;
      text = '';
      xtermScreen.write(pending, resolve);
    });
  const lines = () => {
    const buffer = xtermScreen.buffer.active;
    return Array.from({ length: buffer.baseY + buffer.cursorY + ROWS }, (_, index) => buffer.getLine(index)?.translateToString(true).trimEnd() ?? '');
  };
  return { screen, flush, lines, resize, buffer: xtermScreen.buffer.active, pending: () => text };
}

function row(text: string): Row {
  return { text, width: textWidth(text) };
}

function frame(texts: readonly string[], cursorRow: number, cursorColumn: number): Frame {
  return { rows: texts.map(row), cursorRow, cursorColumn };
}

const anyFrame = fc
  .array(fc.constantFrom('', 'a', 'abc', 'abd', 'abcdefghi', 'abcdefghij', '漢字漢字漢', '\u001b[1mbold\u001b[0m'), { minLength: 1, maxLength: ROWS })
  .chain((texts) =>
    fc.record({ texts: fc.constant(texts), cursorRow: fc.nat({ max: texts.length - 1 }), cursorColumn: fc.nat({ max: COLUMNS - 1 }) }),
  )
  .map(({ texts, cursorRow, cursorColumn }) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a width does not count color sequences
    const rows = texts.map((text) => ({ text, width: textWidth(text.replace(/\u001b\[[0-9]*m/g, '')) }));
    return { rows, cursorRow, cursorColumn };
  });

/** What a row looks like once the terminal has read it. */
function seen({ text }: Row): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colors do not show in the text
  return text.replace(/\u001b\[[0-9]*m/g, '').trimEnd();
}

describe('screen', () => {
  it('shows each frame, whatever was there before, below whatever was printed', async () => {
    const action = fc.oneof(
      anyFrame.map((next) => ({ kind: 'draw' as const, next })),
      fc.constant({ kind: 'commit' as const }),
      fc.constant({ kind: 'erase' as const }),
      fc.constantFrom('out\n', 'two\nlines\n').map((text) => ({ kind: 'print' as const, text })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 12 }), async (actions) => {
        const { screen, flush, lines, buffer } = terminal();
        let above: string[] = [];
        let shown: Frame = frame([], 0, 0);
        for (const step of actions) {
          if (step.kind === 'draw') {
            screen.draw(step.next);
            shown = step.next;
          } else if (step.kind === 'print') {
            screen.erase();
            screen.print(step.text);
            above = [...above, ...step.text.split('\n').slice(0, -1)];
            shown = frame([], 0, 0);
          } else {
            if (step.kind === 'commit') above = [...above, ...shown.rows.map(seen)];
            screen[step.kind]();
            shown = frame([], 0, 0);
          }
          await flush();
          const wanted = [...above, ...shown.rows.map(seen)];
          expect(lines().slice(0, wanted.length)).toEqual(wanted);
          expect(lines().slice(wanted.length).join('')).toBe('');
          expect(buffer.baseY + buffer.cursorY).toBe(above.length + shown.cursorRow);
          expect(buffer.cursorX).toBe(shown.cursorColumn);
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('writes nothing for a frame that is there already', () => {
    const { screen, pending } = terminal();
    screen.draw(frame(['abc', 'def'], 1, 2));
    const before = pending().length;
    screen.draw(frame(['abc', 'def'], 1, 2));
    expect(pending().length).toBe(before);
  });

  it('writes a letter at the end of a plain row alone', () => {
    const { screen, pending } = terminal();
    screen.draw(frame(['abc'], 0, 3));
    const before = pending().length;
    screen.draw(frame(['abcd'], 0, 4));
    expect(pending().slice(before)).toBe('\r\u001b[3Cd\r\u001b[4C');
  });

  it('draws nothing while it is held, and takes away what a narrower window has wrapped', async () => {
    const { screen, flush, lines, resize, pending } = terminal();
    screen.print('above\n');
    screen.draw(frame(['abcdefgh', 'ijk'], 1, 3));
    await flush();
    screen.hold();
    resize(5);
    screen.draw(frame(['new'], 0, 3));
    expect(pending()).toBe('');
    screen.settle();
    screen.draw(frame(['new'], 0, 3));
    await flush();
    expect(lines().filter((line) => line !== '')).toEqual(['above', 'new']);
    // Once is enough.
    screen.settle();
    expect(pending()).toBe('');
  });

  it('lets go by itself for output, and writes nothing where nothing was shown', async () => {
    const { screen, flush, lines, pending } = terminal();
    screen.draw(frame(['abc'], 0, 3));
    screen.hold();
    screen.erase();
    screen.print('out\n');
    screen.draw(frame(['next'], 0, 4));
    await flush();
    expect(lines().filter((line) => line !== '')).toEqual(['out', 'next']);
    screen.commit();
    await flush();
    screen.hold();
    screen.settle();
    expect(pending()).toBe('');
  });

  it('forgets what it held when somebody else had the screen', () => {
    const { screen, pending } = terminal();
    screen.draw(frame(['abc'], 0, 3));
    screen.hold();
    screen.forget();
    const before = pending().length;
    screen.draw(frame(['abc'], 0, 3));
    expect(pending().slice(before)).toContain('abc');
  });

  it('knows whether output ended its line', () => {
    const { screen } = terminal();
    expect(screen.atLineStart).toBe(true);
    screen.print('abc');
    expect(screen.atLineStart).toBe(false);
    screen.print('d\n');
    expect(screen.atLineStart).toBe(true);
  });
});
