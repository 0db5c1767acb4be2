import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Pty, PtyOptions } from './pty.ts';
import { hasPty } from './pty.ts';
import type { ShellProgram } from './shell-program.ts';
import { buildShellProgram } from './shell-program.ts';

if (!hasPty) console.warn('SKIPPED: all tests of the prompt in a real terminal: python3 with its pty module is missing');

let program: ShellProgram;
const open: Pty[] = [];

function start(options: PtyOptions & { readonly config?: string } = {}): Pty {
  const pty = program.start(options.config ?? program.configDirectory(), options);
  open.push(pty);
  return pty;
}

/** Rows with text, top to bottom. */
function written(pty: Pty): string[] {
  return pty.screen().filter((row) => row !== '');
}

/** The last row with text. */
function last(pty: Pty): string {
  return written(pty).at(-1) ?? '';
}

describe.skipIf(!hasPty)('the prompt in a real terminal', () => {
  beforeAll(async () => {
    program = await buildShellProgram();
  });
  afterAll(() => program.remove());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((pty) => pty.close()));
  });

  it.each([
    [80, 24],
    [120, 40],
  ])('at %d x %d opens, enters a context, words a typo, runs a command, leaves', async (columns, rows) => {
    const pty = start({ columns, rows });
    await pty.until('netsh>');
    pty.type('ebpf\r');
    await pty.until('netsh ebpf>');
    pty.type('shwo\r');
    await pty.until('The following command was not found: shwo.');
    pty.type('show sections x.o\r');
    await pty.until('shown: show sections x.o');
    pty.type('bye\r');
    expect(await pty.exit).toBe(0);
    expect(written(pty)).toEqual([
      'netsh> ebpf',
      'netsh ebpf> shwo',
      'The following command was not found: shwo.',
      'netsh ebpf> show sections x.o',
      'shown: show sections x.o',
      'netsh ebpf> bye',
    ]);
  });

  it('keeps the line after a question mark', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('show verification ?\r');
    await pty.until('Help for: show verification');
    await pty.until(/netsh> show verification$/m);
    pty.type('x.o\r');
    await pty.until('shown: show verification x.o');
  });

  it('keeps keys that are typed before the session is there', async () => {
    const pty = start({ env: { FAKE_LOAD: '700' } });
    await pty.until('netsh>');
    pty.type('show programs\rshow sections');
    await pty.until('netsh> show programs');
    await pty.until('shown: show programs');
    await pty.until(/netsh> show sections$/m);
  });

  it('cancels a long command with Ctrl-C, takes the progress line away, and goes on', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('slow\r');
    await pty.until(/crunching numbers: \d+ of 600, .* left/);
    pty.type('\u0003');
    await pty.until('^C');
    await pty.until(/\^C\nnetsh>/);
    expect(pty.screen().join('\n')).not.toContain('crunching');
    pty.type('count 2\r');
    await pty.until(/line 2\nnetsh>/);
    expect(written(pty)).toEqual(['netsh> slow', 'started', '^C', 'netsh> count 2', 'line 1', 'line 2', 'netsh>']);
  });

  it('shows what is typed while a command runs, below its progress, and runs it afterwards', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('nap\r');
    await pty.until(/napping: \d+ of 40/);
    pty.type('count 2x');
    await pty.until(/napping: .*\ncount 2x$/m);
    pty.type('\u007f\r');
    await pty.until(/napping: .*\ncount 2$/m);
    await pty.until(/line 2\nnetsh>/);
    expect(written(pty)).toEqual(['netsh> nap', 'slept', 'netsh> count 2', 'line 1', 'line 2', 'netsh>']);
  });

  it('returns to the prompt at once from a command that ignores its cancellation', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('stuck\r');
    await pty.until('netsh> stuck');
    pty.type('\u0003');
    await pty.until(/\^C\nnetsh>/);
    pty.type('count 1\r');
    await pty.until('line 1');
  });

  it('clears the line with Ctrl-C and lives on', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('show secti');
    await pty.until('show secti');
    pty.type('\u0003count 1\r');
    await pty.until('line 1');
    expect(written(pty).slice(0, 2)).toEqual(['netsh> show secti^C', 'netsh> count 1']);
  });

  it('leaves a context, then the shell, with Ctrl-D on an empty line', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('ebpf\r');
    await pty.until('netsh ebpf>');
    pty.type('\u0004');
    await pty.until(/netsh ebpf> \.\.\nnetsh>/);
    pty.type('\u0004');
    expect(await pty.exit).toBe(0);
  });

  it('keeps output of any length in the scrollback', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('count 500\r');
    await pty.until(/line 500\nnetsh>/);
    const lines = pty.everything().filter((row) => row.startsWith('line '));
    expect(lines).toEqual(Array.from({ length: 500 }, (_, index) => `line ${index + 1}`));
  });

  it('spells out escape sequences that a command writes', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('nasty\r');
    await pty.until('name \\x1b[2J\\x1b]0;owned\\x07 end');
    expect(pty.screen()[0]).toBe('netsh> nasty');
  });

  it('keeps history between runs, privately', async () => {
    const config = program.configDirectory();
    const first = start({ config });
    await first.until('netsh>');
    first.type('count 2\rbye\r');
    expect(await first.exit).toBe(0);
    expect(statSync(join(config, 'history')).mode & 0o777).toBe(0o600);
    const second = start({ config });
    await second.until('netsh>');
    second.type('\u001b[A\u001b[A');
    await second.until('netsh> count 2');
  });

  it('shares history between shells that run at the same time', async () => {
    const config = program.configDirectory();
    const [first, second] = [start({ config }), start({ config })];
    await Promise.all([first.until('netsh>'), second.until('netsh>')]);
    first.type('count 1\r');
    await first.until('line 1');
    second.type('count 2\r');
    await second.until('line 2');
    second.type('\u001b[A\u001b[A');
    await second.until(/netsh> count 1$/m);
    second.type('\u0003\u0004');
    await second.exit;
    expect(readFileSync(join(config, 'history'), 'utf8')).toBe('count 1\ncount 2\nbye\n');
  });

  it('searches the history with Ctrl-R', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'history'), 'show sections a.o\ncount 4\nshow sections b.o\n');
    const pty = start({ config });
    await pty.until('netsh>');
    pty.type('\u0012sec');
    await pty.until('history search: sec_  (1 of 2');
    pty.type('\u0012');
    await pty.until(/> show sections a\.o/);
    pty.type('\r');
    await pty.until('shown: show sections a.o');
    expect(pty.screen().join('\n')).not.toContain('history search');
  });

  it('suggests from history and takes the suggestion with the right arrow', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'history'), 'count 4\n');
    const pty = start({ config });
    await pty.until('netsh>');
    pty.type('co');
    await pty.until('netsh> count 4');
    expect(pty.cursor()).toEqual({ row: 0, column: 'netsh> co'.length });
    pty.type('\u001b[C\r');
    await pty.until('line 4');
  });

  it('completes with Tab, shows a menu with help, and goes back with Shift-Tab', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('sh\t');
    await pty.until('netsh> show');
    pty.type('\t');
    await pty.until(/ {2}programs {6}Shows eBPF programs\./);
    pty.type('\t');
    await pty.until(/^> sections/m);
    await pty.until(/netsh> show sections$/m);
    pty.type('\t');
    await pty.until(/netsh> show verification$/m);
    pty.type('\u001b[Z');
    await pty.until(/netsh> show sections$/m);
    pty.type('\r');
    await pty.until((now) => written(now).length === 1);
    pty.type('x.o\r');
    await pty.until('shown: show sections x.o');
  });

  it('says what is expected where nothing completes the word, and on F1', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('show sections zzz\t');
    await pty.until(/zzz\nshow sections \[filename=\]<string>\nAn object file\.$/m);
    pty.type('\u007f');
    await pty.until((now) => written(now).length === 1);
    pty.type('\u001bOP');
    await pty.until('An object file.');
    expect(pty.cursor()).toEqual({ row: 0, column: 'netsh> show sections zz'.length });
  });

  it('runs pasted lines as a script and stops at the first that fails', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('\u001b[200~count 1\nfail\ncount 7\ncount 8\u001b[201~');
    await pty.until('Stopped: 1 pasted line was not run.');
    expect(pty.screen().join('\n')).not.toContain('line 7');
    pty.type('\u001b[200~count 1\ncount 2\ncount 3\u001b[201~');
    await pty.until(/line 2\nnetsh> count 3$/m);
    expect(pty.screen().join('\n')).not.toContain('line 3');
  });

  it('wraps a long line at 80 columns, with wide characters, and edits it in the middle', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type(`show ${'x'.repeat(67)}漢字`);
    await pty.until('漢字');
    expect(pty.screen().slice(0, 2)).toEqual([`netsh> show ${'x'.repeat(67)}`, '漢字']);
    pty.type('\u001b[D\u001b[D\u007f');
    await pty.until((now) => now.screen()[0] === `netsh> show ${'x'.repeat(66)}漢`);
    expect(pty.screen()[1]).toBe('字');
    pty.type('\u0001\u001b[Cy\u0005\r');
    await pty.until(`shown: syhow ${'x'.repeat(66)}`.slice(0, 40).replace('shown: ', 'was not found: '));
  });

  it('draws again after a resize, in both directions', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type(`show ${'x'.repeat(60)}`);
    // Wait for the colors: what is written for the old width while the window changes cannot be told apart from the new.
    await pty.until(() => pty.bytes.includes('\u001b[93mxxx'));
    for (const columns of [40, 120, 30, 80]) {
      const before = pty.bytes.length;
      await pty.resize(columns, 24);
      const expected = `netsh> show ${'x'.repeat(60)}`;
      await pty.until(
        (now) =>
          now.bytes.length > before && written(now).join('') === expected && (written(now)[0] ?? '').length === Math.min(columns, expected.length),
      );
    }
  });

  it('draws again after a resize at the bottom of a full screen, and leaves the output alone', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('count 60\r');
    await pty.until(/line 60\nnetsh>/);
    pty.type(`show ${'x'.repeat(100)}`);
    await pty.until(() => pty.bytes.includes('\u001b[93mxxx'));
    const line = `netsh> show ${'x'.repeat(100)}`;
    for (const [columns, rows] of [
      [40, 24],
      [100, 30],
      [60, 10],
      [80, 24],
    ] as const) {
      const before = pty.bytes.length;
      await pty.resize(columns, rows);
      await pty.until((now) => {
        // The terminal wraps by itself first; what counts is what the prompt makes of it.
        if (now.bytes.length === before) return false;
        const all = now.everything().filter((row) => row !== '');
        const from = all.lastIndexOf('line 60') + 1;
        return all.slice(from).join('') === line && (all[from] ?? '').length === columns;
      });
      expect(pty.everything().filter((row) => row.startsWith('line '))).toHaveLength(60);
    }
  });

  it('clears the screen with Ctrl-L and keeps the line', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('count 5\rshow');
    await pty.until(/line 5\nnetsh> show$/m);
    pty.type('\u000c');
    await pty.until((now) => now.screen()[0] === 'netsh> show' && written(now).length === 1);
  });

  it('has one progress line after Ctrl-Z and fg', async () => {
    const { openPty } = await import('./pty.ts');
    const shell = openPty('bash', ['--norc', '--noprofile', '-i'], { env: { EBPFSH_CONFIG_DIR: program.configDirectory() } });
    open.push(shell);
    await shell.until(/^bash.*[#$]$/m);
    shell.type(`${process.execPath} ${program.file}\r`);
    await shell.until(/^netsh>/m);
    shell.type('slow\r');
    await shell.until(/crunching numbers/);
    for (let turn = 0; turn < 3; turn += 1) {
      shell.type('\u001a');
      await shell.until((now) => now.screen().filter((row) => /Stopped/.test(row)).length === turn + 1 && /^bash.*[#$]$/.test(last(now)));
      // Longer than timers wait, so that they are due when it goes on.
      await new Promise((resolve) => setTimeout(resolve, 300));
      shell.type('fg\r');
      await shell.until((now) => last(now).includes('crunching'));
    }
    expect(shell.screen().filter((row) => row.includes('crunching'))).toHaveLength(1);
    shell.type('\u0003');
    await shell.until(/\^C\nnetsh>/);
    shell.type('bye\r');
    await shell.until(/bye\nbash.*[#$]$/m);
    shell.type('exit\r');
    expect(await shell.exit).toBe(0);
  });

  it('is stopped by Ctrl-Z with the terminal restored, and goes on with fg', async () => {
    const pty = start();
    await pty.until('netsh>');
    await pty.close();
    open.splice(0);
    const { openPty } = await import('./pty.ts');
    const shell = openPty('bash', ['--norc', '--noprofile', '-i'], { env: { EBPFSH_CONFIG_DIR: program.configDirectory() } });
    open.push(shell);
    await shell.until(/^bash.*[#$]$/m);
    shell.type(`${process.execPath} ${program.file}\r`);
    await shell.until(/^netsh>/m);
    shell.type('count');
    await shell.until(/^netsh> count$/m);
    shell.type('\u001a');
    await shell.until(/Stopped[^\n]*\n(?:[^\n]+\n)?bash.*[#$]$/m);
    shell.type('stty -a | grep -o -E " .?(icanon|echo) "; echo done\r');
    await shell.until(/^ icanon\n(?: echo\n)?done/m);
    shell.type('fg\r');
    await shell.until((now) => now.screen().filter((row) => row === 'netsh> count').length === 2);
    shell.type(' 2\r');
    await shell.until('line 2');
    shell.type('bye\r');
    await shell.until(/bye\nbash.*[#$]$/m);
    shell.type('exit\r');
    expect(await shell.exit).toBe(0);
  });

  it.each([
    ['SIGTERM', 15, 143],
    ['SIGHUP', 1, 129],
  ])('restores the terminal on %s', async (_name, signal, exitCode) => {
    const pty = start();
    await pty.until('netsh>');
    pty.signal(signal);
    expect(await pty.exit).toBe(exitCode);
    expect(pty.bytes.endsWith('\u001b[?2004l\u001b[?25h\u001b[0m')).toBe(true);
  });

  it('restores the terminal when it crashes', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('crash\r');
    expect(await pty.exit).not.toBe(0);
    expect(pty.bytes).toContain('\u001b[?2004l\u001b[?25h\u001b[0m');
  });

  it('shows the last output in the pager with Ctrl-O, searches it, and comes back', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('count 100\r');
    await pty.until(/line 100\nnetsh>/);
    pty.type('\u000f');
    await pty.until('lines 1-22 of 100');
    pty.type('/line 77');
    await pty.until('/line 77_');
    pty.type('\r');
    await pty.until((now) => now.screen()[0] === 'line 77' || now.screen()[0] === '* line 77');
    // Ctrl-C gives the pattern up that is being typed, not the pager.
    pty.type('/line 9');
    await pty.until('/line 9_');
    pty.type('\u0003');
    await pty.until('lines 77-98 of 100');
    pty.type('q');
    await pty.until(/line 100\nnetsh>/);
    pty.type('count 1\r');
    await pty.until(/line 100\nnetsh> count 1\nline 1\nnetsh>/);
  });

  it('opens the pager by itself for long output where that is set, and not for short', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'config.json'), '{"pager":"auto"}');
    const pty = start({ config });
    await pty.until('netsh>');
    pty.type('count 3\r');
    await pty.until(/line 3\nnetsh>/);
    pty.type('count 300\r');
    await pty.until('lines 1-22 of 300');
    await pty.resize(60, 12);
    await pty.until('lines 1-10 of 300');
    pty.type('G');
    await pty.until('lines 291-300 of 300');
    pty.type('q');
    await pty.until(/line 300\nnetsh>/);
  });

  it('does not lose keys that are typed while the pager is being loaded and left', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('count 50\r');
    await pty.until(/line 50\nnetsh>/);
    pty.type('\u000f');
    await pty.until('lines 1-22 of 50');
    pty.type('q');
    await pty.until(/line 50\nnetsh>$/m);
    for (const letter of 'count 1\r') pty.type(letter);
    await pty.until(/netsh> count 1\nline 1\nnetsh>/);
  });

  it('takes vi keys when they are set', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'config.json'), '{"editing":"vi"}');
    const pty = start({ config });
    await pty.until('netsh>');
    pty.type('show sectionz\u001b');
    await new Promise((resolve) => setTimeout(resolve, 120));
    pty.type('rsBcwcount\u001b');
    await new Promise((resolve) => setTimeout(resolve, 120));
    await pty.until(/netsh> show count$/m);
    pty.type('0dw\r');
    await pty.until('line 3');
  });

  it('shows a status line where it is set, and never leaves it in the scrollback', async () => {
    const config = program.configDirectory();
    writeFileSync(join(config, 'config.json'), '{"status":"on"}');
    const pty = start({ config });
    await pty.until('netsh | windows | 2 objects');
    pty.type('ebpf\r');
    await pty.until('ebpf | windows | 2 objects');
    expect(written(pty)).toEqual(['netsh> ebpf', 'netsh ebpf>', 'ebpf | windows | 2 objects']);
  });

  it('sets and gives back the window title', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('ebpf\r');
    await pty.until('netsh ebpf>');
    pty.type('bye\r');
    await pty.exit;
    expect(pty.bytes).toContain('\u001b[22;2t');
    expect(pty.bytes).toContain('\u001b]2;netsh ebpf - ebpfsh\u0007');
    expect(pty.bytes).toContain('\u001b[23;2t');
  });

  it('colors words it knows and words it does not', async () => {
    const pty = start();
    await pty.until('netsh>');
    pty.type('show xyz');
    await pty.until(() => pty.bytes.includes('\u001b[92mshow\u001b[0m'));
    pty.type(' ');
    pty.type('\u0001\u000bxyz');
    await pty.until(() => pty.bytes.includes('\u001b[91mxyz\u001b[0m'));
  });

  it('writes no color with NO_COLOR', async () => {
    const pty = start({ env: { NO_COLOR: '1' } });
    await pty.until('netsh>');
    pty.type('show\t\tbye\r');
    await pty.until('shown: show');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: color sequences are what must be absent
    expect(pty.bytes.match(/\u001b\[[0-9;]+m/g)).toBeNull();
  });

  it('writes no escape sequence at all to a dumb terminal', async () => {
    const pty = start({ env: { TERM: 'dumb' } });
    await pty.until('netsh>');
    pty.type('count 2\n');
    await pty.until('line 2');
    pty.type('slow\n');
    await pty.until('started');
    pty.type('\u0003');
    await pty.until(/\^C\s*\nnetsh>/);
    pty.type('bye\n');
    expect(await pty.exit).toBe(0);
    expect(pty.bytes).not.toContain('\u001b');
  });

  it('writes what is new and no more for a screen reader', async () => {
    const pty = start({ env: { INK_SCREEN_READER: 'true' } });
    await pty.until('netsh>');
    pty.type('show ');
    await pty.until(/netsh> show/);
    const before = pty.bytes.length;
    pty.type('s');
    await pty.until(/netsh> show s$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the cursor is moved by escape sequences
    expect(pty.bytes.slice(before).replace(/\u001b\[[0-9]*C|\r/g, '')).toBe('s');
    pty.type('\u0015show \t');
    await pty.until('verification: Shows the verification report.');
  });

  it('tells how long a key takes to appear', async () => {
    const pty = start();
    await pty.until('netsh>');
    const echoes: number[] = [];
    let line = '';
    for (const letter of 'show verification samples/droppacket.o') {
      line += letter;
      pty.type(letter);
      await pty.until(`netsh> ${line}`.trimEnd());
      if (letter !== ' ') echoes.push(pty.echo);
    }
    echoes.sort((a, b) => a - b);
    console.log(
      `key to screen: median ${echoes[echoes.length >> 1]?.toFixed(1)} ms, worst ${echoes.at(-1)?.toFixed(1)} ms over ${echoes.length} keys`,
    );
    expect(echoes).toHaveLength(36);
  });
});
