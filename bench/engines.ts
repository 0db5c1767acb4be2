import { readFileSync } from 'node:fs';
import {
  type CompiledProgram,
  type Engine,
  type ExecutableProgram,
  type ExecutionHost,
  type HelperImplementation,
  NULL_GUARD,
} from '../src/engine/engine.ts';
import { createInterpreter } from '../src/engine/interpreter.ts';
import type { InlineHelper } from '../src/engine/jit/inline-helper.ts';
import { createJit } from '../src/engine/jit/jit.ts';
import { mapLookup } from '../src/engine/jit/map-lookup.ts';
import { translate } from '../src/engine/jit/translate.ts';
import { repeat } from '../src/engine/repeat.ts';
import { assemble } from '../src/isa/parse-conformance.ts';
import { loadObject } from '../src/object/load.ts';
import { evaluate } from '../test/engine/jit-oracle.ts';
import { mapBench } from '../test/runtime/map-fixture.ts';

/**
 * Nanoseconds per executed eBPF instruction of each engine, beside figures of uBPF measured on a machine of this kind with programs of the
 * same kinds (uBPF built with its own release flags), and the ratios. Nothing here passes or fails.
 * Usage: node bench/run.mjs engines [PROGRAM...]
 */
interface Row {
  readonly name: string;
  readonly what: string;
  readonly ubpfInterpreter: number;
  readonly ubpfJit: number;
}

const ROWS: readonly Row[] = [
  { name: 'a_alu64', what: '64-bit ALU loop', ubpfInterpreter: 8.2, ubpfJit: 0.095 },
  { name: 'b_alu32', what: '32-bit ALU loop', ubpfInterpreter: 7.4, ubpfJit: 0.25 },
  { name: 'c_hash', what: 'hash of a packet', ubpfInterpreter: 9.2, ubpfJit: 0.259 },
  { name: 'd_checksum', what: 'parse and checksums', ubpfInterpreter: 8.9, ubpfJit: 0.119 },
  { name: 'e_sieve', what: 'sieve on the stack', ubpfInterpreter: 8.4, ubpfJit: 0.068 },
  { name: 'f_muldiv', what: '64-bit mul/div/mod', ubpfInterpreter: 5.4, ubpfJit: 0.781 },
  { name: 'g_bits', what: 'byte swaps, bit tricks', ubpfInterpreter: 11.2, ubpfJit: 0.088 },
  { name: 'h_calls', what: 'recursive local calls', ubpfInterpreter: 8.0, ubpfJit: 0.194 },
  { name: 'i_helper', what: 'helper per 3 instructions', ubpfInterpreter: 7.9, ubpfJit: 1.43 },
];

const DATA = NULL_GUARD + 0x4000;
const LENGTH = 1500;

/** r1 * 31 + r2. The JIT gets it as WebAssembly too, which is how hot helpers reach it. */
const STEP: HelperImplementation = {
  id: 1,
  name: 'step',
  parameters: ['i64', 'i64'],
  result: 'i64',
  call: (a: bigint, b: bigint) => BigInt.asIntN(64, a * 31n + b),
};

const STEP_MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x07, 0x01, 0x60, 0x02, 0x7e, 0x7e, 0x01, 0x7e],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00],
  ...[0x0a, 0x0c, 0x01, 0x0a, 0x00, 0x20, 0x00, 0x42, 0x1f, 0x7e, 0x20, 0x01, 0x7c, 0x0b],
]);

function createHost(): ExecutionHost {
  return {
    memory: new WebAssembly.Memory({ initial: 4 }),
    stackBase: NULL_GUARD,
    frameSize: 512,
    maxFrames: 16,
    pendingTailCall: undefined,
    maxTailCalls: 33,
  };
}

/** An Ethernet frame with IPv4 and TCP headers whose lengths agree, and pseudo-random payload. */
function packet(): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  for (let index = 0, seed = 1; index < LENGTH; index++) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    bytes[index] = seed >>> 16;
  }
  bytes.set([0x08, 0x00, 0x45, 0x00, (LENGTH - 14) >> 8, (LENGTH - 14) & 0xff], 12);
  bytes[23] = 6;
  return bytes;
}

function load(name: string): ExecutableProgram {
  const file = new URL(`programs/${name}.o`, import.meta.url);
  const object = loadObject(readFileSync(file), file.pathname);
  const program = object.programs.find((one) => one.section === 'bench' && one.functions.length > 0 && one.name === name.slice(2));
  if (program === undefined) throw new Error(`${name}.o holds no program ${name.slice(2)}`);
  return { name, instructions: program.instructions, helpers: new Map([[1, STEP]]), kfuncs: new Map(), resolve: () => 0n };
}

