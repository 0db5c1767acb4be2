import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type ShowOptions, showDebugger } from '../../shell/debugger/show.ts';
import { NO_THEME } from '../../shell/repl/theme.ts';
import { openScreen } from './debugger-screen.ts';

const ALTERNATE_ON = '\u001b[?1049h';
const ALTERNATE_OFF = '\u001b[?1049l';

/** Streams that behave as a terminal's as far as the screen asks. */
function fakeTerminal() {
  const raw: boolean[] = [];
  const setRawMode = (on: boolean) => raw.push(on);
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode, ref: () => undefined, unref: () => undefined });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let written = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  return {
    input: input as unknown as NodeJS.ReadStream & PassThrough,
    output: output as unknown as NodeJS.WriteStream & PassThrough,
    raw,
    written: () => written,
  };
}

async function show(more: Partial<ShowOptions> = {}) {
  const { controller } = await openScreen('samples/droppacket_unsafe.o');
  const terminal = fakeTerminal();
  const abort = new AbortController();
  let closed = 0;
  const onClosed = () => {
    closed += 1;
  };
  const { input, output } = terminal;
  const done = showDebugger(controller, { input, output, theme: NO_THEME, screenReader: false, signal: abort.signal, onClosed, ...more });
  const until = async (words: string) => {
    while (!terminal.written().includes(words)) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return { ...terminal, controller, abort, done, until, closed: () => closed };
}

/** Left as often as entered, the cursor shown, keys as they were. */
function expectRestored({ written, raw, closed }: Awaited<ReturnType<typeof show>>): void {
  expect(written().split(ALTERNATE_OFF)).toHaveLength(written().split(ALTERNATE_ON).length);
  expect(written().lastIndexOf('\u001b[?25h')).toBeGreaterThan(written().lastIndexOf('\u001b[?25l'));
  expect(raw.at(-1)).toBe(false);
  expect(closed()).toBe(1);
}

describe('the screen gives the terminal back', () => {
  it('when the person goes back', async () => {
    const shown = await show();
    await shown.until('step 1 of 3');
    shown.input.write('j');
    await shown.until('step 2 of 3');
    shown.input.write('q');
    await shown.done;
    expectRestored(shown);
  });

  it('at once when its command is cancelled, before anybody else draws', async () => {
    const shown = await show();
    await shown.until('step 1 of 3');
    shown.abort.abort();
    expectRestored(shown);
    await shown.done;
    expectRestored(shown);
  });

  it('before the words of a crash are written', async () => {
    const shown = await show();
    await shown.until('step 1 of 3');
    for (const listener of process.listeners('uncaughtExceptionMonitor')) listener(new Error('a bug'), 'uncaughtException');
    expectRestored(shown);
    shown.abort.abort();
    await shown.done;
  });

  it('and leaves no listeners behind', async () => {
    const count = () => ['exit', 'SIGTSTP', 'SIGCONT', 'uncaughtExceptionMonitor'].map((name) => process.listenerCount(name));
    const before = count();
    const shown = await show();
    await shown.until('step 1 of 3');
    shown.abort.abort();
    await shown.done;
    expect(count()).toEqual(before);
  });
});

describe('a new size', () => {
  it('is drawn once the window rests', async () => {
    const shown = await show();
    await shown.until('step 1 of 3');
    Object.assign(shown.output, { columns: 120, rows: 40 });
    for (let turn = 0; turn < 5; turn++) shown.output.emit('resize');
    await shown.until('story of failure 1');
    expect(shown.written().split('\u001b[H\u001b[2J')).toHaveLength(3);
    shown.abort.abort();
    await shown.done;
  });
});
