import {
  type CompiledProgram,
  type ExecutableProgram,
  ExecutionFault,
  type ExecutionHost,
  type HelperImplementation,
  slotOfCodeAddress,
} from '../engine.ts';
import { type Repetition, repeatSingly } from '../repeat.ts';
import { followTailCalls, followTailCalls32 } from '../tail-calls.ts';
import { FAULTS } from './emission.ts';
import type { Translation } from './translate.ts';
import { valueName } from './translate.ts';

/** What linking needs to know of a translation; the bytes themselves are in the compiled module. */
export type LinkInfo = Pick<Translation, 'helperImports' | 'inlineImports' | 'values' | 'callbacks'>;

/** What a program is linked with. */
export type LinkedNames = Omit<ExecutableProgram, 'instructions'>;

/** Thrown through the generated code by a tail call below the entry function. */
const LEAVE = new Error('left for a tail call');

const FAULT_WORDS: { readonly [K in (typeof FAULTS)[number]]: string } = {
  undefined: 'there is no such function or instruction',
  frames: 'too many nested calls',
  budget: 'the program ran longer than it may',
  unsupported: 'the instruction cannot be run',
};

/**
 * Instantiates program `number` of a compiled module for one host.
 * `locate` gives the slot of an instruction from the byte offset at which V8 says it trapped.
 */
export function link(
  module: WebAssembly.Module,
  info: LinkInfo,
  number: number,
  program: LinkedNames,
  host: ExecutionHost,
  locate: (offset: number) => number | undefined,
): CompiledProgram {
  const imports: { [module: string]: Record<string, WebAssembly.ImportValue> } = {
    env: {
      memory: host.memory,
      stackBase: host.stackBase,
      fault: (kind: number, slot: number) => {
        const name = FAULTS[kind] ?? 'undefined';
        throw new ExecutionFault(name, FAULT_WORDS[name], slot);
      },
      leave: () => {
        throw LEAVE;
      },
      packetLoad: (context: number, offset: number, size: number) => loadFromPacket(host, context >>> 0, offset, size),
      callHelper: (value: bigint, ...registers: bigint[]) => callHelper(program, value, registers),
    },
    helper: {},
    kfunc: {},
    inline: {},
    value: {},
  };
  let tailCalls = false;
  for (const one of info.helperImports) {
    const implementation = (one.kind === 'helper' ? program.helpers : program.kfuncs).get(one.id);
    imports[one.kind]![one.name] = implementation === undefined ? missing(one.name) : adapt(implementation);
    if (implementation?.tailCall === true) tailCalls = true;
  }
  for (const one of info.inlineImports) imports.inline![one.name] = one.function;
  // Programs of one image share a module: what another one loads is never read here.
  info.values.forEach((loads, owner) => {
    for (const load of loads) {
      const name = valueName(load)!;
      if (owner !== number && name in imports.value!) continue;
      const value = owner === number ? program.resolve(load) : 0n;
      imports.value![name] = new WebAssembly.Global({ value: 'i64' }, BigInt.asIntN(64, value));
    }
  });
  const { exports } = new WebAssembly.Instance(module, imports);
  return new LinkedProgram(program.name, host, exports, number, info.callbacks[number] ?? [], tailCalls, locate);
}

type RepeatExport = (r1: number, r2: number, runs: number) => number;

class LinkedProgram implements CompiledProgram {
  readonly name: string;
  readonly #host: ExecutionHost;
  readonly #run: (r1: number, r2: number) => bigint;
  readonly #run32: (r1: number, r2: number) => number;
  /** Undefined in images of earlier versions. */
  readonly #repeat32: RepeatExport | undefined;
  readonly #left: (() => number) | undefined;
  readonly #callbacks: ReadonlyMap<number, (...registers: bigint[]) => bigint>;
  readonly #tailCalls: boolean;
  readonly #locate: (offset: number) => number | undefined;

  constructor(
    name: string,
    host: ExecutionHost,
    exports: Record<string, unknown>,
    number: number,
    callbacks: readonly number[],
    tailCalls: boolean,
    locate: (offset: number) => number | undefined,
  ) {
    this.name = name;
    this.#host = host;
    const exported = <T>(what: string): T => {
      const value = exports[`${number}.${what}`];
      if (typeof value !== 'function') throw new TypeError(`the module exports no function ${number}.${what}`);
      return value as T;
    };
    this.#run = exported('run');
    this.#run32 = exported('run32');
    this.#repeat32 = exports[`${number}.repeat32`] as RepeatExport | undefined;
    this.#left = exports.left as (() => number) | undefined;
    this.#callbacks = new Map(callbacks.map((slot) => [slot, exported(`callback.${slot}`)]));
    this.#tailCalls = tailCalls;
    this.#locate = locate;
  }

  run(r1: number, r2 = 0): bigint {
    return this.#tailCalls ? followTailCalls(this, this.#host, r1, r2) : this.enter(r1, r2);
  }

  run32(r1: number, r2 = 0): number {
    return this.#tailCalls ? followTailCalls32(this, this.#host, r1, r2) : this.enter32(r1, r2);
  }

