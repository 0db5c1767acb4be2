/**
 * Kills the built program at random instants and looks whether the store lost a finished command or needs repair:
 *
 *   node bench/run.mjs store-kill [--runs 500] [--seed 1] [--bin dist/shell/main.js]
 *
 * Each run starts `ebpfsh -f` on a script of commands that all write to the store and each print one line, kills it with SIGKILL after a
 * random time, and asks new processes what is stored. That must be what the finished commands made, or that and the one that was running.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    bin: { type: 'string', default: 'dist/shell/main.js' },
  },
});
const RUNS = Number(values.runs);
const COMMANDS = 40;

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, values.bin);
const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-kill-'));
const store = join(folder, 'store');
const env = { ...process.env, EBPFSH_STORE: store };

let seed = Number(values.seed) >>> 0;
function random(limit: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
}

/** What is stored, as far as the commands change it. */
interface State {
  /** Entries 0 to 9 of the map, as hexadecimal bytes. */
  readonly entries: Readonly<Record<string, string>>;
  readonly pins: readonly string[];
  readonly programs: readonly number[];
  readonly received: number;
}

interface Step {
  readonly line: string;
  readonly after: (state: State) => State;
}

const MAP = 3;
let serial = 0;

/** A command that is possible in a state. */
function nextStep(state: State): Step {
  const kind = random(6);
  serial++;
  if (kind <= 1) {
    const key = random(10);
    const value = serial.toString(16).padStart(32, '0');
    const entries = { ...state.entries, [key]: value };
    return { line: `ebpf set map ${MAP} key=${key} value=0x${value}`, after: (before) => ({ ...before, entries }) };
  }
  const extra = state.pins.filter((path) => path.startsWith('BPF:\\extra'));
  if (kind === 2 && extra.length > 0) {
    const path = extra[random(extra.length)]!;
    return {
      line: `ebpf unpin map ${MAP} ${path} format=json`,
      after: (before) => ({ ...before, pins: before.pins.filter((candidate) => candidate !== path) }),
    };
  }
  if (kind === 3 && state.programs.length > 1) {
    const id = state.programs[1 + random(state.programs.length - 1)]!;
    return {
      line: `ebpf delete program ${id} format=json`,
      after: (before) => ({
        ...before,
        programs: before.programs.filter((candidate) => candidate !== id),
        pins: before.pins.filter((path) => path !== `BPF:\\program\\${id}`),
      }),
    };
  }
  if (kind === 4) {
    const id = serial * 10 + 1;
    return {
      line: `ebpf add program samples/bpf.o type=bind attach=none at=${id - 1} pinpath=program\\${id} format=json`,
      after: (before) => ({ ...before, programs: [...before.programs, id], pins: [...before.pins, `BPF:\\program\\${id}`] }),
    };
  }
  if (kind === 5) return { line: 'interface set 1 generate=3 format=json', after: (before) => ({ ...before, received: before.received + 3 }) };
  const path = `BPF:\\extra\\${serial}`;
  return { line: `ebpf pin map ${MAP} ${path} format=json`, after: (before) => ({ ...before, pins: [...before.pins, path] }) };
}

function run(lines: readonly string[]): string[] {
  const script = join(folder, 'look.nsh');
  writeFileSync(script, `${lines.join('\n')}\n`);
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, '-f', script], { cwd: root, env, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return stdout.split('\n').filter((line) => line !== '');
}

function stored(): State {
  const [map, pins, programs, interfaces] = run([
    `ebpf show map ${MAP} format=json`,
    'ebpf show pins format=json',
    'ebpf show programs format=json',
    'interface show format=json',
  ]).map((line) => JSON.parse(line)) as [
    { entries: { decodedKey: number; values: string[] }[] },
    { pins: { path: string }[] },
    { programs: { id: number }[] },
    { interfaces: { index: number; received: number }[] },
  ];
  const shown = map.entries.filter(({ decodedKey }) => decodedKey < 10);
  return {
    entries: Object.fromEntries(shown.map(({ decodedKey, values }) => [decodedKey, values[0]!.replaceAll(' ', '')])),
    pins: pins.pins.map(({ path }) => path),
    programs: programs.programs.map(({ id }) => id),
    received: interfaces.interfaces.find(({ index }) => index === 1)?.received ?? 0,
  };
}

function text(state: State): string {
  return JSON.stringify({
    ...state,
    entries: Object.entries(state.entries).sort(),
    pins: [...state.pins].sort(),
    programs: [...state.programs].sort((a, b) => a - b),
  });
}

/** Finished commands of a process that was killed `delay` milliseconds after it started or, where `first`, after its first line. */
function killed(lines: readonly string[], delay: number, first: boolean): Promise<number> {
  const script = join(folder, 'run.nsh');
  writeFileSync(script, `${lines.join('\n')}\n`);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, '-f', script], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const kill = () => setTimeout(() => child.kill('SIGKILL'), delay);
    let pending = first ? undefined : kill();
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      pending ??= kill();
    });
    child.on('close', () => {
      clearTimeout(pending);
      resolve(output.split('\n').length - 1);
    });
  });
}

const counts = { finished: 0, running: 0, locked: 0, writing: 0, complete: 0 };
try {
  // The map's second program is the one that stays.
  run(['ebpf add program samples/xdp_count.o format=json']);
  let state = stored();
  for (let round = 0; round < RUNS; round++) {
    const states = [state];
    const steps: Step[] = [];
    for (let index = 0; index < COMMANDS; index++) {
      const step = nextStep(states.at(-1)!);
      steps.push(step);
      states.push(step.after(states.at(-1)!));
    }
    const finished = await killed(
      steps.map(({ line }) => line),
      random(round % 2 === 0 ? 600 : 150),
      round % 2 === 1,
    );
    const left = readdirSync(join(store, 'windows'));
    counts.finished += finished;
    if (left.includes('lock')) counts.locked++;
    if (left.includes('manifest.new')) counts.writing++;
    if (finished === COMMANDS) counts.complete++;
    const now = text(stored());
    const at = [finished, finished + 1].find((index) => index < states.length && text(states[index]!) === now);
    if (at === undefined) {
      console.error(`run ${round}: ${finished} commands had finished; next: ${steps[finished]?.line}`);
      console.error(`expected ${text(states[finished]!)}\n     or  ${states[finished + 1] && text(states[finished + 1]!)}\n   found ${now}`);
      process.exitCode = 1;
      break;
    }
    if (at > finished) counts.running++;
    state = states[at]!;
    if (round % 25 === 24) console.log(`${round + 1} runs, ${counts.finished} finished commands, none lost`);
  }
  const repair = run(['ebpf repair store']);
  console.log(repair.join('\n'));
  console.log(
    `seed ${values.seed}: ${counts.finished} finished commands; ${counts.locked} runs were killed holding the lock, ${counts.writing} while they wrote the manifest; in ${counts.running} the last command had been saved but not yet said so; ${counts.complete} ended by themselves`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
