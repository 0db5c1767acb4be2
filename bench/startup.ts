/**
 * What starting costs: processes that run the built bin, beside `node -e 0`, taken in turns.
 *
 *   node bench/run.mjs startup [rounds]
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

const BIN = 'dist/shell/main.js';
const rounds = Number(process.argv[2] ?? 25);
const baseline = 'node -e 0';
const commands: Readonly<Record<string, readonly string[]>> = {
  [baseline]: ['-e', '0'],
  '--version': [BIN, '--version'],
  'ebpf ?': [BIN, 'ebpf', '?'],
  'ebpf show sections samples/bpf.o': [BIN, 'ebpf', 'show', 'sections', 'samples/bpf.o'],
  'ebpf show disassembly samples/droppacket.o': [BIN, 'ebpf', 'show', 'disassembly', 'samples/droppacket.o'],
  'ebpf show verification samples/droppacket.o': [BIN, 'ebpf', 'show', 'verification', 'samples/droppacket.o'],
};

const times = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]));
// In turns, so that whatever else the machine does falls on all of them; the first round only warms the caches.
for (let round = 0; round <= rounds; round++) {
  for (const [name, args] of Object.entries(commands)) {
    const from = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    if (round > 0) times.get(name)!.push(performance.now() - from);
  }
}

/** The middle of the measured milliseconds. */
function median(name: string): number {
  const sorted = times.get(name)!.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

console.log(`${process.version}, ${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown processor'}, median of ${rounds}`);
for (const name of times.keys())
  console.log(`${name.padEnd(48)}${median(name).toFixed(1).padStart(7)} ms${(median(name) / median(baseline)).toFixed(2).padStart(7)} x`);
