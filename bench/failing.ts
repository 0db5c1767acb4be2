/**
 * Time to the verdict of programs that fail: large programs of the shared corpus, each with one branch planted wrong.
 *
 *   node bench/run.mjs failing [--mutants N] [--seed N] [--programs N] [--limit SECONDS] [--each] [--report]
 */
import { readFileSync } from 'node:fs';
import { Crosscheck } from '../src/crosscheck/index.ts';
import { runChecked } from '../src/engine/checked-interpreter.ts';
import { judgeFailure } from '../src/explain/fixes/judgement.ts';
import { explainFailures } from '../src/explain/report.ts';
import { DebugSession } from '../src/explain/session.ts';
import type { Branch, Instruction, InstructionList } from '../src/isa/instruction.ts';
import { loadObject } from '../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { linux } from '../src/platform/linux/linux.ts';
import { type Verification, verify } from '../src/verifier/index.ts';

const corpus = new URL('../../shared/corpus/elf/', import.meta.url);

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

/** Numbers in [0, 1) that a seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Subject {
  readonly object: ObjectFile;
  readonly program: ObjectProgram;
  readonly name: string;
}

const FOLDERS = ['cilium', 'falco', 'linux'];
const PER_FOLDER = { cilium: 6, falco: 4, linux: 2 } as Record<string, number>;

/** The largest programs of each folder, no two of one name and length. */
function subjects(): Subject[] {
  const found: Subject[] = [];
  const rows = readFileSync(new URL('peer-verdicts.csv', corpus), 'utf8').trim().split('\n').slice(1);
  const paths = [...new Set(rows.map((row) => row.split(',')[0]!))];
  for (const folder of FOLDERS) {
    const all: Subject[] = [];
    for (const path of paths.filter((candidate) => candidate.startsWith(`${folder}/`))) {
      const object = loadObject(readFileSync(new URL(path, corpus)), path);
      for (const program of object.programs) if (!program.section.startsWith('.text')) all.push({ object, program, name: `${path} ${program.name}` });
    }
    all.sort((a, b) => b.program.instructions.length - a.program.instructions.length);
    const taken: Subject[] = [];
    for (const one of all) {
      const near = (other: Subject) =>
        other.program.name === one.program.name || Math.abs(other.program.instructions.length / one.program.instructions.length - 1) < 0.02;
      if (!taken.some(near)) taken.push(one);
      if (taken.length >= PER_FOLDER[folder]!) break;
    }
    found.push(...taken);
  }
  // Many of cilium's largest have one name in several objects; this one is the slowest to pass.
  const path = 'cilium/bpf_lxc.o';
  const lxc = loadObject(readFileSync(new URL(path, corpus)), path);
  const slowest = lxc.programs.find(({ section }) => section === '2/10');
  if (slowest !== undefined && !found.some(({ name }) => name === `${path} ${slowest.name}`))
    found.push({ object: lxc, program: slowest, name: `${path} ${slowest.name}` });
  return found;
}

type Fault = 'never' | 'always' | 'inverted' | 'loose';
const FAULTS: readonly Fault[] = ['never', 'always', 'inverted', 'loose'];
const INVERSE: Partial<Record<Branch['comparison'], Branch['comparison']>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  le: 'gt',
  lt: 'ge',
  ge: 'lt',
  sgt: 'sle',
  sle: 'sgt',
  slt: 'sge',
  sge: 'slt',
};

/** What a branch looks like it tests. */
function testOf(branch: Branch): 'null' | 'packet' | 'bound' | undefined {
  if (branch.source.kind === 'register') return branch.width === 64 ? 'packet' : undefined;
  if (branch.comparison === 'eq' || branch.comparison === 'ne') return branch.source.value === 0 && branch.width === 64 ? 'null' : undefined;
  return branch.comparison === 'set' || branch.comparison === 'nset' ? undefined : 'bound';
}

/** Slots before a packet check among which the number of bytes that it asks for is looked for. */
const NEAR = 10;

/** The program with the branch at the slot made wrong; undefined where that fault cannot be made of it. */
function planted(instructions: InstructionList, slot: number, fault: Fault): InstructionList | undefined {
  const branch = instructions[slot] as Branch;
  const change = (at: number, by: Instruction) => instructions.map((instruction, index) => (index === at ? by : instruction));
  if (fault === 'never') return change(slot, { kind: 'jump', wide: false, offset: 0 });
  if (fault === 'always') return change(slot, { kind: 'jump', wide: false, offset: branch.offset });
  if (fault === 'inverted') return change(slot, { ...branch, comparison: INVERSE[branch.comparison] ?? branch.comparison });
  const { source } = branch;
  // Too weak a test: a bound is far away, half of the bytes are asked for.
  if (source.kind === 'immediate')
    return source.value === 0 ? undefined : change(slot, { ...branch, source: { kind: 'immediate', value: 0x7fff_ffff } });
  for (let at = slot - 1; at >= Math.max(0, slot - NEAR); at--) {
    const before = instructions[at];
    if (before?.kind !== 'binary' || before.operator !== 'add' || before.source.kind !== 'immediate' || before.source.value < 2) continue;
    if (before.dst !== branch.dst && before.dst !== source.register) continue;
    return change(at, { ...before, source: { kind: 'immediate', value: before.source.value >> 1 } });
  }
  return undefined;
}

