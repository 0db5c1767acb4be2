import { describe, expect, it } from 'vitest';
import { type CompiledProgram, codeAddress, type ExecutableProgram, ExecutionFault, type HelperImplementation } from '../../src/engine/engine.ts';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { buildFlowGraph, computeDominance, programShape } from '../../src/engine/jit/flow-graph.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import { makeReducible } from '../../src/engine/jit/reducible.ts';
import { I64, OP } from '../../src/engine/jit/wasm.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { assemble } from '../../src/isa/parse-conformance.ts';
import { createHost, DATA, executable } from './jit-fixture.ts';

const jit = createJit();

function run(text: string, extra: Partial<ExecutableProgram> = {}, r1 = DATA, r2 = 0): bigint {
  return jit.compile(executable(assemble(text), extra), createHost()).run(r1, r2);
}

function faultOf(action: () => unknown): ExecutionFault {
  try {
    action();
  } catch (error) {
    if (error instanceof ExecutionFault) return error;
    throw error;
  }
  throw new Error('no fault');
}

describe('faults of translated programs', () => {
  const rows = [
    { name: 'load through null', text: 'mov %r0, 0\nmov %r1, 0\nldxdw %r0, [%r1+16]\nexit', kind: 'memory', slot: 2 },
    { name: 'store below null', text: 'mov %r1, 0\nstdw [%r1-8], 1\nmov %r0, 0\nexit', kind: 'memory', slot: 1 },
    { name: 'store past the end', text: 'mov %r2, 0x7fffffff\nmov %r0, 0\nstxb [%r2+100], %r0\nexit', kind: 'memory', slot: 2 },
    { name: 'atomic at the last guarded byte', text: 'mov %r1, 0xfff8\nmov %r0, 1\nlock fetch add [%r1-1], %r0\nexit', kind: 'memory', slot: 2 },
    { name: 'unknown helper', text: 'call 77\nexit', kind: 'undefined', slot: 0 },
    { name: 'running off the end', text: 'mov %r0, 1', kind: 'undefined', slot: 1 },
    { name: 'jump out of the program', text: 'mov %r0, 1\nja +5\nexit', kind: 'undefined', slot: 7 },
    { name: 'endless recursion', text: 'call local f\nexit\nf:\ncall local f\nexit', kind: 'frames', slot: 2 },
    { name: 'callx of an unknown id', text: 'mov %r1, 99\ncall %r1\nexit', kind: 'undefined', slot: undefined },
  ] as const;
  it.each(rows)('$name', ({ text, kind, slot }) => {
    expect(faultOf(() => run(text))).toMatchObject({ kind, instruction: slot });
  });

  it('end loops that run out of their budget', () => {
    const program = executable(assemble('mov %r0, 0\nl:\nadd %r0, 1\njlt %r0, 100, l\nexit'));
    expect(createJit({ budget: 100 }).compile(program, createHost()).run(0)).toBe(100n);
    const short = createJit({ budget: 99 }).compile(program, createHost());
    expect(faultOf(() => short.run(0)).kind).toBe('budget');
    expect(faultOf(() => short.run32(0)).kind).toBe('budget');
  });

  it('reach exactly as many frames as the host has', () => {
    const nest = (depth: number) =>
      `mov %r1, ${depth}\ncall local f\nexit\nf:\nmov %r0, 1\njle %r1, 1, out\nsub %r1, 1\ncall local f\nadd %r0, 1\nout:\nexit`;
    expect(run(nest(7))).toBe(7n);
    expect(faultOf(() => run(nest(8))).kind).toBe('frames');
  });
});

describe('irreducible control flow', () => {
  /** Two entries into one loop, and a loop with two entries inside it. */
  const nested = `
    mov %r0, 0
    mov %r3, 0
    jeq %r1, 0, middle
    top:
    add %r0, 1
    jset %r0, 1, inner2
    inner1:
    add %r0, 10
    inner2:
    add %r0, 100
    add %r3, 1
    jlt %r3, 5, inner1
    middle:
    add %r0, 1000
    add %r3, 1
    jlt %r3, 20, top
    exit`;

  it.each([0, 1])('gives the interpreter’s result when r1 = %i', (r1) => {
    const program = executable(assemble(nested));
    expect(jit.compile(program, createHost()).run(r1)).toBe(createInterpreter().compile(program, createHost()).run(r1));
  });

  it('becomes reducible, and only grows by the dispatch blocks', () => {
    const instructions = assemble(nested);
    const graph = buildFlowGraph(instructions, programShape(instructions), 0);
    expect(computeDominance(graph).reducible).toBe(false);
    const made = makeReducible(graph);
    expect(computeDominance(made).reducible).toBe(true);
    expect(made.blocks.filter((block) => block.kind === 'code')).toHaveLength(graph.blocks.length);
    expect(made.blocks.filter((block) => block.kind === 'dispatch').length).toBeGreaterThan(0);
  });
});

