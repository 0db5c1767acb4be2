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

it('knows the lines and types of a native image without the object that it was made of', async () => {
  const files: Record<string, string | Uint8Array> = { 'd.o': readFileSync(new URL('../../samples/bindmonitor.o', import.meta.url)) };
  const session = newSession(files);
  for (const line of ['ebpf', 'convert d.o d.wasm', 'add program d.wasm attach=none']) await run(session, line);
  delete files['d.o'];
  const { stdout } = await run(session, 'test program 5 fields=operation=0,process_id=7 coverage=yes');
  expect(stdout).toMatch(/Coverage: \d+ of \d+ instructions[\s\S]*bind/);
  expect((await run(session, 'show map 3')).stdout).toMatch(/key: 0 {2}value: 0\n/);
});

it('a native image calls kernel functions by what its object says', async () => {
  const object = readFileSync(new URL('../runtime/fixtures/dynptrs.o', import.meta.url));
  const shown = async (...lines: string[]) => {
    const session = newSession({ 'd.o': object });
    for (const line of ['ebpf', ...lines]) await run(session, line);
    const { programs } = JSON.parse((await run(session, 'show programs format=json')).stdout) as { programs: { id: number; name: string }[] };
    const { id } = programs.find(({ name }) => name === 'packet')!;
    return JSON.parse((await run(session, `test program ${id} format=json`)).stdout) as { returnValue: number; maps: unknown };
  };
  const native = await shown('convert d.o d.wasm', 'add program d.wasm attach=none');
  const { returnValue, maps } = await shown('add program d.o attach=none');
  expect(maps).not.toEqual([]);
  expect(native).toMatchObject({ returnValue, maps });
});
