/** Runs in a child process: changes the store until it is killed, telling each finished command on standard output. */
import { writeSync } from 'node:fs';
import { windows } from '../../src/platform/windows/windows.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { systemProcesses } from '../../src/runtime/store/process-table.ts';
import { Store } from '../../src/runtime/store/store.ts';

const [directory = '', name = '', count = '0'] = process.argv.slice(2);
const store = new Store({
  directory,
  processes: systemProcesses(process.pid, (pid) => process.kill(pid, 0)),
  parseObject: () => {
    throw new Error('no programs here');
  },
});
const runtime = new Runtime({
  platform: windows,
  host: deterministicHost(),
  verify: ({ program }) => ({ section: program.section, program: program.name, verdict: 'accepted', failures: [] }),
});

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

for (let index = 0; index < Number(count); index++) {
  await store.transaction(runtime, () => {
    const pinned = runtime.pins.get(name);
    const map =
      pinned === undefined
        ? runtime.createMap({ name, type: windows.mapTypes[1]!, keySize: 4, valueSize: 2000, maxEntries: 10, flags: 0 })
        : runtime.map(pinned)!;
    if (pinned === undefined) {
      runtime.pin(map.id, name);
      runtime.closeHandle(map.id);
    }
    map.update(u32(index), new Uint8Array(2000).fill(index));
    // Every third command also changes a map that all workers share, and adds or removes a pin.
    if (index % 3 !== 0) return;
    const shared = runtime.map(runtime.pins.get('shared')!)!;
    shared.update(u32(0), u32(new DataView(shared.lookup(u32(0))!.buffer).getUint32(0, true) + 1));
    if (runtime.pins.get(`${name}/extra`) === undefined) runtime.pin(map.id, `${name}/extra`);
    else runtime.unpin(`${name}/extra`);
  });
  writeSync(1, `${index}\n`);
}