  repeat32(r1: number, r2: number, runs: number): Repetition {
    if (this.#repeat32 === undefined || this.#left === undefined || this.#tailCalls || this.#callbacks.size > 0 || runs < 1) {
      return repeatSingly(this, r1, r2, runs);
    }
    try {
      return { runs, result: this.#repeat32(r1, r2, runs) >>> 0, error: undefined };
    } catch (error) {
      return { runs: runs - this.#left() + 1, result: 0, error: this.#explain(error) };
    }
  }

  enter(r1: number, r2: number): bigint {
    if (this.#callbacks.size > 0) return this.#withCallbacks(0n, () => BigInt.asUintN(64, this.#run(r1, r2)));
    try {
      return BigInt.asUintN(64, this.#run(r1, r2));
    } catch (error) {
      if (error === LEAVE) return 0n;
      throw this.#explain(error);
    }
  }

  enter32(r1: number, r2: number): number {
    if (this.#callbacks.size > 0) return this.#withCallbacks(0, () => this.#run32(r1, r2) >>> 0);
    try {
      return this.#run32(r1, r2) >>> 0;
    } catch (error) {
      if (error === LEAVE) return 0;
      throw this.#explain(error);
    }
  }

  /** `left` is the result of a program that was left for a tail call. */
  #withCallbacks<T>(left: T, run: () => T): T {
    const host = this.#host;
    const outer = host.callFunction;
    host.callFunction = (address, ...registers) => {
      const callback = this.#callbacks.get(slotOfCodeAddress(address));
      if (callback === undefined) throw new ExecutionFault('undefined', `no function has the address 0x${address.toString(16)}`);
      const [r1 = 0n, r2 = 0n, r3 = 0n, r4 = 0n, r5 = 0n] = registers;
      return BigInt.asUintN(64, callback(r1, r2, r3, r4, r5));
    };
    try {
      return run();
    } catch (error) {
      if (error === LEAVE) return left;
      throw this.#explain(error);
    } finally {
      host.callFunction = outer;
    }
  }

  /** Traps carry no instruction, but V8 names the byte offset of the innermost frame in the stack trace. */
  #explain(error: unknown): unknown {
    if (error instanceof WebAssembly.RuntimeError) {
      const offset = /wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(error.stack ?? '')?.[1];
      const slot = offset === undefined ? undefined : this.#locate(Number.parseInt(offset, 16));
      return new ExecutionFault('memory', `access outside the memory${slot === undefined ? '' : ` by instruction ${slot}`}`, slot);
    }
    if (error instanceof RangeError && /call stack/.test(error.message)) return new ExecutionFault('frames', FAULT_WORDS.frames);
    return error;
  }
}

function loadFromPacket(host: ExecutionHost, context: number, offset: number, size: number): number {
  if (host.packetLoad === undefined) throw new ExecutionFault('unsupported', 'this program type has no packet to load from');
  return host.packetLoad(context, offset, size as 1 | 2 | 4);
}

type Call = (...args: (number | bigint)[]) => number | bigint | undefined;

/** Generated code passes i32s, which arrive signed: parameters of type u32 and flags are made unsigned again. `mask` has a bit for each of them. */
const UNSIGNED: readonly ((call: Call, mask: number) => Call)[] = [
  (call) => call,
  (call) => (a) => call((a as number) >>> 0),
  (call, mask) => (a, b) => call(mask & 1 ? (a as number) >>> 0 : a!, mask & 2 ? (b as number) >>> 0 : b!),
  (call, mask) => (a, b, c) => call(mask & 1 ? (a as number) >>> 0 : a!, mask & 2 ? (b as number) >>> 0 : b!, mask & 4 ? (c as number) >>> 0 : c!),
  (call, mask) => (a, b, c, d) =>
    call(
      mask & 1 ? (a as number) >>> 0 : a!,
      mask & 2 ? (b as number) >>> 0 : b!,
      mask & 4 ? (c as number) >>> 0 : c!,
      mask & 8 ? (d as number) >>> 0 : d!,
    ),
  (call, mask) => (a, b, c, d, e) =>
    call(
      mask & 1 ? (a as number) >>> 0 : a!,
      mask & 2 ? (b as number) >>> 0 : b!,
      mask & 4 ? (c as number) >>> 0 : c!,
      mask & 8 ? (d as number) >>> 0 : d!,
      mask & 16 ? (e as number) >>> 0 : e!,
    ),
];

function adapt(implementation: HelperImplementation): (...args: never[]) => unknown {
  let mask = 0;
  implementation.parameters.forEach((type, index) => {
    if (type === 'u32' || type === 'flags') mask |= 1 << index;
  });
  if (mask === 0) return implementation.call;
  return UNSIGNED[implementation.parameters.length]!(implementation.call as Call, mask) as (...args: never[]) => unknown;
}

function missing(name: string): () => never {
  return () => {
    throw new ExecutionFault('undefined', `there is no helper ${name}`);
  };
}

/** callx with a value that is no code address: the id of a helper (conformance group callx). */
function callHelper(program: LinkedNames, value: bigint, registers: readonly bigint[]): bigint {
  const helper = program.helpers.get(Number(value));
  if (helper === undefined) throw new ExecutionFault('undefined', `there is no helper ${BigInt.asUintN(64, value)}`);
  const args = helper.parameters.map((type, index) => {
    const register = registers[index] ?? 0n;
    if (type === 'i64') return register;
    if (type === 'i32') return Number(BigInt.asIntN(32, register));
    const low = Number(BigInt.asUintN(32, register));
    return type === 'u32' || register >> 32n === 0n ? low : 0xffff_ffff;
  });
  const result = (helper.call as Call)(...args);
  if (helper.result === 'none' || result === undefined) return 0n;
  if (typeof result === 'bigint') return result;
  return helper.result === 'u32' ? BigInt.asUintN(32, BigInt(result)) : BigInt.asIntN(32, BigInt(result));
}
