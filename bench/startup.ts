/**
 * What starting costs: processes that run the built bin, beside `node -e 0`, taken in turns. The prompt is measured on a pseudo-terminal:
 * until it is on screen, and until what a key typed at once has made is on screen too.
 *
 *   node bench/run.mjs startup [rounds]
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = 'dist/shell/main.js';
/** Runs a program on a pseudo-terminal; needs Python. */
const BRIDGE = 'test/terminal/pty_bridge.py';
const hasPty = spawnSync('python3', ['-c', 'import pty']).status === 0;
const rounds = Number(process.argv[2] ?? 25);
const baseline = 'node -e 0';
const commands: Readonly<Record<string, readonly string[]>> = {
  [baseline]: ['-e', '0'],
  '--version': [BIN, '--version'],
  'ebpf ?': [BIN, 'ebpf', '?'],
  'ebpf show programs': [BIN, 'ebpf', 'show', 'programs'],
  'ebpf show sections samples/bpf.o': [BIN, 'ebpf', 'show', 'sections', 'samples/bpf.o'],
  'ebpf show disassembly samples/droppacket.o': [BIN, 'ebpf', 'show', 'disassembly', 'samples/droppacket.o'],
  'ebpf show verification samples/droppacket.o': [BIN, 'ebpf', 'show', 'verification', 'samples/droppacket.o'],
};

/** What Python needs to start a program on a pseudo-terminal belongs to no shell. */
const EMPTY_TERMINAL = 'node -e 0 on a terminal';
const PROMPT = 'prompt on screen';
const KEYS = 'line typed at once has run';

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-startup-'));
const env = { ...process.env, EBPFSH_CONFIG_DIR: folder, EBPFSH_STORE: join(folder, 'store') };
const times = new Map<string, number[]>([...Object.keys(commands), ...(hasPty ? [EMPTY_TERMINAL, PROMPT, KEYS] : [])].map((name) => [name, []]));

function note(name: string, from: number, round: number): void {
  if (round > 0) times.get(name)!.push(performance.now() - from);
}

function onTerminal(args: readonly string[]) {
  const child = spawn('python3', [BRIDGE, '80', '24', process.execPath, ...args], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
    env: { ...env, TERM: 'xterm-256color' },
  });
  let seen = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
  });
  const until = async (wanted: string) => {
    while (!seen.includes(wanted)) await once(child.stdout!, 'data');
  };
  return { until, type: (text: string) => child.stdin!.write(text), ended: once(child, 'close') };
}

/** One prompt, from the start of the process. */
async function openPrompt(round: number): Promise<void> {
  const empty = performance.now();
  await onTerminal(['-e', '0']).ended;
  note(EMPTY_TERMINAL, empty, round);
  const from = performance.now();
  const { until, type, ended } = onTerminal([BIN]);
  type('show mode\r');
  await until('netsh ebpf>');
  note(PROMPT, from, round);
  await until('online');
  note(KEYS, from, round);
  type('bye\r');
  await ended;
}

// In turns, so that whatever else the machine does falls on all of them; the first round only warms the caches.
for (let round = 0; round <= rounds; round++) {
  for (const [name, args] of Object.entries(commands)) {
    const from = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', env });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    note(name, from, round);
  }
  if (hasPty) await openPrompt(round);
}
rmSync(folder, { recursive: true, force: true });

/** The middle of the measured milliseconds. */
function median(name: string): number {
  const sorted = times.get(name)!.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

console.log(`${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown processor'}, median of ${rounds}`);
for (const name of times.keys())
  console.log(`${name.padEnd(48)}${median(name).toFixed(1).padStart(7)} ms${(median(name) / median(baseline)).toFixed(2).padStart(7)} x`);
