import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { ExecutionFault } from '../../src/engine/engine.ts';
import { createInterpreter } from '../../src/engine/interpreter.ts';
import { buildFlowGraph, computeDominance, programShape } from '../../src/engine/jit/flow-graph.ts';
import { createJit } from '../../src/engine/jit/jit.ts';
import type { Instruction, InstructionList } from '../../src/isa/instruction.ts';
import { createHost, DATA, executable } from './jit-fixture.ts';
import { generate } from './jit-generator.ts';
import { byOracle, HELPERS, inputOf, type Outcome } from './oracle-runs.ts';

/** More with EBPFSH_DIFFERENTIAL=50000. */
const PROGRAMS = Number(process.env.EBPFSH_DIFFERENTIAL ?? 1500);

function byEngine(engine: Engine, instructions: InstructionList, seed: number): Outcome {
  const host = createHost();
  const memory = new Uint8Array(host.memory.buffer);
  memory.set(inputOf(seed), DATA);
  try {
    return { result: engine.compile(executable(instructions, { helpers: HELPERS }), host).run(0, 0), memory };
  } catch (error) {
    if (error instanceof ExecutionFault) return { result: 'fault', memory };
    throw error;
  }
}

const same = (a: Outcome, b: Outcome) => a.result === b.result && Buffer.compare(a.memory, b.memory) === 0;

describe('JIT against the reference', () => {
  const jit = createJit();
  const interpreter = createInterpreter();

  it(`agrees on ${PROGRAMS} random programs, as does the interpreter`, { timeout: 3_600_000 }, () => {
    let irreducible = 0;
    let faults = 0;
    for (let seed = 0; seed < PROGRAMS; seed++) {
      const program = generate(seed);
      const want = byOracle(program, seed);
      const got = byEngine(jit, program, seed);
      expect(got.result, `seed ${seed}`).toBe(want.result);
      expect(same(got, want), `memory, seed ${seed}`).toBe(true);
      if (seed % 4 === 0) expect(same(byEngine(interpreter, program, seed), want), `interpreter, seed ${seed}`).toBe(true);
      if (want.result === 'fault') faults++;
      if (!computeDominance(buildFlowGraph(program, programShape(program), 0)).reducible) irreducible++;
    }
    // The generator must keep producing what is hard.
    expect(irreducible).toBeGreaterThan(PROGRAMS / 10);
    expect(faults).toBeLessThan(PROGRAMS / 2);
  });
});

/** A wrong translation of one opcode, as the instruction it would amount to. */
interface Mutation {
  readonly name: string;
  readonly mutate: (instruction: Instruction) => Instruction | undefined;
}