interface Measured {
  /** Nanoseconds of a run in the quietest twentieth of the rounds: what the program costs when nobody else uses the processor. */
  readonly quiet: number;
  readonly median: number;
}

/**
 * Nanoseconds of one run of each program. Rounds are a fraction of a millisecond, shorter than a time slice, and the programs take turns,
 * so that what else the machine does falls on all of them alike and leaves some rounds of each alone.
 */
function measure(programs: readonly Pick<CompiledProgram, 'run32'>[], seconds = 1): Measured[] {
  const round = (program: Pick<CompiledProgram, 'run32'>, times: number) => {
    const start = process.hrtime.bigint();
    for (let index = 0; index < times; index++) program.run32(DATA, LENGTH);
    return Number(process.hrtime.bigint() - start);
  };
  const repeats = programs.map((program) => {
    // Long enough for V8 to have compiled what it will compile.
    const until = performance.now() + 200;
    let runs = 0;
    let spent = 0;
    while (performance.now() < until) {
      spent += round(program, 1);
      runs++;
    }
    return Math.max(1, Math.round(200_000 / (spent / runs)));
  });
  const times: number[][] = programs.map(() => []);
  const until = performance.now() + 1000 * seconds * programs.length;
  while (performance.now() < until)
    for (const [index, program] of programs.entries()) times[index]!.push(round(program, repeats[index]!) / repeats[index]!);
  return times.map((list) => {
    list.sort((a, b) => a - b);
    return { quiet: list[Math.floor(list.length / 20)]!, median: list[list.length >> 1]! };
  });
}

function prepare(engine: Engine, program: ExecutableProgram): CompiledProgram {
  const host = createHost();
  new Uint8Array(host.memory.buffer).set(packet(), DATA);
  return engine.compile(program, host);
}

function main(): void {
  const wanted = process.argv.slice(2);
  const step = new WebAssembly.Instance(new WebAssembly.Module(STEP_MODULE)).exports.f as (a: bigint, b: bigint) => bigint;
  const engines: readonly Engine[] = [createJit(), createInterpreter()];
  const ratios: number[][] = engines.map(() => []);
  console.log('ns per instruction in quiet rounds (median of all), and the ratio of the quiet ones to the peer');
  console.log(
    `${'program'.padEnd(28)}${'executed'.padStart(10)}${'JIT'.padStart(18)}${'uBPF JIT'.padStart(10)}${'ratio'.padStart(8)}${'interpreter'.padStart(18)}${'uBPF int.'.padStart(10)}${'ratio'.padStart(8)}`,
  );
  for (const row of ROWS) {
    if (wanted.length > 0 && !wanted.includes(row.name)) continue;
    const program = load(row.name);
    const memory = new Uint8Array(0x4_0000);
    memory.set(packet(), DATA);
    const helpers = new Map([[1, (r: readonly bigint[]) => r[1]! * 31n + r[2]!]]);
    const expected = evaluate(program.instructions, {
      memory,
      framePointer: NULL_GUARD + 512,
      frameSize: 512,
      maxFrames: 16,
      registers: [0n, BigInt(DATA), BigInt(LENGTH)],
      helpers,
    });
    let line = `${row.what.padEnd(28)}${String(expected.steps).padStart(10)}`;
    engines.forEach((engine, index) => {
      const fast = engine.name === 'jit' ? { ...program, helpers: new Map([[1, { ...STEP, call: step }]]) } : program;
      const compiled = prepare(engine, fast);
      const got = compiled.run(DATA, LENGTH);
      if (got !== expected.r0) throw new Error(`${row.name}: ${engine.name} returns 0x${got.toString(16)}, not 0x${expected.r0.toString(16)}`);
      const { quiet, median } = measure([compiled])[0]!;
      const peer = index === 0 ? row.ubpfJit : row.ubpfInterpreter;
      const ratio = quiet / expected.steps / peer;
      ratios[index]!.push(ratio);
      line += `${(quiet / expected.steps).toFixed(3).padStart(10)} (${(median / expected.steps).toFixed(3)})${String(peer).padStart(10)}${ratio.toFixed(2).padStart(8)}`;
    });
    console.log(line);
  }
  engines.forEach((engine, index) => {
    console.log(
      `${engine.name}: geometric mean of the ratios ${Math.exp(ratios[index]!.reduce((sum, one) => sum + Math.log(one), 0) / ratios[index]!.length).toFixed(3)}, largest ${Math.max(...ratios[index]!).toFixed(2)}`,
    );
  });
  lookups();
  latency();
}

/**
 * Nanoseconds per bpf_map_lookup_elem over existing keys: a loop with lookups less the same loop with a constant in their place, and with
 * the loop. Lookups do not wait for each other; nor do those of most programs.
 */
