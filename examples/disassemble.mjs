// Print a program's instructions as eBPF for Windows does, and take one apart.
import { readFile } from 'node:fs/promises';
import { formatInstruction, loadObject } from 'ebpfsh';

const object = loadObject(await readFile('samples/bpf.o'), 'samples/bpf.o');
const [program] = object.programs;
for (const [slot, instruction] of program.instructions.entries()) {
  if (instruction !== undefined) console.log(`${slot}: ${formatInstruction(instruction, slot)}`);
}
console.log(program.instructions[0]);
