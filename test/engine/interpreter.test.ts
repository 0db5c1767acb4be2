import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codeAddress, ExecutionFault, type HelperImplementation, MAY_GOTO_BUDGET } from '../../src/engine/engine.ts';
import { createInterpreter, interpreter } from '../../src/engine/interpreter.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { compile, DATA, executable, testHost } from './interpreter-fixture.ts';

const conformance = corpusPath('conformance');
if (conformance === undefined) reportSkipped('conformance', 245);

const unwind: HelperImplementation = { id: 5, name: 'unwind', parameters: ['i64'], result: 'i64', call: (value: bigint) => value };

describe.skipIf(conformance === undefined)('conformance', () => {
  const names = conformance === undefined ? [] : readdirSync(conformance).filter((name) => name.endsWith('.data'));
  it.each([
    ['unlimited', interpreter],
    ['counted', createInterpreter({ instructionBudget: 10_000 })],
  ] as const)('all cases, %s', (_, engine) => {
    expect(names).toHaveLength(245);
    for (const name of names) {
      const { instructions, memory, result } = parseConformanceCase(readFileSync(join(conformance ?? '', name), 'utf8'));
      const host = testHost();
      if (memory !== undefined) new Uint8Array(host.memory.buffer).set(memory, DATA);
      const program = compile(engine, instructions, host, [unwind]);
      const have = program.run(memory === undefined ? 0 : DATA, memory?.length ?? 0);
      expect(have, name).toBe(result);
      expect(program.run32(memory === undefined ? 0 : DATA, memory?.length ?? 0), name).toBe(Number(BigInt.asUintN(32, have)));
    }
  });
});

function faultOf(action: () => unknown): ExecutionFault {
  try {
    action();
  } catch (error) {
    if (error instanceof ExecutionFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);

describe('64-bit arithmetic', () => {
  const OPERATORS: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => (b === 0n ? 0n : a / b),
    mod: (a, b) => (b === 0n ? a : a % b),
    sdiv: (a, b) => (b === 0n ? 0n : s64(a) / s64(b)),
    smod: (a, b) => (b === 0n ? a : s64(a) % s64(b)),
    lsh: (a, b) => a << (b & 63n),
    rsh: (a, b) => a >> (b & 63n),
    arsh: (a, b) => s64(a) >> (b & 63n),
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
  };
  const edges = [
    0n,
    1n,
    2n,
    3n,
    0xffffn,
    0x1_0000n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    0x1_0000_0001n,
    1n << 53n,
    (1n << 63n) - 1n,
    1n << 63n,
    u64(-1n),
    u64(-2n),
  ];
  const word = fc.oneof(
    fc.constantFrom(...edges),
    fc.bigInt({ min: 0n, max: u64(-1n) }),
    fc.bigInt({ min: 0n, max: 0xffff_ffffn }),
    fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -3, max: 3 })).map(([edge, by]) => u64(edge + BigInt(by))),
  );
  it.each(Object.keys(OPERATORS))('%s agrees with exact integers', (operator) => {
    const host = testHost();
    const view = new DataView(host.memory.buffer);
    const program = compile(interpreter, `ldxdw %r0, [%r1]\nldxdw %r2, [%r1+8]\n${operator} %r0, %r2\nexit`, host);
    fc.assert(
      fc.property(word, word, (a, b) => {
        view.setBigUint64(DATA, a, true);
        view.setBigUint64(DATA + 8, b, true);
        expect(program.run(DATA)).toBe(u64(OPERATORS[operator]!(a, b)));
      }),
      { seed: 64, numRuns: 2_000 },
    );
  });

  it('divides by numbers close to the dividend', () => {
    const host = testHost();
    const view = new DataView(host.memory.buffer);
    const program = compile(interpreter, 'ldxdw %r0, [%r1]\nldxdw %r2, [%r1+8]\ndiv %r0, %r2\nexit', host);
    for (let shift = 32n; shift < 64n; shift++) {
      for (const divisor of [(1n << shift) - 1n, 1n << shift, (1n << shift) + 1n]) {
        for (const dividend of [u64(-1n), (u64(-1n) / divisor) * divisor, (u64(-1n) / divisor) * divisor - 1n]) {
          view.setBigUint64(DATA, dividend, true);
          view.setBigUint64(DATA + 8, divisor, true);
          expect(program.run(DATA)).toBe(dividend / divisor);
        }
      }
    }
  });
});