function lookups(): void {
  const count = 2000;
  for (const { type, keySize } of [
    { type: 'array', keySize: 4 },
    { type: 'hash', keySize: 4 },
    { type: 'hash', keySize: 16 },
  ]) {
    const bench = mapBench('linux');
    const map = bench.make(type, keySize, 8, 1024);
    for (let index = 0; index < 1000; index++) {
      const key = new Uint8Array(keySize);
      new DataView(key.buffer).setUint32(0, index, true);
      map.update(key, new Uint8Array(8).fill(1));
    }
    const stack = bench.environment.memory.allocate(8 * 512, 'stack', 'stack');
    const host: ExecutionHost = { ...createHost(), memory: bench.environment.memory.memory, stackBase: stack, maxFrames: 8 };
    const instructions = [
      ...assemble(
        'mov %r6, 0\nmov %r7, 0\nstdw [%r10-8], 0\nstdw [%r10-16], 0\nl:\nmov %r1, %r6\nmod32 %r1, 1000\nstxw [%r10-16], %r1\nmov %r2, %r10\nadd %r2, -16',
      ),
      { kind: 'lddw', dst: 1, source: 'map_fd', low: 0, high: 0 } as const,
      undefined,
      ...assemble(`call 1\njeq %r0, 0, +2\nldxdw %r1, [%r0]\nadd %r7, %r1\nadd %r6, 1\njlt %r6, ${count}, -13\nmov %r0, %r7\nexit`),
    ];
    const helper: HelperImplementation = {
      id: 1,
      name: 'bpf_map_lookup_elem',
      parameters: ['u32', 'u32'],
      result: 'u32',
      call: (_map: number, key: number) => map.programLookup(key),
    };
    const program: ExecutableProgram = {
      name: type,
      instructions,
      helpers: new Map([[1, helper]]),
      kfuncs: new Map(),
      resolve: () => BigInt(map.handle),
    };
    const constant = BigInt(map.programLookup(bench.place(new Uint8Array(keySize))));
    const idle: InlineHelper = { expand: () => (call) => call.writer.i64Halves(Number(constant), 0) };
    const engines = [
      createJit({ inlineHelpers: new Map([[1, mapLookup((handle) => (handle === map.handle ? map.layout : undefined))]]) }),
      createJit(),
      createInterpreter(),
      createJit({ inlineHelpers: new Map([[1, idle]]) }),
    ];
    const programs = engines.map((engine) => {
      const compiled = engine.compile(program, host);
      const got = compiled.run(0);
      if (got !== (BigInt(count) * 0x0101_0101_0101_0101n) % (1n << 64n)) throw new Error(`${type}: the lookups found 0x${got.toString(16)}`);
      return compiled;
    });
    const [inPlace = 0, byHelper = 0, interpreted = 0, loop = 0] = measure(programs).map(({ quiet }) => quiet / count);
    console.log(
      `lookup in ${type}, ${keySize}-byte key, 1,000 entries: ${(inPlace - loop).toFixed(1)} ns in place (${inPlace.toFixed(1)} with the loop), ${(byHelper - loop).toFixed(1)} ns by helper, interpreter ${interpreted.toFixed(1)} ns with the loop`,
    );
  }
}

/** Time to translate a program of some 4,000 instructions, and the cost of one run of the smallest program. */
function latency(): void {
  const body = load('g_bits').instructions;
  const long: ExecutableProgram['instructions'][number][] = [];
  while (long.length < 4000) long.push(...body.slice(0, 76).map((one) => (one?.kind === 'branch' ? { ...one, offset: 0 } : one)));
  long.push({ kind: 'exit' });
  const program: ExecutableProgram = { name: 'long', instructions: long, helpers: new Map(), kfuncs: new Map(), resolve: () => 0n };
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 60; round++) {
    const start = performance.now();
    bytes = translate([program], { frameSize: 512, maxFrames: 8, stackBase: NULL_GUARD, values: 'baked' }).bytes.length;
    times.push(performance.now() - start);
  }
  console.log(
    `translate ${long.length} slots (${bytes} bytes): first ${times[0]!.toFixed(2)} ms, warm ${times
      .slice(30)
      .sort((a, b) => a - b)[15]!
      .toFixed(2)} ms`,
  );
  const two: ExecutableProgram = {
    ...program,
    instructions: [{ kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'register', register: 2 } }, { kind: 'exit' }],
  };
  const compiled = prepare(createJit(), two);
  const runs = 1000;
  const [single, repeated] = measure([compiled, { run32: (r1, r2 = 0) => repeat(compiled, r1, r2, runs).result }]);
  console.log(
    `two-instruction program: ${single!.quiet.toFixed(1)} ns a run, ${(repeated!.quiet / runs).toFixed(1)} ns when repeated as test program does`,
  );
}

main();
