import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../../contexts/host.ts';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { captures } from './capture-builder.ts';
import { memoryHost, type Run, run } from './harness.ts';
import { Damage } from './hostile-bytes.ts';

/**
 * Damaged files through the commands that read them: each ends in a typed error of a few lines or in a clean success, and nothing that was
 * altered gets loaded. EBPFSH_HOSTILE=5000 runs the full number; EBPFSH_HOSTILE_SEED another set.
 */
const CASES = Number(process.env['EBPFSH_HOSTILE'] ?? 250);
/** A store is many files and three sessions. */
const STORES = Number(process.env['EBPFSH_HOSTILE'] ?? 80);
const SEED = Number(process.env['EBPFSH_HOSTILE_SEED'] ?? 1);
const TIMEOUT = 120_000 + CASES * 1000;

const root = mkdtempSync(join(tmpdir(), 'ebpfsh-hostile-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const hostProcess = {
  pid: process.pid,
  hrtime: process.hrtime,
  cpuCount: 4,
  command: 'test',
  startedAt: 0,
  admin: true,
  probe: (pid: number) => {
    process.kill(pid, 0);
  },
} satisfies Host['process'];

/** A session whose unforeseen errors end the test. */
function session(files: Record<string, string | Uint8Array>, storeDirectory?: string): Session {
  const host: Host = { ...memoryHost(files), ...(storeDirectory === undefined ? {} : { storeDirectory, process: hostProcess }) };
  return new Session(rootContext, host, (error) => {
    throw error;
  });
}

/** What a command said went wrong, in either form; '' where nothing did. */
function complaint({ stdout, stderr, exitCode }: Run): string {
  if (exitCode === 0 || stderr !== '') return stderr;
  if (!stdout.startsWith('{')) return stdout;
  const { error, damage } = JSON.parse(stdout) as { error?: { message: string }; damage?: string };
  return error ? `${error.message}\n` : `error: ${damage}\n`;
}

/** A clean success, or an error of at most `lines` lines in words of ours. */
function expectClean(result: Run, what: string, lines: number): void {
  const words = complaint(result);
  expect([0, 1], what).toContain(result.exitCode);
  expect(words, what).toMatch(result.exitCode === 0 ? /^$/ : /^(?:error\b|Program not found)/i);
  expect(words.split('\n').length - 1, `${what}: ${words}`).toBeLessThanOrEqual(lines);
  expect(words, what).not.toMatch(/undefined|\[object|NaN|TypeError|RangeError|ReferenceError|is not a function|internal error/i);
}

describe(`hostile bytes, seed ${SEED}, ${CASES} images and captures, ${STORES} stores`, () => {
  it(
    'images: no altered one is loaded',
    async () => {
      const files: Record<string, string | Uint8Array> = {};
      const shell = session(files);
      for (const name of ['xdp_count', 'tail_call', 'global_vars'])
        expect((await run(shell, `ebpf convert samples/${name}.o ${name}.wasm`)).exitCode, name).toBe(0);
      const originals = Object.values(files) as Uint8Array[];
      const damage = new Damage(SEED);
      for (let index = 0; index < CASES; index++) {
        const what = `image ${index} of seed ${SEED}`;
        files['x.wasm'] = damage.of(damage.pick(originals));
        for (const line of ['ebpf add program x.wasm', 'ebpf show sections x.wasm', 'ebpf show hash x.wasm']) {
          const result = await run(shell, line);
          expectClean(result, `${what}: ${line}`, 3);
          if (line.includes('add')) expect(result.exitCode, what).toBe(1);
        }
      }
      for (const what of ['programs', 'maps', 'links', 'pins'])
        expect(JSON.parse((await run(shell, `ebpf show ${what} format=json`)).stdout)[what]).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'captures: the good packets, then at most one line',
    async () => {
      const files: Record<string, string | Uint8Array> = { ...captures() };
      const originals = Object.values(files) as Uint8Array[];
      const shell = session(files);
      expect((await run(shell, 'ebpf add program samples/xdp_count.o')).exitCode).toBe(0);
      for (const name of Object.keys(files)) expect(await run(shell, `interface set 1 feed=${name}`)).toMatchObject({ exitCode: 0, stderr: '' });
      const damage = new Damage(SEED + 1);
      for (let index = 0; index < CASES; index++) {
        const what = `capture ${index} of seed ${SEED}`;
        files['x.pcap'] = damage.of(damage.pick(originals));
        const result = await run(shell, 'interface set 1 feed=x.pcap pass=passed.pcapng format=json');
        expectClean(result, what, 1);
        if (result.exitCode === 1) expect(complaint(result), what).toMatch(/^error: x\.pcap: .+ at offset \d+: /);
        const { frames, bytes, counts } = JSON.parse(result.stdout) as { frames: number; bytes: number; counts: { pass: number } };
        expect(counts.pass, what).toBe(frames);
        expect(bytes, what).toBeLessThanOrEqual((files['x.pcap'] as Uint8Array).length + 14 * frames);
      }
    },
    TIMEOUT,
  );

  it(
    'stores: what runs is what was stored',
    async () => {
      const store = join(root, 'store');
      const files: Record<string, string | Uint8Array> = {};
      const first = session(files, store);
      const setup = [
        'ebpf add program samples/xdp_count.o',
        'ebpf convert samples/global_vars.o g.wasm',
        'ebpf add program g.wasm attach=none',
        'ebpf add program samples/tail_call.o',
        'interface add eth1 "Office LAN"',
        'ebpf set map 3 key=1 value=0x01000000000000000200000000000000',
        'ebpf set policy build=release',
      ];
      for (const line of setup) expect(await run(first, line), line).toMatchObject({ exitCode: 0, stderr: '' });
      const programs = (JSON.parse((await run(first, 'ebpf show programs format=json')).stdout) as { programs: { id: number }[] }).programs;
      const runs = programs.map(({ id }) => `ebpf test program ${id} format=json`);
      const returned = async (shell: Session) => {
        const results = [];
        for (const line of runs) results.push(await run(shell, line));
        return results;
      };
      const whole = join(root, 'whole');
      cpSync(store, whole, { recursive: true });
      const expected = (await returned(session({}, whole))).map(({ stdout }) => JSON.parse(stdout).returnValue as number);
      const damage = new Damage(SEED + 2);
      let refused = 0;
      for (let index = 0; index < STORES; index++) {
        const what = `store ${index} of seed ${SEED}`;
        const copy = join(root, `copy-${index}`);
        cpSync(store, copy, { recursive: true });
        const damaged = damageStore(damage, copy);
        const shell = session({}, copy);
        const shown = await run(shell, 'ebpf show programs format=json');
        expectClean(shown, `${what}, ${damaged}`, 3);
        if (shown.exitCode === 0) expect(JSON.parse(shown.stdout).programs, `${what}, ${damaged}`).toEqual(shownPrograms(shown.stdout, programs));
        else refused++;
        for (const [at, result] of (await returned(shell)).entries()) {
          expectClean(result, `${what}, ${damaged}: ${runs[at]}`, 3);
          if (result.exitCode === 0) expect(JSON.parse(result.stdout).returnValue, `${what}, ${damaged}`).toBe(expected[at]);
        }
        const repaired = await run(session({}, copy), 'ebpf repair store');
        // A key that is damaged or open to others is not the store's to repair.
        if (!damaged.includes('keys/')) expect(repaired.exitCode, `${what}, ${damaged}: ${repaired.stderr}`).toBe(0);
        const after = await run(session({}, copy), 'ebpf show programs');
        if (!damaged.includes('keys/')) expect(after, `${what}, ${damaged}`).toMatchObject({ exitCode: 0, stderr: '' });
        rmSync(copy, { recursive: true, force: true });
      }
      expect(refused).toBeGreaterThan(STORES / 4);
    },
    TIMEOUT,
  );
});

/** Either all programs or, where the manifest is gone, none. */
function shownPrograms(stdout: string, all: readonly unknown[]): readonly unknown[] {
  return JSON.parse(stdout).programs.length === 0 ? [] : all;
}

/** Damages, removes or exchanges files of a store; says which. */
function damageStore(damage: Damage, directory: string): string {
  const files = (readdirSync(directory, { recursive: true, encoding: 'utf8' }) as string[]).filter((name) =>
    statSync(join(directory, name)).isFile(),
  );
  // The manifest is one of many files and the one that matters most.
  const name = damage.below(3) === 0 ? 'windows/manifest' : damage.pick(files.sort());
  const path = join(directory, name);
  const how = damage.below(12);
  if (how === 0) {
    unlinkSync(path);
    return `${name} removed`;
  }
  if (how === 1) {
    const other = damage.pick(files);
    const bytes = readFileSync(join(directory, other));
    writeFileSync(path, bytes);
    return `${name} exchanged for ${other}`;
  }
  writeFileSync(path, damage.of(new Uint8Array(readFileSync(path))));
  return `${name} damaged`;
}