describe('branches', () => {
  const COMPARISONS: Readonly<Record<string, (a: bigint, b: bigint, width: number) => boolean>> = {
    eq: (a, b) => a === b,
    ne: (a, b) => a !== b,
    gt: (a, b) => a > b,
    ge: (a, b) => a >= b,
    lt: (a, b) => a < b,
    le: (a, b) => a <= b,
    set: (a, b) => (a & b) !== 0n,
    sgt: (a, b, width) => BigInt.asIntN(width, a) > BigInt.asIntN(width, b),
    sge: (a, b, width) => BigInt.asIntN(width, a) >= BigInt.asIntN(width, b),
    slt: (a, b, width) => BigInt.asIntN(width, a) < BigInt.asIntN(width, b),
    sle: (a, b, width) => BigInt.asIntN(width, a) <= BigInt.asIntN(width, b),
  };
  const values = [
    0n,
    1n,
    0x7fff_ffffn,
    0x8000_0000n,
    0xffff_ffffn,
    0x1_0000_0000n,
    0x1_0000_0001n,
    0x7fff_ffff_ffff_ffffn,
    0x8000_0000_0000_0000n,
    0xffff_ffff_ffff_ffffn,
  ];
  it.each(Object.keys(COMPARISONS))('j%s in both widths', (comparison) => {
    const host = testHost();
    const view = new DataView(host.memory.buffer);
    for (const [suffix, width] of [
      ['', 64],
      ['32', 32],
    ] as const) {
      const program = compile(
        interpreter,
        `ldxdw %r2, [%r1]\nldxdw %r3, [%r1+8]\nmov %r0, 1\nj${comparison}${suffix} %r2, %r3, +1\nmov %r0, 0\nexit`,
        host,
      );
      for (const a of values) {
        for (const b of values) {
          view.setBigUint64(DATA, a, true);
          view.setBigUint64(DATA + 8, b, true);
          const want = COMPARISONS[comparison]!(BigInt.asUintN(width, a), BigInt.asUintN(width, b), width);
          expect(program.run(DATA), `${a} ${comparison} ${b} in ${width} bits`).toBe(want ? 1n : 0n);
        }
      }
    }
  });
});

describe('faults', () => {
  const rows: readonly {
    readonly name: string;
    readonly have: string;
    readonly kind: string;
    readonly instruction: number;
    readonly message: RegExp;
  }[] = [
    { name: 'null', have: 'mov %r1, 0\nldxb %r0, [%r1+8]\nexit', kind: 'memory', instruction: 1, message: /1 bytes at 0x8,/ },
    { name: 'below null', have: 'mov %r1, 0\nldxdw %r0, [%r1-8]\nexit', kind: 'memory', instruction: 1, message: /0xfffffffffffffff8/ },
    {
      name: 'the last byte and one more',
      have: 'mov %r1, 0x3fff9\nldxdw %r0, [%r1]\nexit',
      kind: 'memory',
      instruction: 1,
      message: /8 bytes at 0x3fff9/,
    },
    { name: 'an address over 4 GiB', have: 'lddw %r1, 0x100020000\nstxw [%r1], %r1\nexit', kind: 'memory', instruction: 2, message: /0x100020000/ },
    { name: 'an atomic outside', have: 'mov %r1, 0x40000\nlock add [%r1], %r1\nexit', kind: 'memory', instruction: 1, message: /0x40000/ },
    { name: 'an unknown helper', have: 'call 99\nexit', kind: 'undefined', instruction: 0, message: /helper 99/ },
    { name: 'an unknown function', have: 'call runtime 7\nexit', kind: 'undefined', instruction: 0, message: /function 7/ },
    { name: 'a call through a number', have: 'mov %r1, 99\ncall %r1\nexit', kind: 'undefined', instruction: 1, message: /neither a helper nor/ },
    { name: 'recursion', have: 'call local F\nexit\nF:\ncall local F\nexit', kind: 'frames', instruction: 2, message: /more than 8 frames/ },
    { name: 'no end', have: 'mov %r0, 1', kind: 'unsupported', instruction: 0, message: /runs off the end/ },
    { name: 'legacy packet loads without a packet', have: '', kind: 'unsupported', instruction: 0, message: /legacy packet/ },
  ];
  it.each(rows)('$name', ({ have, kind, instruction, message }) => {
    const list: readonly (Instruction | undefined)[] = have === '' ? [{ kind: 'packet', size: 1, imm: 0 }, { kind: 'exit' }] : assemble(have);
    const host = testHost();
    const program = compile(interpreter, list, host);
    const fault = faultOf(() => program.run(DATA));
    expect(fault).toMatchObject({ kind, instruction });
    expect(fault.message).toMatch(message);
    // The engine is usable afterwards, with all frames free.
    expect(compile(interpreter, 'call local F\nexit\nF:\nmov %r0, 7\nexit', host).run(0)).toBe(7n);
  });

  it('refuses jumps that land nowhere at compile time', () => {
    expect(() => compile(interpreter, 'ja +5\nexit')).toThrow(ExecutionFault);
    expect(() => compile(interpreter, 'jeq %r1, 0, +1\nlddw %r0, 1\nexit')).toThrow(/does not land/);
  });

  it('stops endless loops and recursion with a budget only', () => {
    const counted = createInterpreter({ instructionBudget: 1_000 });
    expect(faultOf(() => compile(counted, 'L:\nmov %r0, 1\nja L').run(0))).toMatchObject({ kind: 'budget' });
    expect(faultOf(() => compile(counted, 'call local F\nexit\nF:\nja F').run(0))).toMatchObject({ kind: 'budget' });
    const loop = 'mov %r1, 200\nL:\nsub %r1, 1\njne %r1, 0, L\nmov %r0, 1\nexit';
    const program = compile(counted, loop);
    for (let run = 0; run < 5; run++) expect(program.run(0)).toBe(1n);
    expect(compile(interpreter, loop.replace('200', '200000')).run(0)).toBe(1n);
  });
});

