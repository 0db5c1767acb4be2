/**
 * Cost per instruction on generated programs of growing size, and hostile shapes within their limits.
 *
 *   node bench/run.mjs scaling
 */
import type { Instruction } from '../src/isa/instruction.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { linux } from '../src/platform/linux/linux.ts';
import { verifyProgram } from '../src/verifier/index.ts';

function programOf(instructions: (Instruction | undefined)[]): { object: ObjectFile; program: ObjectProgram } {
  const program: ObjectProgram = {
    section: 'xdp',
    name: 'generated',
    instructions,
    size: instructions.length * 8,
    offset: 0,
    functions: [{ name: 'generated', start: 0, end: instructions.length, section: 'xdp', sectionSlot: 0, linkage: 'global' }],
    lines: [],
  };
  const object: ObjectFile = {
    path: 'generated.o',
    sha256: '',
    byteOrder: 'little',
    programs: [program],
    maps: [],
    externs: [],
    license: 'GPL',
    version: undefined,
    btf: undefined,
    sections: [],
  };
  return { object, program };
}

/** Blocks of arithmetic, spills, packet checks and forward branches, about `size` slots. */
function realistic(size: number): (Instruction | undefined)[] {
  const list: (Instruction | undefined)[] = [{ kind: 'binary', operator: 'mov', width: 64, dst: 6, source: { kind: 'register', register: 1 } }];
  for (let n = 0; list.length < size - 4; n++) {
    list.push({ kind: 'load', size: 4, signed: false, dst: 2, src: 6, offset: 0 });
    list.push({ kind: 'load', size: 4, signed: false, dst: 3, src: 6, offset: 4 });
    list.push({ kind: 'binary', operator: 'mov', width: 64, dst: 4, source: { kind: 'register', register: 2 } });
    list.push({ kind: 'binary', operator: 'add', width: 64, dst: 4, source: { kind: 'immediate', value: 14 + (n % 40) } });
    list.push({ kind: 'branch', comparison: 'gt', width: 64, dst: 4, source: { kind: 'register', register: 3 }, offset: 7 });
    list.push({ kind: 'load', size: 1, signed: false, dst: 5, src: 2, offset: n % 14 });
    list.push({ kind: 'binary', operator: 'and', width: 64, dst: 5, source: { kind: 'immediate', value: 63 } });
    list.push({ kind: 'store', size: 8, dst: 10, offset: -8 - 8 * (n % 32), source: { kind: 'register', register: 5 } });
    list.push({ kind: 'branch', comparison: 'eq', width: 64, dst: 5, source: { kind: 'immediate', value: n % 64 }, offset: 2 });
    list.push({ kind: 'load', size: 8, signed: false, dst: 7, src: 10, offset: -8 - 8 * (n % 32) });
    list.push({ kind: 'binary', operator: 'add', width: 64, dst: 7, source: { kind: 'register', register: 5 } });
    list.push({ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: n % 3 } });
  }
  list.push({ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 2 } }, { kind: 'exit' });
  return list;
}

/** `count` branches in a row: a million blocks. */
function branches(count: number): Instruction[] {
  const list: Instruction[] = [{ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 0 } }];
  for (let n = 0; n < count; n++)
    list.push({ kind: 'branch', comparison: 'eq', width: 64, dst: 1, source: { kind: 'immediate', value: 0 }, offset: 0 });
  list.push({ kind: 'exit' });
  return list;
}

/** Loops nested `depth` deep. */
function nested(depth: number): Instruction[] {
  const list: Instruction[] = [{ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 0 } }];
  for (let n = 0; n < depth; n++) list.push({ kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'immediate', value: 1 } });
  for (let n = 0; n < depth; n++)
    list.push({ kind: 'branch', comparison: 'lt', width: 64, dst: 0, source: { kind: 'immediate', value: 1000 }, offset: -2 - 2 * n });
  list.push({ kind: 'exit' });
  return list;
}

const report = (title: string, instructions: (Instruction | undefined)[]) => {
  const { object, program } = programOf(instructions);
  const started = performance.now();
  const result = verifyProgram(object, program, { platform: linux, timeLimit: 60_000 });
  const ms = performance.now() - started;
  const why = result.error?.message ?? result.failures[0]?.message ?? '';
  console.log(
    `${title.padEnd(28)} ${`${instructions.length}`.padStart(8)} slots ${ms.toFixed(0).padStart(7)} ms ${((ms * 1000) / instructions.length).toFixed(2).padStart(8)} us/insn  ${result.verdict} p=${result.precision} ${why.slice(0, 90)}`,
  );
  return (ms * 1000) / instructions.length;
};
report('warm-up', realistic(2_000));
const base = report('realistic', realistic(1_000));
report('realistic', realistic(10_000));
const large = report('realistic', realistic(100_000));
console.log(`cost per instruction, 100,000 against 1,000: ${(large / base).toFixed(2)}x`);
report('branches in a row', branches(100_000));
report('a million blocks', branches(1_000_000));
report('nested loops', nested(200));
report('nested loops', nested(5_000));
report('a million instructions', realistic(1_000_000));
console.log(`peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
