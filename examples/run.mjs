// Load a program and feed it two packets; then see what it counted.
import { readFile } from 'node:fs/promises';
import { loadObject, openRuntime } from 'ebpfsh';

const path = 'samples/droppacket.o';
const runtime = await openRuntime({ platform: 'windows' });
const {
  programs: [program],
  maps: [counter],
} = await runtime.loadObject(loadObject(await readFile(path), path));

const empty = new Uint8Array(28);
empty[9] = 17; // UDP; the length, bytes 24 and 25, is 0.
const full = Uint8Array.from(empty);
full[25] = 20;
if (program === undefined) throw new Error(`${path} has no program`);
for (const data of [empty, full]) {
  const { returnName } = runtime.testRun(program, { data });
  console.log(`length ${data[25]}: ${returnName}`);
}

const count = counter?.lookup(new Uint8Array(4));
if (count) console.log(`dropped: ${new DataView(count.buffer).getBigUint64(0, true)}`);