describe('calls', () => {
  it('keep r6 to r9 and the frame of the caller', () => {
    const code =
      'mov %r6, 6\nmov %r9, 9\nstxdw [%r10-8], %r6\ncall local F\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nadd %r0, %r6\nadd %r0, %r9\nexit\nF:\nmov %r6, 100\nmov %r9, 100\nstxdw [%r10-8], %r6\nmov %r0, 1\nexit';
    expect(compile(interpreter, code).run(0)).toBe(22n);
  });

  it('marshal helper arguments and results by type', () => {
    const seen: unknown[] = [];
    const helper: HelperImplementation = {
      id: 1,
      name: 'typed',
      parameters: ['u32', 'i32', 'i64', 'u32', 'i64'],
      result: 'i32',
      call: (...args: unknown[]) => {
        seen.push(...args);
        return -2;
      },
    };
    const code = 'mov %r1, -1\nmov %r2, -1\nmov %r3, -1\nmov %r4, 4\nlddw %r5, 0x7fffffffffffffff\ncall 1\nexit';
    expect(compile(interpreter, code, testHost(), [helper]).run(0)).toBe(u64(-2n));
    expect(seen).toEqual([0xffff_ffff, -1, -1n, 4, 0x7fff_ffff_ffff_ffffn]);
    const results = [
      { result: 'u32', returns: 0xffff_ffff, want: 0xffff_ffffn },
      { result: 'i64', returns: -1n, want: u64(-1n) },
      { result: 'none', returns: undefined, want: 0n },
    ] as const;
    for (const { result, returns, want } of results) {
      const other: HelperImplementation = { id: 1, name: 'other', parameters: [], result, call: () => returns };
      expect(compile(interpreter, 'mov %r0, 5\ncall 1\nexit', testHost(), [other]).run(0)).toBe(want);
    }
  });

  it('see memory that a helper has grown', () => {
    const host = testHost();
    const grow: HelperImplementation = { id: 1, name: 'grow', parameters: [], result: 'none', call: () => void host.memory.grow(1) };
    const program = compile(interpreter, 'call 1\nmov %r1, 0x40000\nmov %r2, 77\nstxdw [%r1], %r2\nldxdw %r0, [%r1]\nexit', host, [grow]);
    expect(program.run(0)).toBe(77n);
    expect(new DataView(host.memory.buffer).getUint8(0x4_0000)).toBe(77);
  });

  it('resolve wide loads when compiled', () => {
    const list: readonly (Instruction | undefined)[] = [{ kind: 'lddw', dst: 0, source: 'map_value', low: 40, high: 2 }, undefined, { kind: 'exit' }];
    expect(compile(interpreter, list).run(0)).toBe(42n);
  });

  it('call back into the program above the frame of the caller', () => {
    const host = testHost();
    const each: HelperImplementation = {
      id: 1,
      name: 'each',
      parameters: ['u32', 'i64'],
      result: 'i64',
      call: (address: number, context: bigint) => {
        let sum = 0n;
        for (let index = 0n; index < 3n; index++) sum += host.callFunction!(address, index, context);
        return sum;
      },
    };
    const list = assemble(
      'mov %r6, 5\nmov %r2, 10\nstxdw [%r10-8], %r2\nlddw %r1, 0\ncall 1\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nadd %r0, %r6\nexit\nF:\nmov %r6, 1\nstxdw [%r10-8], %r6\nmov %r0, %r1\nadd %r0, %r2\nexit',
    ).map((instruction) => (instruction?.kind === 'lddw' ? ({ ...instruction, source: 'code', low: 6 } as const) : instruction));
    expect(list[10]).toMatchObject({ dst: 6 });
    expect(compile(interpreter, list, host, [each]).run(0)).toBe(3n + 30n + 10n + 5n);
    expect(host.callFunction).toBeUndefined();
    expect(faultOf(() => compile(interpreter, list, host, [{ ...each, call: () => host.callFunction!(codeAddress(4)) }]).run(0))).toMatchObject({
      kind: 'undefined',
    });
  });

  it('call functions and helpers through registers', () => {
    const list: readonly (Instruction | undefined)[] = [
      { kind: 'lddw', dst: 6, source: 'code', low: 3, high: 0 },
      undefined,
      { kind: 'callx', register: 6 },
      { kind: 'exit' },
      { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 9 } },
      { kind: 'exit' },
    ];
    expect(compile(interpreter, list).run(0)).toBe(9n);
    expect(compile(interpreter, 'mov %r1, -1\nmov %r2, 5\ncall %r2\nexit', testHost(), [unwind]).run(0)).toBe(u64(-1n));
  });
});

