import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { type VerificationReport, verifyProgram } from '../../src/verifier/index.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { canCompile, compile } from './failures-compile.ts';

/** What the manifest says of one failing program and its fix. */
interface Entry {
  readonly file: string;
  readonly stable_id: string;
  readonly truth: 'bug' | 'leak' | 'rule' | 'safe' | 'term';
  readonly bad: { readonly prevail: string; readonly kernel: string };
  readonly concrete: { readonly bad: { readonly pc: number | null } };
}

/** Bytes (entry number: distance) by which the requirement of an access fails. */
const DISTANCES: Record<string, string> = { '05': '10', '14': '4', '16': '1', '40': '16', '66': '64' };

/** Fixes that are not: the leaf function reads a byte of its buffer that it never wrote. */
const UNSAFE_FIXES: Record<string, string> = { '61': 'STK-03' };

/** Safe programs that Linux refuses by a rule of its own; the others of truth `safe` fail only elsewhere, by lack of precision. */
const BANNED: ReadonlySet<string> = new Set(['NUL-03', 'PKT-05', 'PKT-07', 'PKT-08']);

function judge(path: string): VerificationReport {
  const object = loadObject(readFileSync(path), path);
  const reports = object.programs
    .filter(({ section }) => section !== '.text')
    // Division by zero is defined; only who asks for it is told.
    .map((program) => verifyProgram(object, program, { platform: linux, allowDivisionByZero: !path.includes('div-by-zero') }));
  return reports.find(({ verdict }) => verdict !== 'accepted') ?? reports[0]!;
}

/** Slots at which the interpreter went wrong, PREVAIL complained or the kernel did. PREVAIL writes "call/slot" inside subprograms. */
function places({ bad, concrete }: Entry): number[] {
  const found = [
    concrete.bad.pc,
    ...(/^[\d/]+/.exec(bad.prevail)?.[0].split('/') ?? []),
    /^(\d+):/.exec(bad.kernel)?.[1],
    /insn (\d+)/.exec(bad.kernel)?.[1],
  ];
  return found.flatMap((place) => (place === null || place === undefined ? [] : [Number(place)]));
}

