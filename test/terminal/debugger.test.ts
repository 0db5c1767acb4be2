import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { binPath, projectRoot } from '../end-to-end/bin.ts';
import { hasPty, openPty, type Pty, type PtyOptions } from './pty.ts';

if (!hasPty) console.warn("SKIPPED: 7 tests of the debugger's screen in a real terminal: python3 with its pty module is missing");

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-screen-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: Pty[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pty) => pty.close()));
});

/** A shell that debugs the unsafe sample. */
async function debugging({ env, ...options }: PtyOptions = {}): Promise<Pty> {
  const pty = openPty(process.execPath, [binPath], {
    cwd: projectRoot,
    ...options,
    env: { EBPFSH_CONFIG_DIR: mkdtempSync(join(folder, 'config-')), ...env },
  });
  open.push(pty);
  await pty.until('netsh ebpf>');
  pty.type('debug verification samples/droppacket_unsafe.o\r');
  await pty.until(promptOf('debug'));
  return pty;
}

/** The prompt is the last thing on screen. */
function promptOf(context: string): (pty: Pty) => boolean {
  return (pty) => lastRow(pty).endsWith(`${context}>`);
}

function lastRow(pty: Pty): string {
  return pty.screen().findLast((row) => row !== '') ?? '';
}

async function screenOf(options: PtyOptions = {}): Promise<Pty> {
  const pty = await debugging(options);
  pty.type('screen\r');
  await pty.until('q back');
  return pty;
}

const ALTERNATE_ON = '\u001b[?1049h';
const ALTERNATE_OFF = '\u001b[?1049l';

describe.skipIf(!hasPty)("the debugger's screen in a real terminal", () => {
  it('is driven with keys and leaves the prompt as it was', async () => {
    const pty = await screenOf();
    await pty.until('step 1 of 3');
    pty.type('jj');
    await pty.until('step 3 of 3');
    expect(pty.screen()[7]).toMatch(/^>! {7}2 {2}r2 = \*\(u8 \*\)\(r1 \+ 9\)/);
    pty.type('\u001b[A');
    await pty.until('step 2 of 3');
    pty.type('\u001b[B');
    await pty.until('step 3 of 3');
    pty.type('w');
    await pty.until('─ why r1 ─');
    pty.type('x');
    await pty.until('CONFIRMED BUG');
    pty.type('f');
    await pty.until('fix A');
    pty.type('A');
    await pty.until('The program passes.');
    pty.type('q');
    await pty.until(promptOf('debug'));
    expect(pty.everything().join('\n')).toContain('netsh ebpf debug> screen');
    expect(pty.screen().join('\n')).not.toContain('step 3 of 3');
    pty.type('undo\r');
    await pty.until('2 checks fail.');
  });

  it('writes only the rows that a key changes', async () => {
    const pty = await screenOf();
    pty.type('j');
    await pty.until('step 2 of 3');
    const before = pty.bytes.length;
    pty.type('\t');
    await pty.until('[state before 1]');
    const written = pty.bytes.slice(before);
    // Two rows change: the headings, and the value that is chosen.
    expect(written.split(';1H').length - 1).toBeLessThanOrEqual(3);
    expect(written).not.toContain('\u001b[2J');
  });

  it('follows the size of the window', async () => {
    const pty = await screenOf({ columns: 200, rows: 50 });
    expect(pty.screen()[1]).toMatch(/^─ story of failure 1 .* state before 0 /);
    await pty.resize(80, 24);
    await pty.until((shown) => /^─\[source [^─]*\] ─+┬── state before 0 {2}─+$/.test(shown.screen()[1]!));
    expect(pty.screen()).toHaveLength(24);
    await pty.resize(140, 40);
    await pty.until((shown) => /^─ story of failure 1 .*─$/.test(shown.screen()[1]!) && shown.screen()[1]!.length === 140);
  });

  it('gives the terminal back after Ctrl-C, a signal and the end of the process', async () => {
    const pty = await screenOf();
    pty.type('\u0003');
    await pty.until(promptOf('debug'));
    expect(pty.bytes.split(ALTERNATE_OFF).length).toBe(pty.bytes.split(ALTERNATE_ON).length);
    pty.type('screen\r');
    await pty.until('q back');
    pty.signal(2);
    await pty.until(promptOf('debug'));
    pty.type('screen\r');
    await pty.until('q back');
    pty.signal(15);
    expect(await pty.exit).toBe(143);
    expect(pty.bytes.split(ALTERNATE_OFF).length).toBe(pty.bytes.split(ALTERNATE_ON).length);
    expect(pty.bytes.lastIndexOf('\u001b[?25h')).toBeGreaterThan(pty.bytes.lastIndexOf('\u001b[?25l'));
  });

  it('stops with Ctrl-Z and is drawn again when the job goes on', async () => {
    const env = { EBPFSH_CONFIG_DIR: mkdtempSync(join(folder, 'config-')) };
    const pty = openPty('bash', ['--norc', '--noprofile', '-i'], { cwd: projectRoot, env });
    open.push(pty);
    await pty.until(/^bash.*[#$]$/m);
    pty.type(`'${process.execPath}' '${binPath}' ebpf debug screen samples/droppacket_unsafe.o\r`);
    await pty.until('q back');
    pty.type('jj');
    await pty.until('step 3 of 3');
    pty.type('\u001a');
    await pty.until(/Stopped[^\n]*\n(?:[^\n]+\n)?bash.*[#$]$/m);
    pty.type('stty -a | grep -o -E " .?(icanon|echo) "; echo done\r');
    await pty.until(/^ icanon\n(?: echo\n)?done/m);
    pty.type('fg\r');
    await pty.until('step 3 of 3');
    pty.type('k');
    await pty.until('step 2 of 3');
    pty.type('q');
    await pty.until(/^bash.*[#$]$/m);
  });

  it('speaks in sentences to screen readers: no boxes, no colors, no screen of its own', async () => {
    const pty = await debugging({ env: { INK_SCREEN_READER: 'true' } });
    const before = pty.bytes.length;
    pty.type('screen\r');
    const said = () => pty.everything().join('\n');
    await pty.until(() => said().includes('Step 1 of 3, instruction 0: r0 = 1'));
    pty.type('jj');
    await pty.until(() => said().includes('Fails: the packet has byte 9, readable through r1, 10 bytes missing.'));
    expect(said()).toContain('Step 2 of 3, instruction 1: r1 = *(u64 *)(r1 + 0)');
    expect(said()).toContain('Different: ip (r1): packet + 0, 0 bytes proved, was context + 0.');
    pty.type('g14\r');
    await pty.until(() => /^Lost: r\d/m.test(said()));
    const written = pty.bytes.slice(before);
    expect(written).not.toContain(ALTERNATE_ON);
    expect(written).not.toMatch(/[─│┬]/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colors start with a control character
    expect(written).not.toMatch(/\u001b\[[0-9;]*[1-9]m/);
    pty.type('q');
    await pty.until(promptOf('debug'));
  });

  it('is refused with the names of the commands where there is no such terminal', async () => {
    const pty = await debugging({ env: { TERM: 'dumb' } });
    pty.type('screen\r');
    await pty.until('diff, join, state, list, path, attack, fix, guide');
    const input = 'debug verification samples/droppacket_unsafe.o\nscreen\n';
    const { status, stdout, stderr } = spawnSync(process.execPath, [binPath], { cwd: projectRoot, input, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('The same line by line: step, back, goto,');
    expect(stdout).not.toContain(ALTERNATE_ON);
  });
});
