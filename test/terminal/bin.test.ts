import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Pty, PtyOptions } from './pty.ts';
import { hasPty, openPty } from './pty.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'dist', 'shell', 'main.js');
const ready = hasPty && existsSync(BIN);

if (!ready)
  console.warn(
    `SKIPPED: all tests of the built shell in a real terminal: ${hasPty ? `${BIN} is not built` : 'python3 with its pty module is missing'}`,
  );

let folder: string;
const open: Pty[] = [];

function start(options: PtyOptions = {}): Pty {
  const pty = openPty(process.execPath, [BIN], { cwd: ROOT, ...options, env: { EBPFSH_CONFIG_DIR: join(folder, 'config'), ...options.env } });
  open.push(pty);
  return pty;
}

describe.skipIf(!ready)('the built shell in a real terminal', () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ebpfsh-bin-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    await Promise.all(open.splice(0).map((pty) => pty.close()));
  });

  it('opens in the ebpf context, goes up and down, helps, words a typo, leaves', async () => {
    const pty = start();
    await pty.until('netsh ebpf>');
    pty.type('..\r');
    await pty.until(/^netsh>/m);
    pty.type('ebpf\r');
    await pty.until(/netsh> ebpf\nnetsh ebpf>/);
    pty.type('?\r');
    await pty.until('To view help for a command');
    expect(pty.everything().join('\n')).toContain('Commands in this context:');
    pty.type('shwo sections\r');
    await pty.until('The following command was not found: shwo sections.');
    pty.type('bye\r');
    expect(await pty.exit).toBe(0);
  });

  it('keeps the line when help is asked in its middle, and completes with help', async () => {
    const pty = start();
    await pty.until('netsh ebpf>');
    pty.type('show sections ?\r');
    await pty.until(() => pty.everything().some((row) => row.startsWith('Usage: show sections [filename=]<string>')));
    await pty.until(/netsh ebpf> show sections$/m);
    pty.type('\u0015sh sec\t');
    await pty.until(/netsh ebpf> sh sections$/m);
    pty.type('\u0015show \t');
    await pty.until(/^ {2}links +Shows eBPF links\.$/m);
  });

  it('words a missing file, and remembers the line for the next run', async () => {
    const pty = start();
    await pty.until('netsh ebpf>');
    pty.type('show sections nowhere.o\r');
    await pty.until('No such file or directory opening nowhere.o');
    pty.type('bye\r');
    await pty.exit;
    const again = start();
    await again.until('netsh ebpf>');
    again.type('\u001b[A\u001b[A');
    await again.until('netsh ebpf> show sections nowhere.o');
  });

  it('cancels a command that would never end, and goes on', async () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('python3', ['-c', 'import os, sys; os.mkfifo(sys.argv[1])', pipe]).status).toBe(0);
    const pty = start();
    await pty.until('netsh ebpf>');
    pty.type(`exec ${pipe}\r`);
    await pty.until(/netsh ebpf> exec .*pipe\n/);
    pty.type('\u0003');
    await pty.until(/\^C\nnetsh ebpf>/);
    // Let the reader go: a process that waits for a pipe to be opened cannot end.
    writeFileSync(pipe, '');
    pty.type('show alias ?\r');
    await pty.until('Usage: show alias');
    pty.type('\u0015bye\r');
    expect(await pty.exit).toBe(0);
  });

  const busy = '../shared/corpus/elf/cilium/bpf_lxc.o';
  const hasBusy = existsSync(join(ROOT, busy));
  if (!hasBusy) console.warn('SKIPPED: 1 test of typing during a long verification: the corpus is missing');

  it.skipIf(!hasBusy)('tells how long a key takes to appear while a large object is verified, and cancels that', async () => {
    const pty = start();
    await pty.until('netsh ebpf>');
    pty.type(`show verification ${busy}\r`);
    await pty.until(/^\[[# ]+\] .*\d+ of \d+/m, 30);
    const times: number[] = [];
    let typed = '';
    for (const letter of 'show-sections-samples/bpf.o') {
      typed += letter;
      const before = performance.now();
      pty.type(letter);
      await pty.until(typed);
      times.push(performance.now() - before);
    }
    times.sort((a, b) => a - b);
    console.log(`key to screen during a verification: median ${times[times.length >> 1]?.toFixed(1)} ms, worst ${times.at(-1)?.toFixed(1)} ms`);
    pty.type('\u0003');
    await pty.until((now) => now.screen().findLast((row) => row !== '') === 'netsh ebpf>');
    pty.type('show alias ?\r');
    await pty.until('Usage: show alias');
  });

  it('gives a script on standard input the same words', async () => {
    const script = 'shwo sections\nshow sections nowhere.o\nbye\n';
    const piped = spawnSync(process.execPath, [BIN], {
      cwd: ROOT,
      input: script,
      encoding: 'utf8',
      env: { ...process.env, EBPFSH_CONFIG_DIR: join(folder, 'config') },
    });
    const words = `${piped.stdout}${piped.stderr}`.split('\n').filter((line) => line !== '');
    expect(words).toContain('The following command was not found: shwo sections.');
    const pty = start();
    await pty.until('netsh ebpf>');
    for (const line of script.trim().split('\n')) {
      const prompts = () => pty.screen().filter((row) => row === 'netsh ebpf>').length;
      pty.type(`${line}\r`);
      if (line !== 'bye') await pty.until(() => prompts() === 1);
    }
    await pty.exit;
    const seen = pty.screen().filter((row) => row !== '' && !row.startsWith('netsh ebpf>'));
    expect(seen).toEqual(words);
  });
});