describe('tail calls', () => {
  const host = testHost();
  const next = compile(interpreter, 'mov %r0, %r1\nexit', host);
  const tail = (result: number, target = next): HelperImplementation => ({
    id: 12,
    name: 'tail',
    parameters: [],
    result: 'i32',
    tailCall: true,
    call: () => {
      if ((host.tailCallCount ?? 0) >= host.maxTailCalls) return -1;
      if (result === 0) host.pendingTailCall = target;
      return result;
    },
  });
  const code = 'call 12\nmov %r0, 7\nexit';

  it('continue with the other program and the same context', () => {
    expect(compile(interpreter, code, host, [tail(0)]).run(1234)).toBe(1234n);
    expect(compile(interpreter, code, host, [tail(0)]).run32(1234)).toBe(1234);
    expect(host.pendingTailCall).toBeUndefined();
  });

  it('fall through when the helper fails', () => {
    expect(compile(interpreter, code, host, [tail(-1)]).run(1234)).toBe(7n);
  });

  it('leave from within a subprogram', () => {
    expect(compile(interpreter, 'call local F\nmov %r0, 8\nexit\nF:\ncall 12\nexit', host, [tail(0)]).run(1234)).toBe(1234n);
  });

  it('end after as many as the host allows, each run anew', () => {
    let entries = 0;
    const count: HelperImplementation = { id: 1, name: 'count', parameters: [], result: 'none', call: () => void entries++ };
    const self: HelperImplementation = {
      ...tail(0),
      call: () => {
        if ((host.tailCallCount ?? 0) >= host.maxTailCalls) return -1;
        host.pendingTailCall = loop;
        return 0;
      },
    };
    const loop = interpreter.compile(executable(`call 1\n${code}`, [count, self]), host);
    for (let run = 1; run <= 2; run++) {
      expect(loop.run(0)).toBe(7n);
      expect(entries).toBe(34 * run);
    }
  });
});

describe('later instructions', () => {
  it('take may_goto when the budget of the function is spent', () => {
    const list: readonly Instruction[] = [
      { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 0 } },
      { kind: 'may_goto', offset: 2 },
      { kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'immediate', value: 1 } },
      { kind: 'jump', wide: true, offset: -3 },
      { kind: 'exit' },
    ];
    const program = compile(interpreter, list);
    expect(program.run(0)).toBe(BigInt(MAY_GOTO_BUDGET));
    expect(program.run(0)).toBe(BigInt(MAY_GOTO_BUDGET));
  });

  it('load from the packet and end the function outside it', () => {
    const calls: unknown[] = [];
    const host = testHost({
      packetLoad: (context, offset, size) => {
        calls.push([context, offset, size]);
        return offset < 0 ? -1 : 0xdead_beef;
      },
    });
    const list = (offset: number): readonly Instruction[] => [
      { kind: 'binary', operator: 'mov', width: 64, dst: 6, source: { kind: 'register', register: 1 } },
      { kind: 'binary', operator: 'mov', width: 64, dst: 2, source: { kind: 'immediate', value: offset } },
      { kind: 'packet', size: 4, index: 2, imm: 3 },
      { kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'immediate', value: 1 } },
      { kind: 'exit' },
    ];
    expect(compile(interpreter, list(4), host).run(DATA)).toBe(0xdead_bef0n);
    expect(compile(interpreter, list(-4), host).run(DATA)).toBe(0n);
    expect(calls).toEqual([
      [DATA, 7, 4],
      [DATA, -1, 4],
    ]);
  });

  it('load acquire, store release and cast', () => {
    const list: readonly Instruction[] = [
      { kind: 'binary', operator: 'mov', width: 64, dst: 2, source: { kind: 'immediate', value: -5 } },
      { kind: 'cast', dst: 3, src: 10, spaces: 1 },
      { kind: 'store_release', size: 4, dst: 3, src: 2, offset: -8 },
      { kind: 'load_acquire', size: 4, dst: 0, src: 10, offset: -8 },
      { kind: 'exit' },
    ];
    expect(compile(interpreter, list).run(0)).toBe(0xffff_fffbn);
  });
});
