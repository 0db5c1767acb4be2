// What is wrong with the programs of an object?
import { readFile } from 'node:fs/promises';
import { loadObject, loadPlatform, verifyProgram } from 'ebpfsh';

const path = 'samples/droppacket_unsafe.o';
const platform = await loadPlatform('windows');
const object = loadObject(await readFile(path), path);

for (const program of object.programs.filter(({ section }) => section !== '.text')) {
  const report = verifyProgram(object, program, { platform });
  console.log(`${program.section}/${program.name}: ${report.verdict}`);
  for (const { id, instruction, message } of report.failures) console.log(`  ${id} at ${instruction}: ${message}`);
}
