/**
 * Verifies every program of the shared corpus on one core, beside the peer's verdicts and times (elf/peer-verdicts.csv).
 *
 *   node bench/run.mjs corpus [folder or object prefix] [--failures] [--slow]
 */
import { readFileSync } from 'node:fs';
import { loadObject } from '../src/object/load.ts';
import { linux } from '../src/platform/linux/linux.ts';
import { verifyProgram } from '../src/verifier/index.ts';

const corpus = new URL('../../shared/corpus/elf/', `file://${process.cwd()}/bench/`);
const rows = readFileSync(new URL('peer-verdicts.csv', corpus), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const cells = [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]!);
    return {
      object: cells[0]!,
      section: cells[1]!,
      name: cells[2]!,
      instructions: Number(cells[3]),
      verdict: cells[4]!,
      message: cells[5]!,
      ms: Number(cells[6]),
    };
  });
const args = process.argv.slice(2).filter((a) => !a.startsWith('--'));
const flags = new Set(process.argv.slice(2).filter((a) => a.startsWith('--')));
const wanted = args[0];

interface Tally {
  accepted: number;
  rejected: number;
  error: number;
  peerPass: number;
  peerFail: number;
  milliseconds: number;
  instructions: number;
}
const tallies = new Map<string, Tally>();
const slow: { ms: number; text: string }[] = [];
let bothMs = 0;
let bothInstructions = 0;
const started = performance.now();
const objects = new Map<string, typeof rows>();
for (const row of rows) {
  if (wanted !== undefined && !row.object.startsWith(wanted)) continue;
  const list = objects.get(row.object);
  if (list === undefined) objects.set(row.object, [row]);
  else list.push(row);
}
for (const [path, list] of objects) {
  const folder = path.split('/')[0]!;
  let tally = tallies.get(folder);
  if (tally === undefined) {
    tally = { accepted: 0, rejected: 0, error: 0, peerPass: 0, peerFail: 0, milliseconds: 0, instructions: 0 };
    tallies.set(folder, tally);
  }
  const begun = performance.now();
  let object: ReturnType<typeof loadObject> | undefined;
  let problem = '';
  try {
    object = loadObject(readFileSync(new URL(path, corpus)), path);
  } catch (error) {
    problem = (error as Error).message;
  }
  tally.milliseconds += performance.now() - begun;
  for (const row of list) {
    if (row.verdict === 'PASS') tally.peerPass++;
    else tally.peerFail++;
    const program = object?.programs.find((p) => p.section === row.section && p.name === row.name);
    if (object === undefined || program === undefined) {
      tally.error++;
      if (flags.has('--failures') && folder !== 'invalid')
        console.log(`ERROR ${path} ${row.section}/${row.name}: ${problem || 'no such program'} [peer ${row.verdict}]`);
      continue;
    }
    const report = verifyProgram(object, program, { platform: linux });
    tally[report.verdict]++;
    tally.milliseconds += report.milliseconds;
    tally.instructions += report.instructions;
    if (report.verdict === 'accepted' && row.verdict === 'PASS') {
      bothMs += report.milliseconds;
      bothInstructions += report.instructions;
    }
    slow.push({
      ms: report.milliseconds,
      text: `${path} ${row.section}/${row.name} ${report.instructions} insns p=${report.precision} states=${report.statesVisited} ${report.verdict} (peer ${row.ms} ms)`,
    });
    if (report.verdict !== 'accepted' && flags.has('--failures')) {
      const f = report.failures[0];
      const text = report.error?.message ?? `${f?.instruction}: ${f?.id} ${f?.check.kind} ${f?.message}`;
      console.log(
        `${report.verdict} ${path} ${row.section}/${row.name} p=${report.precision} ${report.milliseconds.toFixed(0)}ms: ${text} [peer ${row.verdict} ${row.message}]`,
      );
    }
    if (report.verdict === 'accepted' && row.verdict !== 'PASS' && flags.has('--failures'))
      console.log(
        `ACCEPTED ${path} ${row.section}/${row.name} p=${report.precision} ${report.milliseconds.toFixed(0)}ms [peer ${row.verdict} ${row.message}]`,
      );
  }
}
console.log('folder             accepted rejected error | peer pass fail |      ms  us/insn');
for (const [folder, t] of tallies) {
  console.log(
    `${folder.padEnd(18)} ${`${t.accepted}`.padStart(8)} ${`${t.rejected}`.padStart(8)} ${`${t.error}`.padStart(5)} | ${`${t.peerPass}`.padStart(9)} ${`${t.peerFail}`.padStart(4)} | ${t.milliseconds.toFixed(0).padStart(7)} ${((t.milliseconds * 1000) / Math.max(1, t.instructions)).toFixed(1).padStart(8)}`,
  );
}
console.log(
  `total ${((performance.now() - started) / 1000).toFixed(2)} s, processor time ${((process.cpuUsage().user + process.cpuUsage().system) / 1e6).toFixed(2)} s with the threads of V8; both accept: ${((bothMs * 1000) / Math.max(1, bothInstructions)).toFixed(1)} us/insn; peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
);
if (flags.has('--slow')) for (const s of slow.sort((a, b) => b.ms - a.ms).slice(0, 15)) console.log(s.ms.toFixed(0).padStart(7), s.text);
