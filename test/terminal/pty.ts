/** A program on a real pseudo-terminal, and what a person would see of it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';

const BRIDGE = fileURLToPath(new URL('./pty_bridge.py', import.meta.url));

/** Whether this machine can give a pseudo-terminal: python3 with its pty module. */
export const hasPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty']).status === 0;

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface Pty {
  /** Types; `\r` is Enter. */
  type(text: string): void;
  /** Rows on screen, without blanks at their ends. */
  screen(): string[];
  /** Scrollback and screen. */
  everything(): string[];
  /** Row and column of the cursor, from 0. */
  cursor(): { row: number; column: number };
  /** All bytes so far, as text. */
  readonly bytes: string;
  /** Waits until the screen shows `wanted`; fails with the screen after `seconds`. */
  until(wanted: string | RegExp | ((pty: Pty) => boolean), seconds?: number): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  signal(number: number): void;
  /** The exit code, once the program has ended. */
  readonly exit: Promise<number>;
  /** Milliseconds from the last `type` to the first byte that came back after it. */
  readonly echo: number;
  close(): Promise<void>;
}

function describeWanted(wanted: string | RegExp | ((pty: Pty) => boolean)): string {
  return typeof wanted === 'function' ? wanted.toString() : String(wanted);
}

/** Starts `command` on a terminal of 80 x 24 unless told otherwise. */
export function openPty(command: string, args: readonly string[], options: PtyOptions = {}): Pty {
  const { columns = 80, rows = 24, env = {}, cwd } = options;
  const screen = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const child = spawn('python3', [BRIDGE, String(columns), String(rows), command, ...args], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const [stdin, stdout, , orders] = child.stdio;
  if (stdin === null || stdout === null || !(orders instanceof Writable)) throw new Error('the pipes to the pseudo-terminal could not be opened');
  const watchers = new Set<() => void>();
  let bytes = '';
  let typed = 0;
  let echo = Number.NaN;
  stdout.setEncoding('utf8').on('data', (text: string) => {
    if (Number.isNaN(echo)) echo = performance.now() - typed;
    bytes += text;
    screen.write(text, () => {
      for (const watcher of watchers) watcher();
    });
  });
  screen.onData((answer) => stdin.write(answer));
  const exit = once(child, 'close').then(([code]) => code as number);

  function line(index: number): string {
    return screen.buffer.active.getLine(index)?.translateToString(true).trimEnd() ?? '';
  }

  const pty: Pty = {
    type(text) {
      typed = performance.now();
      echo = Number.NaN;
      stdin.write(text);
    },
    screen: () => Array.from({ length: screen.rows }, (_, row) => line(screen.buffer.active.viewportY + row)),
    everything: () => Array.from({ length: screen.buffer.active.length }, (_, row) => line(row)),
    cursor: () => ({ row: screen.buffer.active.cursorY, column: screen.buffer.active.cursorX }),
    get bytes() {
      return bytes;
    },
    until(wanted, seconds = 15) {
      const holds = () => {
        if (typeof wanted === 'function') return wanted(pty);
        const text = pty.screen().join('\n');
        return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      };
      return new Promise((resolve, reject) => {
        const end = () => {
          clearTimeout(timer);
          watchers.delete(check);
        };
        const check = () => {
          if (!holds()) return;
          end();
          resolve();
        };
        const timer = setTimeout(() => {
          end();
          reject(new Error(`not seen: ${describeWanted(wanted)}\n--- screen\n${pty.screen().join('\n')}\n---`));
        }, seconds * 1000);
        watchers.add(check);
        check();
      });
    },
    async resize(newColumns, newRows) {
      screen.resize(newColumns, newRows);
      orders.write(`resize ${newColumns} ${newRows}\n`);
    },
    signal(number) {
      orders.write(`signal ${number}\n`);
    },
    exit,
    get echo() {
      return echo;
    },
    async close() {
      stdin.end();
      await exit;
      screen.dispose();
    },
  };
  return pty;
}