describe('calls out of translated programs', () => {
  const helper = (id: number, rest: Partial<HelperImplementation>): HelperImplementation => ({
    id,
    name: `helper ${id}`,
    parameters: [],
    result: 'u32',
    call: () => 0,
    ...rest,
  });

  it('hand over every kind of argument and take every kind of result', () => {
    const seen: unknown[][] = [];
    const note =
      (result: number | bigint | undefined) =>
      (...args: never[]) => {
        seen.push(args);
        return result;
      };
    const helpers = new Map([
      [1, helper(1, { parameters: ['u32', 'i32', 'i64'], result: 'u32', call: note(0xffff_ffff) })],
      [2, helper(2, { result: 'i32', call: note(-22) })],
      [3, helper(3, { result: 'i64', call: note(-1n << 40n) })],
      [4, helper(4, { result: 'none', call: note(undefined) })],
    ]);
    const call = (id: number) => run(`mov %r1, -1\nmov %r2, -1\nmov %r3, -1\nmov %r0, 7\ncall ${id}\nexit`, { helpers });
    expect([call(1), call(2), call(3), call(4)]).toEqual([0xffff_ffffn, BigInt.asUintN(64, -22n), BigInt.asUintN(64, -1n << 40n), 0n]);
    expect(seen[0]).toEqual([0xffff_ffff, -1, -1n]);
  });

  it('call subprograms back through their code address, one frame up', () => {
    const host = createHost();
    const loop = helper(181, {
      parameters: ['u32', 'u32', 'i64'],
      call: (count: number, address: number, context: bigint) => {
        let done = 0;
        while (done < count && host.callFunction!(address, BigInt(done), context) === 0n) done++;
        return done;
      },
    });
    const instructions: (Instruction | undefined)[] = [
      ...assemble('stdw [%r10-8], 5\nmov %r1, 10\nmov %r3, %r10\nadd %r3, -8'),
      { kind: 'lddw', dst: 2, source: 'code', low: 5, high: 0 },
      undefined,
      ...assemble('call 181\nldxdw %r1, [%r10-8]\nadd %r0, %r1\nexit'),
      // callback: *context += index + 1; its own frame must not be the caller's
      ...assemble('stdw [%r10-8], 0\nldxdw %r3, [%r2]\nadd %r3, %r1\nadd %r3, 1\nstxdw [%r2], %r3\nmov %r0, 0\nexit'),
    ];
    const program = executable(instructions, { helpers: new Map([[181, loop]]) });
    expect(jit.compile(program, host).run(0)).toBe(10n + 5n + 55n);
    expect(host.callFunction).toBeUndefined();
  });

  it('call code addresses from a register', () => {
    const instructions: (Instruction | undefined)[] = [
      { kind: 'lddw', dst: 6, source: 'code', low: 5, high: 0 },
      undefined,
      ...assemble('mov %r1, 20\ncall %r6\nadd %r0, 1\nexit\nmov %r0, %r1\nadd %r0, %r1\nexit'),
    ];
    expect(jit.compile(executable(instructions), createHost()).run(0)).toBe(41n);
    expect(codeAddress(6)).toBeGreaterThan(DATA);
  });

  it('leave for tail calls from the entry and from below it', () => {
    for (const engine of [jit, createInterpreter()]) {
      const host = createHost();
      let target: CompiledProgram | undefined;
      const tail = helper(12, {
        parameters: ['i64'],
        result: 'i32',
        tailCall: true,
        call: () => {
          if (target === undefined || (host.tailCallCount ?? 0) >= host.maxTailCalls) return -2;
          host.pendingTailCall = target;
          return 0;
        },
      });
      const helpers = new Map([[12, tail]]);
      const compile = (text: string) => engine.compile(executable(assemble(text), { helpers }), host);
      const direct = compile('call 12\nmov %r0, 1\nexit');
      const below = compile('call local f\nmov %r0, 3\nexit\nf:\ncall 12\nmov %r0, 2\nexit');
      expect([direct.run(0), below.run(0)]).toEqual([1n, 3n]);
      target = compile('mov %r0, 77\nexit');
      expect([direct.run(0), direct.run32(0), below.run(0)]).toEqual([77n, 77, 77n]);
      target = direct;
      expect(direct.run(0)).toBe(1n);
    }
  });

  it('load from packets, and end the function outside them', () => {
    const instructions: Instruction[] = [
      { kind: 'binary', operator: 'mov', width: 64, dst: 6, source: { kind: 'register', register: 1 } },
      { kind: 'packet', size: 2, index: 2, imm: -4 },
      { kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'immediate', value: 1 } },
      { kind: 'exit' },
    ];
    const asked: unknown[] = [];
    const host = {
      ...createHost(),
      packetLoad: (...args: [number, number, number]) => {
        asked.push(args);
        return args[1] < 0 ? -1 : 0xffff_ffff;
      },
    };
    const compiled = jit.compile(executable(instructions), host);
    expect([compiled.run(DATA, 10), compiled.run(DATA, 3)]).toEqual([0x1_0000_0000n, 0n]);
    expect(asked).toEqual([
      [DATA, 6, 2],
      [DATA, -1, 2],
    ]);
  });

  it('take may_goto after its budget, once per call of the function', () => {
    const instructions: Instruction[] = [
      ...(assemble('mov %r0, 0\nmov %r3, 0') as Instruction[]),
      { kind: 'may_goto', offset: 2 },
      ...(assemble('add %r0, 1\nja -3\nexit') as Instruction[]),
    ];
    const program = executable(instructions);
    expect(jit.compile(program, createHost()).run(0)).toBe(0x80_0000n);
    expect(createInterpreter().compile(program, createHost()).run(0)).toBe(0x80_0000n);
  });

  it('are replaced by inline code that sees constant arguments', () => {
    const seen: unknown[] = [];
    const inlineHelpers = new Map([
      [
        1,
        {
          imports: [{ name: 'triple', type: { parameters: [I64], results: [I64] } as const, function: (x: bigint) => x * 3n }],
          expand: (site: { readonly constants: readonly (bigint | undefined)[] }) => {
            seen.push(site.constants[0], site.constants[1]);
            if (site.constants[0] !== 0x77n) return undefined;
            return (call: Parameters<NonNullable<ReturnType<import('../../src/engine/jit/inline-helper.ts').InlineHelper['expand']>>>[0]) => {
              call.argument(2);
              call.writer.call(call.imports[0]!);
              call.writer.i64(1);
              call.writer.op(OP.i64_add);
            };
          },
        },
      ],
    ]);
    const instructions: (Instruction | undefined)[] = [
      { kind: 'lddw', dst: 6, source: 'map_fd', low: 3, high: 0 },
      undefined,
      ...assemble('mov %r1, %r6\nmov %r2, 5\njeq %r7, 1, out\ncall 1\nmov %r6, %r0\nmov %r1, %r2\ncall 1\nadd %r0, %r6\nout:\nexit'),
    ];
    const helpers = new Map([[1, helper(1, { call: () => 1000 })]]);
    const program = executable(instructions, { helpers, resolve: (load) => BigInt(load.low === 3 ? 0x77 : 0) });
    expect(createJit({ inlineHelpers }).compile(program, createHost()).run(0)).toBe(1016n);
    // Two calls, in each of the two exported forms.
    expect(seen).toHaveLength(8);
  });
});

describe('large programs', () => {
  const step = assemble('add %r0, 3\nxor %r0, %r1\nlsh %r0, 1\nmul %r0, 5') as Instruction[];
  it('of 400,000 instructions in a row compile and run', { timeout: 60_000 }, () => {
    const instructions = [...(assemble('mov %r0, 1') as Instruction[])];
    while (instructions.length < 400_000) instructions.push(...step);
    instructions.push({ kind: 'exit' });
    const program = executable(instructions);
    expect(jit.compile(program, createHost()).run(9)).toBe(createInterpreter().compile(program, createHost()).run(9));
  });

  it('that WebAssembly cannot hold go to the fallback, or are refused by name', { timeout: 60_000 }, () => {
    const instructions = [...(assemble('mov %r0, 1') as Instruction[])];
    while (instructions.length < 1_200_000) instructions.push(...step);
    instructions.push({ kind: 'exit' });
    const program = executable(instructions);
    expect(faultOf(() => jit.compile(program, createHost()))).toMatchObject({ kind: 'unsupported' });
    const fallback = createInterpreter();
    expect(createJit({ fallback }).compile(program, createHost()).run(9)).toBe(fallback.compile(program, createHost()).run(9));
  });
});
