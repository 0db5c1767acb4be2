import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { binPath, projectRoot } from '../end-to-end/bin.ts';
import { hasPty, openPty, type Pty } from './pty.ts';

const hasClang = spawnSync('clang', ['-target', 'bpf', '-x', 'c', '-c', '-', '-o', '/dev/null'], { input: '' }).status === 0;
if (!hasPty || !hasClang)
  console.warn("SKIPPED: 2 newcomer's paths from a failure to a program that passes: they need clang for BPF, and python3 with its pty module");

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-newcomer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: Pty[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pty) => pty.close()));
});

const SOURCE = 'samples/droppacket_unsafe.c';
/** Commands, keys and one edit of the source. */
const MOST_STEPS = 10;

/** A newcomer at a terminal, who counts. */
class Newcomer {
  readonly pty: Pty;
  readonly checkout: string;
  steps = 0;

  constructor(columns: number, rows: number) {
    this.checkout = mkdtempSync(join(folder, 'checkout-'));
    cpSync(join(projectRoot, 'samples'), join(this.checkout, 'samples'), { recursive: true });
    this.pty = openPty(process.execPath, [binPath], {
      cwd: this.checkout,
      columns,
      rows,
      env: { EBPFSH_CONFIG_DIR: join(this.checkout, 'config'), EBPFSH_STORE: join(this.checkout, 'store') },
    });
    open.push(this.pty);
  }

  /** Everything that was ever shown, wrapped rows put together again. */
  get said(): string {
    return this.pty.everything().join('\n');
  }

  async enter(line: string, answer: string | RegExp): Promise<void> {
    this.steps++;
    this.pty.type(`${line}\r`);
    await this.pty.until(() => (typeof answer === 'string' ? this.said.includes(answer) : answer.test(this.said)), 30);
    await this.pty.until((pty) => /^netsh[a-z ]*>$/.test(pty.screen().findLast((row) => row !== '') ?? ''));
  }

  async press(key: string, answer: Parameters<Pty['until']>[0]): Promise<void> {
    this.steps++;
    this.pty.type(key);
    await this.pty.until(answer, 30);
  }

  /** Writes what is on the screen where it says, without adding or changing a letter. */
  edit(shown: string): void {
    this.steps++;
    const changes = [...shown.matchAll(/Write before line (\d+) of (\S+):\s+((?: *\+ {3}.*\n)+)/g)].map(([, line, file, rows]) => ({
      line: Number(line),
      file: file!,
      c: [...rows!.matchAll(/^ *\+ {3}(.*)$/gm)].map(([, code]) => code!.trimEnd()),
    }));
    expect(changes.length).toBeGreaterThan(0);
    for (const { line, file, c } of changes.toReversed()) {
      expect(file).toBe(SOURCE);
      const path = join(this.checkout, file);
      const lines = readFileSync(path, 'utf8').split('\n');
      lines.splice(line - 1, 0, ...c);
      writeFileSync(path, lines.join('\n'));
    }
  }

  /** Compiles and verifies at every save; this is the first look. */
  async watch(line: string | undefined): Promise<void> {
    expect(line).toBe(`ebpf watch ${SOURCE}`);
    this.steps++;
    this.pty.type(`${line}\r`);
    await this.pty.until(() => this.said.includes('1 program: 1 succeeded, 0 failed'), 30);
    this.pty.type('\u0003');
  }
}

describe.skipIf(!hasPty || !hasClang)('a newcomer with the unsafe dropper comes to a program that passes', () => {
  it('over the guide at the prompt, in at most ten commands', { timeout: 90_000 }, async () => {
    expect(existsSync(binPath)).toBe(true);
    const newcomer = new Newcomer(80, 24);
    await newcomer.pty.until('netsh ebpf>');
    await newcomer.enter('show verification samples/droppacket_unsafe.o', '2 errors');
    const [next] = /ebpf debug guide \S+/.exec(newcomer.said)!;
    await newcomer.enter(next, 'Which failed check first?');
    await newcomer.enter('1', 'What do you want to know?');
    await newcomer.enter('3', 'ebpf watch samples/droppacket_unsafe.c');
    newcomer.edit(newcomer.said);
    await newcomer.watch(/ebpf watch \S+/.exec(newcomer.said)?.[0]);
    expect(newcomer.steps).toBeLessThanOrEqual(MOST_STEPS);
  });

  it('over the guide on the screen, in at most ten keys and commands', { timeout: 90_000 }, async () => {
    const newcomer = new Newcomer(120, 40);
    const { pty } = newcomer;
    await pty.until('netsh ebpf>');
    newcomer.steps++;
    pty.type('debug screen samples/droppacket_unsafe.o\r');
    await pty.until('q back');
    await newcomer.press('G', 'Which failed check first?');
    await newcomer.press('\r', 'What do you want to know?');
    // The rows come from the top: the last one of the answer.
    await newcomer.press('3', 'ebpf watch');
    const shown = `${pty.screen().join('\n')}\n`;
    await newcomer.press('q', /q back/);
    await newcomer.press('q', ({ screen }) => (screen().findLast((row) => row !== '') ?? '').endsWith('debug>'));
    newcomer.edit(shown);
    await newcomer.watch(/ebpf watch \S+/.exec(shown)?.[0]);
    expect(newcomer.steps).toBeLessThanOrEqual(MOST_STEPS);
  });
});
