/** Holes that were found, each as the smallest program that went through: none of them may be accepted at any precision. */
import { describe, expect, it } from 'vitest';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';
import { programTypeByName } from '../../src/platform/find.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyGenerated } from './soundness/campaign.ts';
import { Code } from './soundness/code.ts';
import { checkedProgram, type Host, helperId, MAPS, objectOf } from './soundness/host.ts';
import { Inputs } from './soundness/inputs.ts';

const onLinux = (name: string): Host => ({ platform: linux, programType: programTypeByName(linux, name)! });
const XDP = onLinux('xdp');
const helper = (name: string) => helperId(XDP, name)!;

interface Hole {
  readonly name: string;
  /** Default: xdp on Linux. */
  readonly host?: Host;
  readonly program: () => InstructionList;
}

const HOLES: readonly Hole[] = [
  {
    // On one path r9 is the low half of r7, on the other it is not: a guard on r9 bounds r7 on the first alone.
    name: 'a state that falls under another does not inherit what its numbers were computed from',
    program() {
      const code = new Code();
      const bail = code.label();
      const other = code.label();
      const join = code.label();
      code.alu('mov', 6, 1);
      code.helper(helper('bpf_ktime_get_ns'));
      code.alu('mov', 7, 0);
      code.load(4, 8, 6, 12);
      code.branchImmediate('gt', 8, 100, other);
      code.alu('mov', 9, 7, 32);
      code.jump(join);
      code.place(other);
      code.load(4, 9, 6, 16);
      code.place(join);
      code.branchImmediate('gt', 9, 7, bail);
      code.alu('mov', 7, 7, 32);
      code.lddw(1, 'map_value', MAPS.constants);
      code.alu('add', 1, 7);
      code.load(1, 0, 1, 0);
      code.place(bail);
      code.aluImmediate('mov', 0, 0);
      code.exit();
      return code.finish();
    },
  },
  {
    // On one path r7 + 4 <= r8 <= data_end, and r8 is dead afterwards; on the other nothing is known of r7.
    name: 'a state that falls under another does not inherit relations through numbers that are dead',
    program() {
      const code = new Code();
      const bail = code.label();
      const other = code.label();
      const join = code.label();
      code.alu('mov', 6, 1);
      code.load(4, 7, 6, 0);
      code.load(4, 5, 6, 4);
      code.load(4, 2, 6, 12);
      code.aluImmediate('and', 2, 63);
      code.load(4, 3, 6, 16);
      code.aluImmediate('and', 3, 63);
      code.alu('mov', 8, 7);
      code.alu('add', 7, 2);
      code.alu('add', 8, 3);
      code.load(4, 4, 6, 12);
      code.branchImmediate('gt', 4, 1000, other);
      code.alu('mov', 1, 7);
      code.aluImmediate('add', 1, 4);
      code.branch('gt', 1, 8, bail);
      code.branch('gt', 8, 5, bail);
      code.jump(join);
      code.place(other);
      code.aluImmediate('mov', 1, 0);
      code.place(join);
      code.load(4, 0, 7, 0);
      code.place(bail);
      code.aluImmediate('mov', 0, 0);
      code.exit();
      return code.finish();
    },
  },
  {
    // Four steps of 2^62 lead back to where the counter began.
    name: 'a counter that wraps around does not end a loop',
    program() {
      const code = new Code();
      code.aluImmediate('mov', 7, 0);
      code.wide(8, 1n << 62n);
      const head = code.here();
      code.alu('add', 7, 8);
      code.helper(helper('bpf_get_prandom_u32'));
      code.branchImmediate('lt', 0, 0xffff, head);
      code.branchImmediate('sge', 0, 0, head);
      code.exit();
      return code.finish();
    },
  },
  {
    name: 'two kernel objects are not equal because their offsets are',
    host: onLinux('tracing'),
    program() {
      const code = new Code();
      const other = code.label();
      code.load(8, 2, 1, 0);
      code.load(8, 3, 1, 8);
      code.aluImmediate('mov', 0, 0);
      code.branch('ne', 2, 3, other);
      code.exit();
      code.place(other);
      code.alu('mov', 0, 9);
      code.exit();
      return code.finish();
    },
  },
  {
    name: 'a packet load outside the packet returns 0 from a function',
    host: onLinux('socket_filter'),
    program() {
      const code = new Code();
      const zero = code.label();
      const callee = code.label();
      code.call(callee);
      code.branchImmediate('eq', 0, 0, zero);
      code.aluImmediate('mov', 0, 0);
      code.exit();
      code.place(zero);
      code.alu('mov', 0, 9);
      code.exit();
      code.place(callee);
      code.alu('mov', 6, 1);
      code.emit({ kind: 'packet', size: 1, imm: 60 });
      code.aluImmediate('mov', 0, 1);
      code.exit();
      return code.finish();
    },
  },
  {
    // The count is 14; as a JavaScript number the constant ends in zeros, and nothing would be shifted.
    name: 'a shift by a constant beyond 2^53 is one by its low bits',
    program() {
      const code = new Code();
      const bail = code.label();
      code.load(4, 7, 1, 12);
      code.branchImmediate('gt', 7, 1, bail);
      code.wide(8, (1n << 60n) + 14n);
      code.alu('lsh', 7, 8);
      code.lddw(1, 'map_value', MAPS.constants);
      code.alu('add', 1, 7);
      code.load(1, 0, 1, 0);
      code.place(bail);
      code.aluImmediate('mov', 0, 0);
      code.exit();
      return code.finish();
    },
  },
];

describe('holes that were closed', () => {
  for (const { name, program, host = XDP } of HOLES) {
    it(name, () => {
      const instructions = program();
      const checked = checkedProgram(objectOf(host.platform), instructions, host);
      const inputs = new Inputs(checked);
      let faults = 0;
      for (let seed = 1; seed <= 200; seed++)
        if (['fault', 'limit'].includes(runChecked(checked, inputs.input(seed), { instructionLimit: 10_000 }).kind)) faults++;
      expect(faults).toBeGreaterThan(0);
      for (const precision of [1, 2, 4, 32, undefined]) {
        expect(verifyGenerated({ host, instructions, mutated: false }, precision).report.verdict, `precision ${precision}`).toBe('rejected');
      }
    });
  }
});
