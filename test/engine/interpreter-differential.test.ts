import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { interpreter } from '../../src/engine/interpreter.ts';
import { decode } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import type { BinaryOperator, Comparison, Instruction, Operand, Register, Size } from '../../src/isa/instruction.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { compile, DATA, testHost } from './interpreter-fixture.ts';

/**
 * Two interpreters with nothing in common but the instruction set: random straight-line and forward-branching programs over memory
 * must end with the same r0 and the same bytes.
 */
const OPERATORS: readonly BinaryOperator[] = ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'lsh', 'rsh', 'arsh', 'mov'];
const COMPARISONS: readonly Comparison[] = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'];
const MEMORY = 64;

// r9 keeps the address of the memory, so that addresses never enter the results.
const register = fc.integer({ min: 0, max: 8 }).map((number) => number as Register);
const width = fc.constantFrom(32 as const, 64 as const);
const immediate = fc.oneof(fc.constantFrom(0, 1, -1, 31, 32, 63, 64, 0x7fff_ffff, -0x8000_0000), fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }));
const operand: fc.Arbitrary<Operand> = fc.oneof(
  register.map((number): Operand => ({ kind: 'register', register: number })),
  immediate.map((value): Operand => ({ kind: 'immediate', value })),
);
const size = fc.constantFrom<Size>(1, 2, 4, 8);
const offset = fc.integer({ min: 0, max: MEMORY - 8 });

const binary = fc
  .record({ operator: fc.constantFrom(...OPERATORS), width, dst: register, source: operand })
  .map((fields): Instruction => ({ kind: 'binary', ...fields }));
const movsx = fc
  .record({ bits: fc.constantFrom(8 as const, 16 as const), width, dst: register, src: register })
  .map((fields): Instruction => ({ kind: 'movsx', ...fields }));
const movsx32 = fc.record({ dst: register, src: register }).map((fields): Instruction => ({ kind: 'movsx', bits: 32, width: 64, ...fields }));
const negate = fc.record({ width, dst: register }).map((fields): Instruction => ({ kind: 'negate', ...fields }));
const swap = fc
  .record({
    order: fc.constantFrom('le' as const, 'be' as const, 'bswap' as const),
    bits: fc.constantFrom(16 as const, 32 as const, 64 as const),
    dst: register,
  })
  .map((fields): Instruction => ({ kind: 'swap', ...fields }));
const load = fc
  .record({ size: fc.constantFrom<Size>(1, 2, 4), signed: fc.boolean(), dst: register, offset })
  .map((fields): Instruction => ({ kind: 'load', src: 9, ...fields }));
const load8 = fc.record({ dst: register, offset }).map((fields): Instruction => ({ kind: 'load', size: 8, signed: false, src: 9, ...fields }));
const store = fc.record({ size, offset, source: operand }).map((fields): Instruction => ({ kind: 'store', dst: 9, ...fields }));
const atomic = fc
  .record({
    operator: fc.constantFrom('add' as const, 'or' as const, 'and' as const, 'xor' as const),
    fetch: fc.boolean(),
    size: fc.constantFrom(4 as const, 8 as const),
    src: register,
    offset,
  })
  .map((fields): Instruction => ({ kind: 'atomic', dst: 9, ...fields }));
const exchange = fc
  .record({ operator: fc.constantFrom('xchg' as const, 'cmpxchg' as const), size: fc.constantFrom(4 as const, 8 as const), src: register, offset })
  .map((fields): Instruction => ({ kind: 'atomic', fetch: true, dst: 9, ...fields }));
const branch = fc
  .record({ comparison: fc.constantFrom(...COMPARISONS), width, dst: register, source: operand, offset: fc.constant(1) })
  .map((fields): Instruction => ({ kind: 'branch', ...fields }));

const PROLOGUE: readonly Instruction[] = [
  { kind: 'binary', operator: 'mov', width: 64, dst: 9, source: { kind: 'register', register: 1 } },
  ...([0, 1, 2, 3, 4, 5, 6, 7, 8] as const).map((dst): Instruction => ({ kind: 'load', size: 8, signed: false, dst, src: 9, offset: 5 * dst })),
];
const EPILOGUE: readonly Instruction[] = [
  ...([1, 2, 3, 4, 5, 6, 7, 8] as const).flatMap((number): Instruction[] => [
    { kind: 'binary', operator: 'mul', width: 64, dst: 0, source: { kind: 'immediate', value: 31 } },
    { kind: 'binary', operator: 'xor', width: 64, dst: 0, source: { kind: 'register', register: number } },
  ]),
  { kind: 'exit' },
];

it('agree on random programs', () => {
  const body = fc.array(fc.oneof(binary, binary, binary, movsx, movsx32, negate, swap, load, load8, store, atomic, exchange, branch), {
    maxLength: 40,
  });
  const host = testHost();
  fc.assert(
    fc.property(body, fc.uint8Array({ minLength: MEMORY, maxLength: MEMORY }), (middle, memory) => {
      // A branch at the end may skip the first instruction of the epilogue in both alike.
      const list = [...PROLOGUE, ...middle, ...EPILOGUE];
      const instructions = decode(encode(list, 'little'), 'little');
      const bytes = new Uint8Array(host.memory.buffer);
      bytes.set(memory, DATA);
      const fast = compile(interpreter, instructions, host).run(DATA);
      let last: Uint8Array | undefined;
      const checked = runChecked(
        { instructions, platform: windows, maps: [], helper: () => undefined },
        { memory },
        {
          onStep: (_, state) => {
            last = state.registers[1]?.region?.bytes ?? last;
          },
        },
      );
      expect(checked).toMatchObject({ kind: 'exit', r0: fast });
      expect(bytes.slice(DATA, DATA + MEMORY)).toEqual(last);
    }),
    { seed: 20, numRuns: 1_500 },
  );
});
