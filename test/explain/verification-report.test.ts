import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import { newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

/** A report fits a screen: 40 lines and the empty one that ends it. */
const LINES = 41;
const BOX = /[\u2500-\u259f]/;
/** It begins what colours a terminal. */
const ESCAPE = String.fromCharCode(27);
const SENTINELS = /2147418112|9223372036854775807|9223372036854775808|18446744073709551615|uvalue|svalue|NaN|\[object|internal error/;

/** Lines of our own words, which keep to 80 columns: not the original's, not source, not commands and code to copy. */
function ownLines(report: string): readonly string[] {
  const lines = report.split('\n').filter((line) => line.startsWith('    ') && !line.startsWith('                 '));
  return lines.filter((_, index) => !/^ *\^+$/.test(lines[index + 1] ?? ''));
}

function checkReport(report: string, about: string): void {
  expect(report.split('\n').length, `${about}\n${report}`).toBeLessThanOrEqual(LINES);
  expect(report, about).not.toMatch(SENTINELS);
  expect(report, about).not.toMatch(BOX);
  expect(report.includes(ESCAPE), about).toBe(false);
  for (const line of ownLines(report)) expect(line.length, `${about}: ${line}`).toBeLessThanOrEqual(80);
}

/** Executes the commands that a report ends with, as pasted. */
async function checkNext(report: string, files: Record<string, Uint8Array>, about: string): Promise<number> {
  const at = report.split('\n').findIndex((line) => line.startsWith('    next '));
  const commands = at < 0 ? [] : report.split('\n').slice(at, at + 2);
  for (const line of commands) {
    const command = line.replace(/^ {4}next/, '').trim();
    const { exitCode, stderr } = await run(newSession(files), command);
    expect({ exitCode, stderr }, `${about}: ${command}`).toEqual({ exitCode: 0, stderr: '' });
  }
  return commands.length;
}

describe('the report of show verification', () => {
  for (const [folder, platforms, pattern] of [
    ['failures/objects', ['linux'], /\.bad\.o$/],
    ['elf/build', ['windows', 'linux'], /\.o$/],
  ] as const) {
    const path = corpusPath(folder);
    if (path === undefined) reportSkipped(folder, 'all');
    for (const platform of platforms) {
      it.skipIf(path === undefined)(`of every rejected program of ${folder} on ${platform}`, { timeout: 300_000 }, async () => {
        let rejected = 0;
        let next = 0;
        for (const file of readdirSync(path!).filter((name) => pattern.test(name))) {
          const bytes = readFileSync(`${path}/${file}`);
          const files = { 'x.o': bytes };
          for (const { section, name, lines } of loadObject(bytes, file).programs) {
            if (section === '.text') continue;
            const line = `ebpf show verification x.o ${section} ${name} platform=${platform}`;
            const { stderr } = await run(newSession(files), line);
            if (!stderr.startsWith('Verification failed') && !stderr.includes('\nVerification failed')) continue;
            const about = `${file} ${section} ${name}`;
            checkReport(stderr, about);
            if (lines.length > 0) expect(stderr, about).toMatch(/\n; .*:\d+\n/);
            next += await checkNext(stderr, files, about);
            rejected++;
          }
        }
        console.log(`${folder} on ${platform}: ${rejected} reports, ${next} commands to go on with executed`);
        expect(rejected).toBeGreaterThan(5);
        expect(next).toBeGreaterThan(rejected);
      });
    }
  }

  const portable = corpusPath('failures/objects/03-null-arith-before-check.bad.o');
  if (portable === undefined) reportSkipped('failures/objects', 1);
  it.skipIf(portable === undefined)('of a program that passes says what the other platform would refuse', async () => {
    const { stdout } = await run(newSession({ 'x.o': readFileSync(portable!) }), 'ebpf show verification x.o platform=linux');
    expect(stdout).toMatch(
      /^Verification succeeded\nProgram terminates within 0 loop iterations\n {4}portable {5}NUL-03, line \d+: [^\n]+\n[^\n]+\.\n$/,
    );
  });

  /** The file with the nth comparison of two registers in a program made pointless: both ways go on behind it. */
  function withoutComparison(bytes: Uint8Array, program: ObjectProgram, fileOffset: number, nth: number): Uint8Array | undefined {
    const slots = [...program.instructions.entries()].flatMap(([slot, instruction]) =>
      slot < program.functions[0]!.end && instruction?.kind === 'branch' && instruction.source.kind === 'register' && instruction.width === 64
        ? [slot]
        : [],
    );
    const slot = slots[nth];
    if (slot === undefined) return undefined;
    const changed = bytes.slice();
    new DataView(changed.buffer).setInt16(fileOffset + 8 * slot + 2, 0, true);
    return changed;
  }

  const shipped = ['elf/cilium/bpf_lxc.o', 'elf/cilium/bpf_xdp_dsr_linux_v1_1.o', 'elf/cilium/bpf_xdp.o'].filter(
    (name) => corpusPath(name) !== undefined,
  );
  if (shipped.length === 0) reportSkipped('elf/cilium', 3);
  it.skipIf(shipped.length === 0)('of shipped programs that lost a bounds check', { timeout: 300_000 }, async () => {
    let made = 0;
    for (const name of shipped) {
      const bytes = new Uint8Array(readFileSync(corpusPath(name)!));
      const object = loadObject(bytes, name);
      const large = object.programs.toSorted((a, b) => b.instructions.length - a.instructions.length).slice(0, 2);
      for (const program of large) {
        const start = object.sections.find((section) => section.name === program.section)!.offset + program.offset;
        for (let nth = 0; nth < 6; nth++) {
          const changed = withoutComparison(bytes, program, start, nth);
          if (changed === undefined) break;
          const line = `ebpf show verification x.o section=${program.section} program=${program.name} platform=linux precision=1`;
          const { stderr } = await run(newSession({ 'x.o': changed }), line);
          if (!stderr.includes('Verification failed')) continue;
          checkReport(stderr, `${name} ${program.name} without comparison ${nth}`);
          expect(stderr).toMatch(/ {4}verdict {6}\w/);
          made++;
          break;
        }
      }
    }
    console.log(`${made} programs made to fail`);
    expect(made).toBeGreaterThan(0);
  });
});
