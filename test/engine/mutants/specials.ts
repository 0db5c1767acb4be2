/** Programs for what random ones do not reach, with results that follow from RFC 9669 and the engine's interface by hand. */
import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost, HelperImplementation } from '../../../src/engine/engine.ts';
import type { Instruction, InstructionList, Register } from '../../../src/isa/instruction.ts';
import { assemble } from '../../../src/isa/parse-conformance.ts';
import { createHost } from '../jit-fixture.ts';

export interface Special {
  readonly name: string;
  /** Compiles and runs; what it tells must be `expected`. */
  readonly run: (engine: Engine) => string;
  readonly expected: string;
}

const HELPERS = [
  { id: 1, name: 'triple', parameters: ['i64'], result: 'i64', call: (a: bigint) => BigInt.asIntN(64, a * 3n) },
  { id: 2, name: 'large', parameters: [], result: 'u32', call: () => 0xffff_fff0 },
  { id: 3, name: 'negative', parameters: ['u32', 'i32'], result: 'i32', call: (a: number, b: number) => (a === 0xffff_fff0 && b === -16 ? -22 : 1) },
] as unknown as readonly HelperImplementation[];

function host(): ExecutionHost {
  return { ...createHost(), packetLoad: (_, offset, size) => (offset >= 0 && offset + size <= 8 ? 0x11 * (offset + 1) + size : -1) };
}

function executable(instructions: InstructionList, extra: readonly HelperImplementation[] = []): ExecutableProgram {
  const helpers = new Map([...HELPERS, ...extra].map((one) => [one.id, one]));
  return { name: 'special', instructions, helpers, kfuncs: new Map([[7, HELPERS[0]!]]), resolve: () => 0n };
}

function result(run: () => bigint): string {
  try {
    return run().toString(16);
  } catch (error) {
    return error instanceof Error && 'kind' in error ? `fault ${String(error.kind)}` : 'another error';
  }
}

function simple(name: string, instructions: InstructionList, expected: string): Special {
  return { name, run: (engine) => result(() => engine.compile(executable(instructions), host()).run(0)), expected };
}

/** The address of the function at `target`, for an LDDW at `slot`. */
function address(dst: Register, slot: number, target: number): (Instruction | undefined)[] {
  return [{ kind: 'lddw', dst, source: 'code', low: target - slot - 1, high: 0 }, undefined];
}

const packet = (size: 1 | 2 | 4, imm: number, index?: Register): Instruction =>
  index === undefined ? { kind: 'packet', size, imm } : { kind: 'packet', size, index, imm };

const branch = (comparison: 'nset', width: 32 | 64): Instruction => ({
  kind: 'branch',
  comparison,
  width,
  dst: 1,
  source: { kind: 'immediate', value: 6 },
  offset: 1,
});

function tailCall(name: string, code: string, succeeds: boolean, expected: string): Special {
  return {
    name,
    run: (engine) => {
      const own = host();
      let next: CompiledProgram | undefined;
      const helper = {
        ...{ id: 12, name: 'tail_call', parameters: ['i64', 'i64', 'i64'], result: 'i32', tailCall: true },
        call: () => {
          if (succeeds) own.pendingTailCall = next;
          return succeeds ? 0 : -2;
        },
      } as unknown as HelperImplementation;
      next = engine.compile(executable(assemble('mov %r0, 77\nexit')), own);
      return result(() => engine.compile(executable(assemble(code), [helper]), own).run(0));
    },
    expected,
  };
}

function callback(name: string, target: number, expected: string): Special {
  return {
    name,
    run: (engine) => {
      const own = host();
      const helper = {
        ...{ id: 20, name: 'call back', parameters: ['u32', 'i64'], result: 'i64' },
        call: (at: number, value: bigint) => BigInt.asIntN(64, own.callFunction!(at, value) + own.callFunction!(at, value + 1n)),
      } as unknown as HelperImplementation;
      const instructions = [...address(1, 0, target), ...assemble('stdw [%r10-8], 5\nmov %r2, 10\ncall 20\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nexit')];
      const functions = assemble('stdw [%r10-8], 9\nmov %r0, %r1\nadd %r0, 1\nexit\nmov %r0, %r1\nmul %r0, 2\nexit');
      return result(() => engine.compile(executable([...instructions, ...functions], [helper]), own).run(0));
    },
    expected,
  };
}

/** Slots before the functions of `callback`: an LDDW and six instructions. */
const BEHIND = 8;

