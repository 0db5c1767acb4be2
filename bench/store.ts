/**
 * A pinned map of a million entries: changed by one entry in one process, read in a new one, beside a process that finds an empty store.
 *
 *   node bench/run.mjs store [--entries 1000000] [--rounds 5]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { KeyRing } from '../contexts/runtime-keys.ts';
import { windows } from '../src/platform/windows/windows.ts';
import { deterministicHost } from '../src/runtime/host.ts';
import { Runtime } from '../src/runtime/runtime.ts';
import { systemProcesses } from '../src/runtime/store/process-table.ts';
import { Store } from '../src/runtime/store/store.ts';

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } } });
const ENTRIES = Number(values.entries);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-store-bench-'));

function unreachable(): never {
  throw new Error('there are no programs here');
}

/** Milliseconds of a command of the built program; throws where it fails. */
function timed(line: string, store: string): { readonly milliseconds: number; readonly stdout: string } {
  const start = process.hrtime.bigint();
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, 'dist/shell/main.js'), line], {
    env: { ...process.env, EBPFSH_STORE: store },
    encoding: 'utf8',
  });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (status !== 0) throw new Error(`${line}: ${stderr}`);
  return { milliseconds, stdout };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!;
}

try {
  const directory = join(folder, 'store');
  const keys = new KeyRing({ storeDirectory: directory });
  const store = new Store({
    directory: join(directory, 'windows'),
    processes: systemProcesses(process.pid, (pid) => process.kill(pid, 0)),
    key: () => keys.storeKey(),
    parseObject: unreachable,
  });
  for (const type of ['hash', 'array']) {
    const runtime = new Runtime({ platform: windows, host: deterministicHost(), verify: unreachable });
    const id = await store.transaction(runtime, () => {
      for (const { path } of runtime.pinned()) runtime.unpin(path);
      const map = runtime.createMap({
        name: 'big',
        type: windows.mapTypes.find(({ name }) => name === type)!,
        keySize: 4,
        valueSize: 8,
        maxEntries: ENTRIES,
        flags: 0,
      });
      const packed = new Uint8Array(ENTRIES * 12);
      const view = new DataView(packed.buffer);
      for (let index = 0; index < ENTRIES; index++) view.setUint32(index * 12, index, true);
      map.importAll(packed);
      runtime.pin(map.id, type);
      return map.id;
    });
    const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => {
      const changed = timed(`ebpf set map ${id} key=777 value=${round + 1}`, directory);
      const read = timed(`ebpf show map ${id} key=777`, directory);
      if (!/value: .*\b0?\d/.test(read.stdout)) throw new Error(read.stdout);
      const empty = timed('ebpf show policy', join(folder, 'empty'));
      return { changed: changed.milliseconds, read: read.milliseconds, empty: empty.milliseconds };
    });
    const [changed, read, empty] = (['changed', 'read', 'empty'] as const).map((what) => median(rounds.map((round) => round[what]))) as [
      number,
      number,
      number,
    ];
    const journal = statSync(join(directory, `windows/maps/${id}.1.journal`)).size;
    console.log(
      `${type.padEnd(5)} of ${ENTRIES}: changed in ${changed.toFixed(0)} ms, read by a new process in ${read.toFixed(0)} ms, ` +
        `together ${((changed + read) / empty).toFixed(1)} times a process with an empty store (${empty.toFixed(0)} ms); ${journal} bytes written`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
