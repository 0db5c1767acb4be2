import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { binPath, projectRoot } from '../end-to-end/bin.ts';
import { hasPty, openPty, type Pty } from './pty.ts';

if (!hasPty) console.warn('SKIPPED: 2 walks through the first minutes in a real terminal: python3 with its pty module is missing');

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-first-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: Pty[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((pty) => pty.close()));
});

/** What a newcomer does after the README's first command, at a terminal of that size. */
async function walk(columns: number, rows: number): Promise<void> {
  expect(existsSync(binPath)).toBe(true);
  const pty = openPty(process.execPath, [binPath], { cwd: projectRoot, columns, rows, env: { EBPFSH_CONFIG_DIR: join(folder, `${columns}`) } });
  open.push(pty);
  /** Everything that was ever shown, wrapped rows put together again. */
  const said = () => pty.everything().join('').replace(/\s+/g, ' ');
  const enter = async (line: string, answer: string) => {
    pty.type(`${line}\r`);
    await pty.until(() => said().includes(answer.replace(/\s+/g, ' ')));
    await pty.until(() => /^netsh[a-z ]*>$/.test(pty.screen().findLast((row) => row !== '') ?? ''));
  };
  await pty.until('netsh ebpf>');
  await enter('ebpf show verification samples/droppacket_unsafe.o', '2 errors');
  for (const words of [
    '(ip->protocol == PROTOCOL_UDP) {',
    'valid_access(r1.offset+9, width=1)',
    '(ntohs(udp->length) <=',
    'valid_access(r1.offset+24, width=2)',
  ])
    expect(said()).toContain(words);
  await enter('show verification samples/droppacket.o', 'Verification succeeded');
  await enter('shwo sections', 'The following command was not found: shwo sections.');
  await enter('debug verification samples/droppacket_unsafe.o', 'The path to failure 1 is followed.');
  expect(pty.screen().findLast((row) => row !== '')).toBe('netsh ebpf debug>');
  await enter('step', 'r1: packet + 0, 0 bytes proved');
  await enter('step', 'FAILS: the packet has byte 9');
  await enter('..', 'netsh ebpf>');
  pty.type('bye\r');
  expect(await pty.exit).toBe(0);
}

describe.skipIf(!hasPty)("the README's first five minutes in a real terminal", () => {
  it('of 80x24', () => walk(80, 24));
  it('of 200x50', () => walk(200, 50));
});
