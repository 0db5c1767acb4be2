/** Where the ladder of precision settings ends for a program that fails: at a failure that no precision helps against, with all that fails besides. */
import { describe, expect, it } from 'vitest';
import { programTypeByName } from '../../src/platform/find.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyProgram } from '../../src/verifier/index.ts';
import { objectOfText, type TextProgram, verifyText } from './program-text.ts';

const program = (text: string): TextProgram => ({
  platform: linux,
  type: 'xdp',
  maps: [{ name: 'table', type: 'array', key: 4, value: 64 }],
  text,
});

/** r7 gets a bit by chance, `count` times: two to that power of states, each of which the last rungs keep apart. */
const bits = (count: number): string =>
  Array.from(
    { length: count },
    (_, bit) => `
      call bpf_get_prandom_u32
      r0 &= 1
      if r0 == 0 goto <without${bit}>
      r7 |= ${2 ** bit}
      without${bit}:`,
  ).join('');

/** r8 = an entry of the table, or null. */
const LOOKUP = `
  *(u32 *)(r10 - 4) = 0
  r1 = map table
  r2 = r10
  r2 += -4
  call bpf_map_lookup_elem
  r8 = r0`;

const FOUND = `
  if r8 != 0 goto <found>
  r0 = 1
  exit
  found:`;

/** Reads past an entry, now and then; what fails ends its path. */
const bug = (name: string): string => `
  call bpf_get_prandom_u32
  if r0 == 0 goto <${name}>
  r1 = *(u64 *)(r8 + 60)
  ${name}:`;

const END = `
  r0 = r7
  r0 &= 1
  exit`;

/** r8 + r5 stays within the 64 bytes of an entry, which is seen where three states are kept apart. */
const THREE_WAYS = `
  call bpf_get_prandom_u32
  r4 = r0
  r4 &= 63
  r5 = r4
  if r4 < 20 goto <low>
  if r4 < 40 goto <middle>
  r5 += -40
  goto <chosen>
  middle:
  r5 += 10
  goto <chosen>
  low:
  r5 += 30
  chosen:
  r6 = r8
  if r4 >= 40 goto <high>
  if r4 >= 20 goto <second>
  r5 += -30
  goto <use>
  second:
  r5 += 14
  goto <use>
  high:
  r5 += 40
  use:
  r6 += r5
  r1 = *(u8 *)(r6 + 0)`;

/** Verifies; `steps` are those of all rungs. */
function measured(text: string) {
  const source = program(text);
  const { object, program: only } = objectOfText(source);
  let steps = 0;
  let last = { steps: 0, precision: 0 };
  const report = verifyProgram(object, only, {
    platform: linux,
    programType: programTypeByName(linux, 'xdp')!,
    onProgress: (progress) => {
      if (progress.steps < last.steps) steps += last.steps;
      last = progress;
    },
  });
  return { report, steps: steps + last.steps };
}

describe('a failure that no precision helps against', () => {
  const early = `r7 = 0${LOOKUP}${FOUND}${bug('first')}${bits(18)}${END}`;
  const late = `r7 = 0${bits(18)}${LOOKUP}\n r1 = *(u64 *)(r8 + 0)${END}`;

  it.each([
    ['early', early, 'MAP-01'],
    ['late', late, 'NUL-01'],
  ])('ends the ladder before the last rung, which keeps all states apart: %s', (_, text, id) => {
    const { report, steps } = measured(text);
    expect(report.verdict).toBe('rejected');
    expect(report.precision).toBe(2);
    expect(report.unfinished).toBeUndefined();
    expect(report.failures.map((failure) => failure.id)).toEqual([id]);
    // The last rung alone takes more than a hundred thousand.
    expect(steps).toBeLessThan(25_000);
  });

  it('does not hide what fails behind it', () => {
    const { report } = measured(`r7 = 0${LOOKUP}${FOUND}${bug('first')}${bits(18)}${bug('second')}${END}`);
    expect(report.precision).toBe(2);
    expect(report.failures.map(({ id }) => id)).toEqual(['MAP-01', 'MAP-01']);
  });

  it('leaves out what fails only for want of precision', () => {
    const text = `r7 = 0${LOOKUP}${FOUND}${bug('first')}${THREE_WAYS}${bits(18)}${END}`;
    expect(verifyText(program(text), 2).failures).toHaveLength(2);
    const { report } = measured(text);
    expect(report.precision).toBe(2);
    expect(report.failures).toHaveLength(1);
  });

  /** Counts up by chance; then goes on for as many turns as were counted. Where merged counts lead is far from where each alone does. */
  const counted = `
    r7 = 0
    ${Array.from({ length: 160 }, (_, turn) => `call bpf_get_prandom_u32\n r0 &= 1\n if r0 != 0 goto <second>\n r7 = ${turn + 1}`).join('\n')}
    second:
    ${Array.from({ length: 160 }, (_, turn) => `if r7 <= ${turn} goto <out>\n call bpf_get_prandom_u32\n r8 = r0`).join('\n')}
    r1 = *(u64 *)(r10 - 8)
    out:
    r0 = 0
    exit`;

  it('is found far from the path on which it was met', () => {
    const { report, steps } = measured(counted);
    expect(report).toMatchObject({ verdict: 'rejected', precision: 2 });
    expect(report.failures.map(({ id }) => id)).toEqual(['STK-03']);
    // A search that only keeps to that path and what is next to it takes thirty thousand.
    expect(steps).toBeLessThan(20_000);
  });

  it('goes up to the last rung where that costs little', () => {
    expect(measured(`r7 = 0${LOOKUP}\n r1 = *(u64 *)(r8 + 0)${bits(3)}${END}`).report).toMatchObject({ verdict: 'rejected', precision: 512 });
  });
});

describe('what is left behind a failure', () => {
  it('is given up where it costs much, which the report says', () => {
    const nested = `${bits(14)}
 r9 += 1
 if r9 < 100 goto <again>
 r6 += 1
 if r6 < 100 goto <around>`;
    const loop = `r7 = 0${LOOKUP}${FOUND}${bug('first')}
 r6 = 0
 around:
 r9 = 0
 again:${nested}${END}`;
    const { report, steps } = measured(loop);
    expect(report).toMatchObject({ verdict: 'rejected', precision: 2 });
    expect(report.failures).toHaveLength(1);
    expect(report.unfinished).toMatch(/^Not all of the program was explored in \d+ abstract steps: other checks may fail too\.$/);
    expect(steps).toBeLessThan(200_000);
  });
});

describe('a failure for want of precision', () => {
  it('is tried again until it passes', () => {
    const text = `r7 = 0${LOOKUP}${FOUND}${THREE_WAYS}${END}`;
    expect(verifyText(program(text), 2).verdict).toBe('rejected');
    expect(measured(text).report).toMatchObject({ verdict: 'accepted', precision: 4 });
  });
});
