import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

/** Runs lines in one session; returns what the last one wrote. */
async function last(lines: readonly string[], files: Record<string, string | Uint8Array> = {}) {
  const session = newSession(files);
  await session.execute('ebpf', { signal: new AbortController().signal, write: () => undefined });
  let result = { stdout: '', stderr: '', exitCode: 0 };
  for (const line of lines) result = await run(session, line);
  return result;
}

const COVERED = 'test program 5 coverage=yes format=json';

async function counts(...lines: string[]): Promise<unknown> {
  return (JSON.parse((await last([...lines, COVERED])).stdout) as { coverage: unknown }).coverage;
}

it('counts the same lines in every way to run', async () => {
  const interpreted = await counts('add program samples/tail_call.o execution=interpret attach=none');
  expect(interpreted).toMatchObject({ executed: 18, total: 27 });
  expect(await counts('add program samples/tail_call.o execution=jit attach=none')).toEqual(interpreted);
  expect(await counts('add program samples/tail_call.o execution=native attach=none')).toEqual(interpreted);
  expect(await counts('convert samples/tail_call.o x.wasm', 'add program x.wasm attach=none')).toEqual(interpreted);
  // Where nothing may be interpreted, what counts is compiled.
  expect(await counts('add program samples/tail_call.o execution=jit attach=none', 'set policy build=release')).toEqual(interpreted);
});

it('says which object it needs of a native image', async () => {
  const original = readFileSync(new URL('../../samples/droppacket.o', import.meta.url));
  const files: Record<string, string | Uint8Array> = { 'd.o': new Uint8Array(original) };
  const session = newSession(files);
  const lines = ['ebpf', 'convert d.o d.wasm', 'add program d.wasm attach=none'];
  for (const line of lines) await run(session, line);
  expect((await run(session, 'test program 4 coverage=yes')).stdout).toMatch(/Coverage: \d+ of \d+ instructions/);
  const changed = new Uint8Array(original);
  changed[changed.length - 1]! ^= 1;
  files['d.o'] = changed;
  expect((await run(session, 'test program 4 coverage=yes')).stderr).toBe(
    'error: coverage of the native image is counted in the object that it was made of, d.o, which has changed since\n',
  );
  delete files['d.o'];
  expect((await run(session, 'test program 4 coverage=yes')).stderr).toBe(
    'error: coverage of the native image is counted in the object that it was made of, d.o, which cannot be read\n',
  );
});