interface Mutant {
  readonly program: ObjectProgram;
  readonly slot: number;
  readonly fault: Fault;
  readonly test: string;
}

function* mutantsOf({ program }: Subject, random: () => number): Generator<Mutant> {
  const slots = new Map<string, number[]>();
  program.instructions.forEach((instruction, slot) => {
    const test = instruction?.kind === 'branch' ? testOf(instruction) : undefined;
    if (test !== undefined) slots.set(test, [...(slots.get(test) ?? []), slot]);
  });
  const tests = [...slots.keys()];
  for (let round = 0; round < 400 && tests.length > 0; round++) {
    const test = tests[Math.floor(random() * tests.length)]!;
    const list = slots.get(test)!;
    const slot = list[Math.floor(random() * list.length)]!;
    const fault = FAULTS[Math.floor(random() * FAULTS.length)]!;
    const instructions = planted(program.instructions, slot, fault);
    if (instructions === undefined) continue;
    yield { program: { ...program, instructions }, slot, fault, test };
  }
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor time of each rung of the ladder, by its number of states. */
function judged(object: ObjectFile, program: ObjectProgram) {
  const rungs = new Map<number, number>();
  const started = processorMs();
  let last = started;
  const verification = verify(object, program, {
    platform: linux,
    timeLimit: option('limit', 600) * 1000,
    onProgress: ({ precision }) => {
      const now = processorMs();
      rungs.set(precision, (rungs.get(precision) ?? 0) + now - last);
      last = now;
    },
  });
  return { verification, report: verification.report, rungs, ms: processorMs() - started };
}

/** Failed checks whose stories `show verification` tells. */
const EXPLAINED = 8;

/** Processor time of what `show verification` does when the verdict is known: the stories, and what is thought of the first failure. */
function reported(program: ObjectProgram, verification: Verification): { readonly story: number; readonly judgement: number } {
  const started = processorMs();
  explainFailures(new DebugSession(program, verification), EXPLAINED);
  const told = processorMs();
  const crosscheck = verification.exploration === undefined ? undefined : new Crosscheck(verification);
  judgeFailure(verification, 0, { run: runChecked, ...(crosscheck === undefined ? {} : { follow: (input) => crosscheck.follow(input).escape }) });
  return { story: told - started, judgement: processorMs() - told };
}

const median = (list: readonly number[]) => list.slice().sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

const wanted = option('mutants', 10);
const random = randomFrom(option('seed', 1));
const chosen = subjects().slice(0, option('programs', 100));
const wantsReports = process.argv.includes('--report');
const each = process.argv.includes('--each');
for (const { object, program } of chosen) judged(object, program);
const ratios: number[] = [];
const times: number[] = [];
const reports: number[] = [];
console.log('program                                                slots  passing  rejected    median   x      worst');
for (const subject of chosen) {
  const { object, program, name } = subject;
  const passing = median([1, 2, 3].map(() => judged(object, program).ms));
  const own: number[] = [];
  let tried = 0;
  for (const mutant of mutantsOf(subject, random)) {
    if (own.length >= wanted) break;
    tried++;
    const { verification, report, rungs, ms } = judged(object, mutant.program);
    if (report.verdict === 'accepted') {
      if (each && report.precision > 2) console.log(`  passes only at ${report.precision}: ${mutant.fault} ${mutant.test} ${mutant.slot}`);
      continue;
    }
    // That code is unreachable is found without exploring it.
    if (report.failures.length > 0 && report.failures.every(({ check }) => check.kind === 'unreachable')) continue;
    own.push(ms);
    const { story, judgement } = wantsReports ? reported(mutant.program, verification) : { story: 0, judgement: 0 };
    reports.push(story + judgement);
    ratios.push(ms / passing);
    if (each) {
      const f = report.failures[0];
      console.log(
        `  ${mutant.fault} ${mutant.test} ${mutant.slot}: ${ms.toFixed(0)} ms [${[...rungs].map(([p, t]) => `${p}: ${t.toFixed(0)}`).join(', ')}] p=${report.precision} ${wantsReports ? `story ${story.toFixed(0)}, judgement ${judgement.toFixed(0)} ms ` : ''}${report.error?.message ?? `${f?.instruction} ${f?.id} ${f?.check.kind} +${report.failures.length - 1}`}`,
      );
    }
  }
  times.push(...own);
  console.log(
    `${name.padEnd(54)} ${`${program.instructions.length}`.padStart(5)} ${passing.toFixed(0).padStart(8)} ${`${own.length}/${tried}`.padStart(9)} ${median(own).toFixed(0).padStart(9)} ${(median(own) / passing).toFixed(1).padStart(6)} ${Math.max(
      ...own,
    )
      .toFixed(0)
      .padStart(8)}`,
  );
}
console.log(
  `${times.length} rejected: ${median(times).toFixed(0)} ms the median, ${Math.max(...times).toFixed(0)} ms the worst; ${median(ratios).toFixed(1)} times the unharmed program's time the median, ${Math.max(...ratios).toFixed(1)} the worst`,
);
if (wantsReports)
  console.log(`from the verdict to the report: ${median(reports).toFixed(0)} ms the median, ${Math.max(...reports).toFixed(0)} ms the worst`);