const failures = corpusPath('failures/MANIFEST.json');
if (failures === undefined) reportSkipped('failures', 'all 70');
else {
  const entries = JSON.parse(readFileSync(failures, 'utf8')) as Entry[];
  const object = (entry: Entry, variant: 'bad' | 'fix') => corpusPath(`failures/objects/${entry.file.replace(/\.c$/, '')}.${variant}.o`)!;

  describe('programs with one failure', () => {
    it('has all of them', () => expect(entries.length).toBeGreaterThanOrEqual(70));

    it.each(entries.filter(({ truth }) => truth !== 'safe').map((entry) => [entry.file, entry] as const))(
      '%s is rejected for its cause',
      (file, entry) => {
        const report = judge(object(entry, 'bad'));
        const [failure] = report.failures;
        expect({ verdict: report.verdict, id: failure?.id, message: failure?.message }).toMatchObject({ verdict: 'rejected', id: entry.stable_id });
        const expected = places(entry);
        if (expected.length > 0) expect(expected).toContain(failure!.instruction);
        const distance = DISTANCES[file.slice(0, 2)];
        if (distance !== undefined) expect(failure!.distance?.amount).toBe(distance);
      },
    );

    it.each(entries.filter(({ truth }) => truth === 'safe').map((entry) => [entry.file, entry] as const))('%s is accepted', (_file, entry) => {
      const report = judge(object(entry, 'bad'));
      expect(report.failures.map(({ id, instruction, message }) => `${instruction} ${id} ${message}`)).toEqual([]);
      expect(report.verdict).toBe('accepted');
      expect(report.warnings.map(({ id }) => id)).toEqual(BANNED.has(entry.stable_id) ? expect.arrayContaining([entry.stable_id]) : []);
    });

    it.each(entries.map((entry) => [entry.file, entry] as const))('%s is accepted once fixed', (file, entry) => {
      const report = judge(object(entry, 'fix'));
      const unsafe = UNSAFE_FIXES[file.slice(0, 2)];
      expect(report.failures.map(({ id }) => id)).toEqual(unsafe === undefined ? [] : [unsafe]);
      expect(report.warnings.map(({ id }) => id)).toEqual([]);
      expect(report.verdict).toBe(unsafe === undefined ? 'accepted' : 'rejected');
    });

    it('speaks without sentinel numbers', () => {
      for (const entry of entries) {
        for (const { message, distance } of judge(object(entry, 'bad')).failures) {
          expect(`${message} ${distance?.amount ?? ''}`).not.toMatch(/\d{10,}|undefined|NaN|\[object/);
        }
      }
    });
  });
}

const alternatives = corpusPath('failures/alt-fixes');
if (alternatives === undefined || !canCompile())
  reportSkipped('failures/alt-fixes', alternatives === undefined ? 'all 21' : 'all 21 (they need clang)');
else {
  const folder = mkdtempSync(join(tmpdir(), 'failures-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  describe('other ways to fix them', () => {
    it.each(readdirSync(alternatives).filter((name) => name.endsWith('.c')))('%s', (name) => {
      const object = join(folder, `${name}.o`);
      compile(join(alternatives, name), object, 'v3');
      const report = judge(object);
      // Two are no fixes: they show that a key may not hang over the top of the frame.
      const expected = /^k13[bc]/.test(name) ? ['HLP-01'] : [];
      expect(report.failures.map(({ id }) => id)).toEqual(expected);
      expect(report.verdict).toBe(expected.length === 0 ? 'accepted' : 'rejected');
    });
  });
}

/** Programs of `elf/build` that are wrong on purpose, with the cause and the slot of the first failure. */
const DELIBERATE: readonly (readonly [object: string, program: string, id: string, instruction: number])[] = [
  ['nullmapref', 'test_repro', 'NUL-01', 7],
  ['exposeptr', 'func', 'LEAK-02', 10],
  ['exposeptr2', 'func', 'LEAK-02', 10],
  ['badhelpercall', 'func', 'HLP-08', 3],
  ['badmapptr', 'test_repro', 'TYP-03', 4],
  ['badrelo', 'func', 'ENV-03', 5],
  ['ctxoffset', 'func', 'CTX-03', 8],
  ['mapvalue-overrun', 'func', 'MAP-01', 10],
  ['packet_overflow', 'read_write_packet_start', 'PKT-02', 4],
  ['packet_reallocate', 'reallocate_invalidates', 'PKT-04', 13],
  ['ptr_arith', 'test_ptr_arith', 'TYP-02', 2],
  ['ringbuf_in_map', 'func', 'HLP-05', 12],
  ['ringbuf_uninit', 'test', 'STK-03', 6],
  ['tail_call_bad', 'caller', 'HLP-04', 3],
  ['wronghelper', 'func', 'ENV-01', 7],
];

const build = corpusPath('elf/build');
if (build === undefined) reportSkipped('elf/build', DELIBERATE.length);
else {
  describe('samples that are wrong on purpose', () => {
    it.each(DELIBERATE)('%s %s is rejected with %s at %i', (name, program, id, instruction) => {
      const path = join(build, `${name}.o`);
      const object = loadObject(readFileSync(path), path);
      const report = verifyProgram(object, object.programs.find((candidate) => candidate.name === program)!, { platform: linux });
      expect(report.verdict).toBe('rejected');
      expect({ id: report.failures[0]!.id, instruction: report.failures[0]!.instruction }).toEqual({ id, instruction });
    });

    it('accepts the programs of all other samples', () => {
      const wrong = new Set(DELIBERATE.map(([name]) => `${name}.o`));
      const rejected: string[] = [];
      for (const name of readdirSync(build)) {
        if (!name.endsWith('.o') || wrong.has(name)) continue;
        const object = loadObject(readFileSync(join(build, name)), name);
        const entries = object.programs.filter(({ section }) => section !== '.text');
        for (const program of entries.length > 0 ? entries : object.programs) {
          const report = verifyProgram(object, program, { platform: linux });
          if (report.verdict !== 'accepted') rejected.push(`${name} ${program.name}: ${report.failures[0]?.message ?? report.error?.message}`);
        }
      }
      expect(rejected).toEqual([]);
    });
  });
}
