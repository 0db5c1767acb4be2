// Why does the verifier refuse the program, does it matter, and what would help?
import { readFile } from 'node:fs/promises';
import { DebugSession, explainFailure, findEntry, loadObject, loadPlatform, proposeFixes, runChecked, searchCounterexample, verify } from 'ebpfsh';

const path = 'samples/droppacket_unsafe.o';
const object = loadObject(await readFile(path), path);
const program = object.programs.find(({ name }) => name === 'DropPacket');
if (program === undefined) throw new Error(`${path} has no DropPacket`);
const verification = verify(object, program, { platform: await loadPlatform('windows') });
const [failure] = verification.report.failures;
if (failure === undefined) throw new Error('nothing to explain');

const told = explainFailure(new DebugSession(program, verification), 0);
console.log(`required     ${told?.required.join('; ')}`);
console.log(`established  ${told?.established.join('; ')}`);
console.log(`background   ${findEntry(failure.id)?.title}`);

const verdict = await searchCounterexample(verification, failure, { run: runChecked });
if (verdict.kind === 'confirmed') console.log(`breaks with  a packet of ${verdict.vector.packet.length / 2} bytes`);

for (const { letter, title, applicability } of proposeFixes(verification, failure).fixes)
  console.log(`fix ${letter}        ${title} (${applicability})`);