function mutations(): Mutation[] {
  const list: Mutation[] = [];
  const next: Record<string, string> = {
    ...{ add: 'sub', sub: 'add', mul: 'add', div: 'sdiv', sdiv: 'div', mod: 'smod', smod: 'mod', or: 'xor', and: 'or', xor: 'or' },
    ...{ lsh: 'rsh', rsh: 'arsh', arsh: 'rsh', mov: 'or', xchg: 'add', cmpxchg: 'xchg' },
    ...{ eq: 'ge', ne: 'gt', gt: 'ge', ge: 'gt', lt: 'le', le: 'lt', sgt: 'gt', sge: 'sgt', slt: 'lt', sle: 'slt', set: 'ne' },
  };
  const replaceOperator = (name: string, matches: (i: Instruction) => boolean, change: (i: Instruction) => Instruction) =>
    list.push({ name, mutate: (i) => (matches(i) ? change(i) : undefined) });
  for (const width of [32, 64] as const) {
    for (const source of ['register', 'immediate'] as const) {
      for (const operator of ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'lsh', 'rsh', 'arsh', 'mov']) {
        replaceOperator(
          `${operator}${width} ${source}`,
          (i) => i.kind === 'binary' && i.operator === operator && i.width === width && i.source.kind === source,
          (i) => ({ ...i, operator: next[operator] }) as Instruction,
        );
        replaceOperator(
          `${operator}${width} ${source} in the other width`,
          (i) => i.kind === 'binary' && i.operator === operator && i.width === width && i.source.kind === source,
          (i) => ({ ...i, width: 96 - width }) as Instruction,
        );
      }
      for (const comparison of ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set']) {
        replaceOperator(
          `j${comparison}${width} ${source}`,
          (i) => i.kind === 'branch' && i.comparison === comparison && i.width === width && i.source.kind === source && i.dst !== 8,
          (i) => ({ ...i, comparison: next[comparison] }) as Instruction,
        );
      }
    }
    replaceOperator(
      `neg${width}`,
      (i) => i.kind === 'negate' && i.width === width,
      (i) => ({ ...i, width: 96 - width }) as Instruction,
    );
    for (const bits of [8, 16, 32] as const) {
      if (bits === 32 && width === 32) continue;
      replaceOperator(
        `movsx${bits}${width}`,
        (i) => i.kind === 'movsx' && i.width === width && i.bits === bits,
        (i) => (i.kind === 'movsx' ? { kind: 'binary', operator: 'mov', width, dst: i.dst, source: { kind: 'register', register: i.src } } : i),
      );
    }
  }
  for (const bits of [16, 32, 64] as const) {
    for (const order of ['le', 'be', 'bswap'] as const) {
      if (order === 'le' && bits === 64) continue;
      replaceOperator(
        `${order}${bits}`,
        (i) => i.kind === 'swap' && i.order === order && i.bits === bits,
        (i) => ({ ...i, order: order === 'le' ? 'be' : 'le' }) as Instruction,
      );
    }
  }
  for (const size of [1, 2, 4, 8] as const) {
    for (const kind of ['load', 'store', 'load_acquire', 'store_release'] as const) {
      replaceOperator(
        `${kind} of ${size} bytes`,
        (i) => i.kind === kind && i.size === size && !(i.kind === 'load' && i.signed),
        (i) =>
          ({
            ...i,
            size: size === 8 ? 4 : size * 2,
            offset: 'offset' in i && i.offset > 0 && size < 8 ? i.offset - size : 'offset' in i ? i.offset : 0,
          }) as Instruction,
      );
    }
    if (size === 8) continue;
    replaceOperator(
      `sign-extending load of ${size} bytes`,
      (i) => i.kind === 'load' && i.signed && i.size === size,
      (i) => ({ ...i, signed: false }) as Instruction,
    );
  }
  for (const size of [4, 8] as const) {
    for (const operator of ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg']) {
      for (const fetch of operator.endsWith('xchg') ? [true] : [true, false]) {
        replaceOperator(
          `atomic ${operator} of ${size} bytes${fetch ? ', fetching' : ''}`,
          (i) => i.kind === 'atomic' && i.operator === operator && i.size === size && i.fetch === fetch,
          (i) => ({ ...i, operator: next[operator] }) as Instruction,
        );
      }
    }
  }
  replaceOperator(
    'lddw',
    (i) => i.kind === 'lddw' && i.dst < 8 && i.high !== 0,
    (i) => ({ ...i, high: 0 }) as Instruction,
  );
  replaceOperator(
    'helper call',
    (i) => i.kind === 'call' && i.helper === 2,
    (i) => ({ ...i, helper: 3 }) as Instruction,
  );
  return list;
}

describe('the comparison notices a wrong translation of', () => {
  // A wrong translation may never end.
  const jit = createJit({ budget: 10_000 });
  const seeds = Array.from({ length: 1500 }, (_, index) => 100_000 + index);
  const wanted = new Map<number, { program: InstructionList; want: Outcome }>();
  const reference = (seed: number) => {
    const known = wanted.get(seed);
    if (known !== undefined) return known;
    const program = generate(seed);
    const made = { program, want: byOracle(program, seed) };
    wanted.set(seed, made);
    return made;
  };

  it.each(mutations())('$name', ({ mutate }) => {
    const noticed = seeds.some((seed) => {
      const { program, want } = reference(seed);
      let changed = false;
      const mutated = program.map((instruction) => {
        // The countdown in r8 and the data pointer in r9 belong to the test.
        const own =
          instruction !== undefined && 'dst' in instruction && (instruction.dst === 8 || instruction.dst === 9) && instruction.kind !== 'store';
        const other =
          instruction === undefined || (own && instruction.kind !== 'atomic' && instruction.kind !== 'store_release')
            ? undefined
            : mutate(instruction);
        if (other !== undefined) changed = true;
        return other ?? instruction;
      });
      return changed && !same(byEngine(jit, mutated, seed), want);
    });
    expect(noticed).toBe(true);
  });
});
