import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

const bytes = readFileSync(fileURLToPath(new URL('../runtime/fixtures/types.o', import.meta.url)));

/** Runs lines with the maps 3 (table) and 4 (per) loaded; what the last one wrote. */
async function last(...lines: readonly string[]) {
  const session = newSession({ 'types.o': new Uint8Array(bytes) });
  await run(session, 'ebpf');
  let result = await run(session, 'add program types.o');
  for (const line of lines) result = await run(session, line);
  return result;
}

const KEY = 'key="{id: 3, color: GREEN}"';
const FILLED =
  'key: {id: 3, color: GREEN}  value: {total: 99, in: [{a: 0, name: }, {a: 4, name: hi}], u: {word: 16909060, bytes: [4, 3, 2, 1]}, flag: 1, mode: 5, ' +
  'small: -3, color: BLUE, pointer: 0x0, truth: true, real: 0, negative: -5, x: 0, y: 9}';

describe('entries by their C types', () => {
  it('are shown', async () => {
    expect((await last('test program 6', 'show map 3')).stdout).toContain(`${FILLED}\nFound 1 element`);
    expect((await last('test program 6', `show map 3 ${KEY}`)).stdout).toContain(FILLED);
    expect((await last('test program 6', 'show map 4 key=0')).stdout).toMatch(/key: 0\n {2}value \(CPU 00\): \{a: 1, name: \}\n/);
  });

  it('are written as they are shown, and come back the same', async () => {
    const value = FILLED.slice(FILLED.indexOf('value: ') + 7);
    const shown = await last(`set map 3 ${KEY} value="${value}"`, 'show map 3');
    expect(shown.stdout).toContain(FILLED);
  });

  it('keep members that are not named', async () => {
    const shown = await last('test program 6', `set map 3 ${KEY} value="{mode: 2, in: [{name: abc}], color: RED, real: 1.5}"`, 'show map 3');
    expect(shown.stdout).toContain(
      FILLED.replace('mode: 5', 'mode: 2').replace('{a: 0, name: }', '{a: 0, name: abc}').replace('BLUE', 'RED').replace('real: 0', 'real: 1.5'),
    );
  });

  it('are deleted by a typed key', async () => {
    expect((await last('test program 6', `delete map 3 ${KEY}`, 'show map 3')).stdout).toContain('Found 0 elements');
    expect((await last('test program 6', 'delete map 3 key="{id: 4, color: 5}"')).stderr).toBe('Map 3 (table) has no entry with this key.\n');
  });

  it('write runs of equal elements, and one processor of several', async () => {
    const shown = await last('set map 4 key=1 value="{a: 7, name: [0x41 x 3, 66]}" cpu=1', 'show map 4 key=1');
    expect(shown.stdout).toMatch(/CPU 00\): \{a: 0, name: \}\n.*CPU 01\): \{a: 7, name: AAAB\}/);
  });

  const rows: readonly [text: string, message: string][] = [
    [
      '{totl: 1}',
      'It has no member "totl": it has total, in, u, flag, mode, small, color, pointer, truth, real, negative, x, y.\nDid you mean "total"?',
    ],
    ['{mode: 8}', '8 does not fit into 3 bits.'],
    ['{small: -17}', '-17 does not fit into 5 bits.'],
    ['{color: GREN}', '"GREN" is none of RED, GREEN, BLUE.\nDid you mean "GREEN"?'],
    ['{total: x}', '"x" is no number.'],
    ['{total: {a: 1}}', 'A number stands where a list or members were given.'],
    ['{in: 5}', 'It is a list of 2 elements: [1, 2, 0 x 3].'],
    ['{in: [{}, {}, {}]}', 'The list has 3 elements, the array 2.'],
    ['{in: [{name: 123456789}]}', '"123456789" has more than 8 bytes.'],
    ['{total 1}', '"total 1" has no value; members are written as name: value.'],
    ['{total: 1', 'A { is not closed.'],
    ['{in: [{}', 'A [ is not closed.'],
    ['{total: 1} x', 'There is more after column 11.'],
    ['{truth: maybe}', '"maybe" is no number.'],
    [`${'{in: ['.repeat(40)}`, 'It is nested deeper than 32 levels.'],
    ['{in: [0 x 99999999]}', 'A list has more than 65536 elements.'],
    ['[1]', 'It is a structure: {name: value, name: value}.'],
  ];
  it.each(rows)('refuse %s', async (text, message) => {
    const { stderr, exitCode } = await last(`set map 3 ${KEY} value="${text}"`);
    expect(stderr).toContain(message);
    expect(exitCode).not.toBe(0);
  });
});

describe('data sections', () => {
  it('with constants cannot be changed, since programs are verified with their values', async () => {
    const load = 'add program samples/global_vars.o attach=none';
    const maps = (await last(load, 'show maps')).stdout;
    const [constants, variables] = ['.rodata', '.data'].map((name) =>
      maps
        .split('\n')
        .find((line) => line.endsWith(` ${name}`))
        ?.slice(0, 7),
    );
    const refused = await last(load, `set map ${constants} 0 41`);
    expect(refused.stderr).toContain('EBPF_ACCESS_DENIED');
    expect(refused.exitCode).toBe(1);
    expect(await last(load, `set map ${variables} 0 41`)).toMatchObject({ stderr: '', exitCode: 0 });
  });
});