export const SPECIALS: readonly Special[] = [
  simple('call of a helper through a register', assemble('mov %r1, 7\nmov %r0, 1\ncall %r0\nexit'), '15'),
  simple('call of a missing helper through a register', assemble('mov %r0, 99\ncall %r0\nexit'), 'fault undefined'),
  simple(
    'call of the second function through a register',
    [...address(3, 0, 7), ...address(4, 2, 9), { kind: 'callx', register: 4 }, ...assemble('add %r0, 1\nexit\nmov %r0, 10\nexit\nmov %r0, 20\nexit')],
    '15',
  ),
  simple('kernel function', [...assemble('mov %r1, 5'), { kind: 'call_btf', btfId: 7 } as Instruction, ...assemble('exit')], 'f'),
  simple('unsigned 32-bit result', assemble('mov %r0, -1\ncall 2\nexit'), 'fffffff0'),
  simple('signed 32-bit result and arguments', assemble('lddw %r1, 0xfffffff0\nmov32 %r2, -16\ncall 3\nexit'), 'ffffffffffffffea'),
  simple(
    'cast',
    [...assemble('mov %r1, 9'), { kind: 'cast', dst: 0, src: 1, direction: 'to_user' } as unknown as Instruction, ...assemble('exit')],
    '9',
  ),
  ...([32, 64] as const).flatMap((width) => [
    simple(`nset${width} taken`, [...assemble('mov %r0, 1\nlddw %r1, 0x900000001'), branch('nset', width), ...assemble('mov %r0, 2\nexit')], '1'),
    simple(`nset${width} not taken`, [...assemble('mov %r0, 1\nmov %r1, 4'), branch('nset', width), ...assemble('mov %r0, 2\nexit')], '2'),
  ]),
  simple(
    'nset64 looks at the high half',
    [
      ...assemble('mov %r0, 1\nlddw %r1, 0xff00000001'),
      { ...branch('nset', 64), source: { kind: 'immediate', value: -2 } } as Instruction,
      ...assemble('mov %r0, 2\nexit'),
    ],
    '2',
  ),
  simple('jeq64 looks at the high half', assemble('mov %r0, 1\nlddw %r1, 0x100000002\njeq %r1, 2, +1\nmov %r0, 2\nexit'), '2'),
  simple('jne64 looks at the high half', assemble('mov %r0, 1\nlddw %r1, 0x100000002\njne %r1, 2, +1\nmov %r0, 2\nexit'), '1'),
  simple('below a pointer', assemble('mov %r1, %r10\nadd %r1, -16\nstdw [%r1-8], 5\nldxdw %r0, [%r10-24]\nexit'), '5'),
  simple('endless loop', assemble('ja -1\nexit'), 'fault budget'),
  simple('packet byte', [...assemble('mov %r6, 0'), packet(1, 3), ...assemble('exit')], '45'),
  simple('packet word at an index', [...assemble('mov %r6, 0\nmov %r2, 2'), packet(4, 1, 2), ...assemble('add %r0, 1\nexit')], '49'),
  simple('packet half outside', [...assemble('mov %r6, 0\nmov %r0, 5'), packet(2, 7), ...assemble('mov %r0, 9\nexit')], '0'),
  simple(
    'packet load outside, in a function',
    [...assemble('mov %r6, 0\ncall local f\nadd %r0, 4\nexit\nf:'), packet(2, 7), ...assemble('mov %r0, 9\nexit')],
    '4',
  ),
  simple('may_goto falls through', [...assemble('mov %r0, 1'), { kind: 'may_goto', offset: 1 }, ...assemble('mov %r0, 2\nexit')], '2'),
  simple(
    'frame of a function',
    assemble('stdw [%r10-8], 1\ncall local f\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nexit\nf:\nstdw [%r10-8], 16\nldxdw %r0, [%r10-8]\nexit'),
    '11',
  ),
  simple('r10 is the end of the frame', assemble('stdw [%r10-512], 3\nmov %r1, %r10\nsub %r1, 512\nldxdw %r0, [%r1]\nexit'), '3'),
  simple('endless recursion', assemble('f:\ncall local f\nexit'), 'fault frames'),
  tailCall('tail call', 'call 12\nmov %r0, 1\nexit', true, '4d'),
  tailCall('tail call that fails', 'call 12\nmov %r0, 1\nexit', false, '1'),
  tailCall('tail call from a function', 'call local f\nmov %r0, 1\nexit\nf:\ncall 12\nmov %r0, 2\nexit', true, '4d'),
  callback('callback of the first function', BEHIND, '1c'),
  callback('callback of the second function', BEHIND + 4, '2f'),
  simple('may_goto ends', [...assemble('mov %r0, 0'), { kind: 'may_goto', offset: 2 }, ...assemble('add %r0, 1\nja -3\nexit')], '800000'),
];
