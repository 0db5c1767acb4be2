import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Pty, PtyOptions } from './pty.ts';
import { hasPty } from './pty.ts';
import type { ShellProgram } from './shell-program.ts';
import { buildShellProgram } from './shell-program.ts';

if (!hasPty) console.warn('SKIPPED: jobs in a real terminal: python3 with its pty module is missing');

let program: ShellProgram;
let open: Pty | undefined;

const TERMINALS: readonly { readonly name: string; readonly options: PtyOptions }[] = [
  { name: '80 x 24', options: {} },
  { name: '120 x 40', options: { columns: 120, rows: 40 } },
  { name: 'NO_COLOR', options: { env: { NO_COLOR: '1' } } },
  { name: 'a screen reader', options: { env: { INK_SCREEN_READER: 'true' } } },
];

function start(options: PtyOptions): Pty {
  open = program.start(program.configDirectory(), options);
  return open;
}

describe.skipIf(!hasPty)('jobs in a real terminal', () => {
  beforeAll(async () => {
    program = await buildShellProgram();
  });
  afterAll(() => program.remove());
  afterEach(() => open?.close());

  for (const { name, options } of TERMINALS) {
    it(`${name}: a line goes to the background, another runs, the end is told above what is being typed`, async () => {
      const pty = start(options);
      await pty.until('netsh>');
      pty.type('nap &\r');
      await pty.until('[1] runs in the background.');
      pty.type('count 2\r');
      await pty.until(/line 2\nnetsh>/);
      pty.type('count 1');
      await pty.until(/^\[1\] done after 2 s: nap\nnetsh> count 1$/m);
      pty.type('\r');
      await pty.until(/line 1\nnetsh>/);
      // Its output is the job's alone.
      expect(pty.everything().join('\n')).not.toContain('slept');
    });

    it(`${name}: Ctrl-B sends what runs to the background; leaving asks once`, async () => {
      const pty = start(options);
      await pty.until('netsh>');
      pty.type('slow\r');
      await pty.until('started');
      pty.type('\u0002');
      await pty.until('[1] runs in the background.');
      pty.type('count 1\r');
      await pty.until(/line 1\nnetsh>/);
      pty.type('bye\r');
      await pty.until('1 job runs in the background. Leave again to end it.');
      pty.type('\u0004');
      expect(await pty.exit).toBe(0);
    });
  }

  it('says how, once a command takes its time', async () => {
    const pty = start({});
    await pty.until('netsh>');
    pty.type('slow\r');
    await pty.until(/crunching numbers: \d+ of 600, .* left \(Ctrl-B: background\)/);
    pty.type('\u0003');
    await pty.until(/\^C\nnetsh>/);
  });

  it('is counted in the status line', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'config.json'), '{"status":"on"}');
    open = program.start(config);
    await open.until('netsh | windows | 2 objects');
    open.type('slow &\r');
    await open.until('netsh | windows | 2 objects | 1 job');
  });
});
