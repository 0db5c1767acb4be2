import type { Instruction, LoadImmediate } from '../../isa/instruction.ts';
import { type ArgumentType, type ExecutableProgram, ExecutionFault, type HelperImplementation, type ResultType } from '../engine.ts';
import type { Activation, ImportedHelper, ProgramContext, ServiceImports } from './emission.ts';
import { FunctionWriter, type TrapSites } from './function-writer.ts';
import { analyseFunctions, type EbpfFunction } from './functions.ts';
import type { InlineHelper } from './inline-helper.ts';
import { inlinesEntry, mayGotoLocal, registerLocals, writeFunction, writeInlineEntry } from './structure.ts';
import { F64, type FunctionType, I32, I64, ModuleWriter, OP, type ValueType } from './wasm.ts';

/** V8 refuses larger function bodies (kV8MaxWasmFunctionSize in src/wasm/wasm-limits.h). */
const MAXIMUM_BODY = 7_654_321;

export interface TranslateOptions {
  /** Bytes per stack frame. */
  readonly frameSize: number;
  readonly maxFrames: number;
  /** Address of the stack; undefined: the module imports it as global `env.stackBase`. */
  readonly stackBase: number | undefined;
  /** `baked`: values of LDDWs are asked for now; `imported`: they are globals `value.<source>.<low>.<high>` of the module. */
  readonly values: 'baked' | 'imported';
  /** Faults after so many turns of loops and calls of functions; undefined: no limit. */
  readonly budget?: number | undefined;
  readonly inlineHelpers?: ReadonlyMap<number, InlineHelper> | undefined;
}

/** A function that the module imports under module `kind`, name `name`. */
export interface HelperImport {
  readonly kind: 'helper' | 'kfunc';
  readonly name: string;
  readonly id: number;
  readonly parameters: readonly ArgumentType[];
  readonly result: ResultType;
}

/** Where code that may trap lies in the module, for one WebAssembly function. */
export interface FunctionTraps {
  readonly program: number;
  /** Offsets in the module's bytes of the function's body. */
  readonly start: number;
  readonly end: number;
  /** Relative to `start`, ascending. */
  readonly offsets: readonly number[];
  readonly slots: readonly number[];
}

export interface Translation {
  readonly bytes: Uint8Array;
  readonly helperImports: readonly HelperImport[];
  /** What inlined helpers import, under module `inline`. */
  readonly inlineImports: readonly { readonly name: string; readonly function: (...args: never[]) => unknown }[];
  /** The LDDWs of each program whose value is not in the instruction, by program; one of each kind. */
  readonly values: readonly (readonly LoadImmediate[])[];
  /** Slots whose code address each program takes, by program: exported as `<program index>.callback.<slot>`. */
  readonly callbacks: readonly (readonly number[])[];
  readonly traps: readonly FunctionTraps[];
}

const VALUE_TYPE: { readonly [K in ArgumentType]: ValueType } = { u32: I32, i32: I32, i64: I64, flags: I32 };
const RESULT_TYPE: { readonly [K in ResultType]: readonly ValueType[] } = { u32: [I32], i32: [I32], i64: [I64], none: [] };

/**
 * Translates linked programs into one WebAssembly module. Program n is exported as `n.run` (i32 r1, i32 r2) -> i64 r0 and `n.run32`, whose
 * result is the low half of r0; `n.repeat32` takes a number of runs as well, and `left` tells how many were left when one trapped. The module imports `env.memory`, the services of `ServiceImports`, and the helpers the programs call.
 * Throws an `ExecutionFault` of kind `unsupported` for a function that is too large for V8.
 */
export function translate(programs: readonly ExecutableProgram[], options: TranslateOptions): Translation {
  const module = new ModuleWriter();
  const services: ServiceImports = {
    fault: module.importFunction('env', 'fault', { parameters: [I32, I32], results: [] }),
    leave: module.importFunction('env', 'leave', { parameters: [], results: [] }),
    packetLoad: module.importFunction('env', 'packetLoad', { parameters: [I32, I32, I32], results: [F64] }),
    callHelper: module.importFunction('env', 'callHelper', { parameters: [I64, I64, I64, I64, I64, I64], results: [I64] }),
  };
  const imports = new HelperImports(module, options.inlineHelpers);
  const helpers = programs.map((program) => imports.used(program));
  const values = new ValueImports(module, options.values);
  if (options.values === 'imported') for (const program of programs) values.importAll(program);
  const stackBase =
    options.stackBase === undefined
      ? ({ kind: 'global', index: module.importGlobal('env', 'stackBase', I32) } as const)
      : ({ kind: 'constant', address: options.stackBase } as const);
  const traps: { program: number; offsets: number[]; slots: number[] }[] = [];
  const budget = options.budget === undefined ? undefined : module.defineGlobal(I64, 0);
  const left = module.defineGlobal(I32, 0);
  const callbacks: (readonly number[])[] = [];

  programs.forEach((program, number) => {
    const functions = analyseFunctions(program, options.maxFrames);
    const calledInside = [...functions.functions.values()].some((one) => one.callees.includes(0)) || functions.addressTaken.includes(0);
    // A small entry function is written into its wrappers, and nothing else calls it.
    const standing = [...functions.functions].filter(([entry, one]) => entry !== 0 || calledInside || !inlinesEntry(one));
    const indexes = new Map<number, number>();
    for (const [entry] of standing) indexes.set(entry, module.declareFunction());
    const context: ProgramContext = {
      program,
      functions,
      services,
      helpers: helpers[number]!.helpers,
      kfuncs: helpers[number]!.kfuncs,
      frameSize: options.frameSize,
      stackBase,
      maxFrames: options.maxFrames,
      callbackFrame: functions.addressTaken.length > 0 ? module.defineGlobal(I32, 0) : undefined,
      budget,
      resolved: values.pusher(program),
      functionIndex: (entry) => indexes.get(entry)!,
    };
    for (const [entry, one] of standing) {
      const { body, writer } = translateFunction(context, one, entry === 0 && !calledInside);
      if (body.length > MAXIMUM_BODY) {
        throw new ExecutionFault(
          'unsupported',
          `the function at instruction ${entry} takes ${body.length} bytes of WebAssembly, more than the ${MAXIMUM_BODY} that can be run`,
          entry,
        );
      }
      module.defineFunction(indexes.get(entry)!, functionType(one, entry === 0 && !calledInside), body);
      traps.push({ program: number, ...writer.traps });
    }
    traps.push({ program: number, ...defineEntry(module, context, `${number}.run`, !calledInside, I64, options.budget).traps });
    const run32 = defineEntry(module, context, `${number}.run32`, !calledInside, I32, options.budget);
    traps.push({ program: number, ...run32.traps }, { program: number, offsets: [], slots: [] });
    defineRepeat(module, `${number}.repeat32`, run32.index, left);
    for (const entry of functions.addressTaken) {
      defineCallback(module, context, `${number}.callback.${entry}`, entry);
      traps.push({ program: number, offsets: [], slots: [] });
    }
    callbacks.push(functions.addressTaken);
  });

  defineLeft(module, left);
  const { bytes, bodyOffsets } = module.finish();
  return {
    bytes,
    helperImports: imports.imported,
    inlineImports: imports.inlined,
    values: programs.map(resolvedLoads),
    callbacks,
    traps: traps.map((one, index) => ({ ...one, start: bodyOffsets[index]!, end: bodyOffsets[index + 1] ?? bytes.length })),
  };
}

/** The slot of the instruction that trapped at a byte offset of the module. */
export function slotOfTrap(traps: readonly FunctionTraps[], offset: number): number | undefined {
  const inside = traps.find((one) => offset >= one.start && offset < one.end);
  if (inside === undefined) return undefined;
  let found: number | undefined;
  for (let index = 0; index < inside.offsets.length && inside.start + inside.offsets[index]! <= offset; index++) found = inside.slots[index];
  return found;
}

/** The entry keeps its frame's address as a constant (or loads it from the global); others get it as their last parameter. */
function functionType(target: EbpfFunction, isRoot: boolean): FunctionType {
  const parameters: ValueType[] = [];
  for (let register = 0; register < 10; register++) if ((target.parameters >> register) & 1) parameters.push(I64);
  if (target.needsFrame && !isRoot) parameters.push(I32);
  return { parameters, results: [I64] };
}

function translateFunction(context: ProgramContext, target: EbpfFunction, isRoot: boolean): { body: Uint8Array; writer: FunctionWriter } {
  const { parameters } = functionType(target, isRoot);
  const writer = new FunctionWriter(parameters.length);
  let next = 0;
  const registers = registerLocals(target, writer, (register) => ((target.parameters >> register) & 1 ? next++ : undefined));
  const frame = isRoot ? rootFrame(context, writer) : { frameLocal: target.needsFrame ? parameters.length - 1 : -1, frameOffset: 0 };
  const activation: Activation = {
    function: target,
    registers,
    ...frame,
    inlined: undefined,
    isRoot,
    mayGoto: mayGotoLocal(target, context, writer),
  };
  writeFunction(context, writer, activation);
  return { body: writer.finish(), writer };
}

/** The exported wrapper of a program: r1 and r2 come as i32, the other registers that its entry function reads are zero. */
function defineEntry(
  module: ModuleWriter,
  context: ProgramContext,
  name: string,
  isRoot: boolean,
  result: typeof I32 | typeof I64,
  budget: number | undefined,
): { readonly index: number; readonly traps: TrapSites } {
  const target = context.functions.functions.get(0)!;
  const writer = new FunctionWriter(2);
  if (budget !== undefined && context.budget !== undefined) {
    writer.i64Halves(budget, Math.floor(budget / 0x1_0000_0000));
    writer.globalSet(context.budget);
  }
  const parameters = ([0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const).filter((register) => (target.parameters >> register) & 1);
  const push = (register: number) => {
    if (register === 1 || register === 2) {
      writer.get(register - 1);
      writer.op(OP.i64_extend_i32_u);
    } else writer.i64(0);
  };
  if (isRoot && inlinesEntry(target)) {
    const local = writeInlineEntry(context, writer, rootFrame(context, writer), (registers) => {
      for (const register of parameters) {
        push(register);
        writer.set(registers[register]!);
      }
    });
    writer.get(local);
  } else {
    for (const register of parameters) push(register);
    if (target.needsFrame && !isRoot) pushStackBase(writer, context);
    writer.call(context.functionIndex(0));
  }
  if (result === I32) writer.op(OP.i32_wrap_i64);
  writer.op(OP.end);
  const index = module.declareFunction();
  module.defineFunction(index, { parameters: [I32, I32], results: [result] }, writer.finish());
  module.exportFunction(name, index);
  return { index, traps: writer.traps };
}

/** Runs an entry (r1, r2) -> i32 so many times on end: from outside every run would cost a call into WebAssembly. */
function defineRepeat(module: ModuleWriter, name: string, entry: number, left: number): void {
  const writer = new FunctionWriter(3);
  const result = writer.local(I32);
  const again = writer.depth;
  writer.open(OP.loop);
  writer.get(2);
  writer.globalSet(left);
  writer.get(0);
  writer.get(1);
  writer.call(entry);
  writer.set(result);
  writer.get(2);
  writer.i32(1);
  writer.op(OP.i32_sub);
  writer.tee(2);
  writer.branch(OP.br_if, again);
  writer.end();
  writer.get(result);
  writer.op(OP.end);
  const index = module.declareFunction();
  module.defineFunction(index, { parameters: [I32, I32, I32], results: [I32] }, writer.finish());
  module.exportFunction(name, index);
}

/** Exports what is left of the last `repeat32`, the run that it was at included. */
function defineLeft(module: ModuleWriter, left: number): void {
  const writer = new FunctionWriter(0);
  writer.globalGet(left);
  writer.op(OP.end);
  const index = module.declareFunction();
  module.defineFunction(index, { parameters: [], results: [I32] }, writer.finish());
  module.exportFunction('left', index);
}

/** The first frame: a constant address, or a local that holds the imported one. */
function rootFrame(context: ProgramContext, writer: FunctionWriter): { frameLocal: number; frameOffset: number } {
  const { stackBase } = context;
  if (stackBase.kind === 'constant') return { frameLocal: -1, frameOffset: stackBase.address };
  const frameLocal = writer.local(I32);
  writer.globalGet(stackBase.index);
  writer.set(frameLocal);
  return { frameLocal, frameOffset: 0 };
}

function pushStackBase(writer: FunctionWriter, context: ProgramContext): void {
  if (context.stackBase.kind === 'constant') writer.i32(context.stackBase.address);
  else writer.globalGet(context.stackBase.index);
}

/** The exported wrapper of a function whose address is taken: (r1 .. r5) -> r0. The frame is put back for the helper's next call. */
function defineCallback(module: ModuleWriter, context: ProgramContext, name: string, entry: number): void {
  const target = context.functions.functions.get(entry)!;
  const writer = new FunctionWriter(5);
  const frame = writer.local(I32);
  writer.globalGet(context.callbackFrame!);
  writer.set(frame);
  for (let register = 0; register < 10; register++) {
    if (((target.parameters >> register) & 1) === 0) continue;
    if (register >= 1 && register <= 5) writer.get(register - 1);
    else writer.i64(0);
  }
  if (target.needsFrame) writer.get(frame);
  writer.call(context.functionIndex(entry));
  writer.get(frame);
  writer.globalSet(context.callbackFrame!);
  writer.op(OP.end);
  const index = module.declareFunction();
  module.defineFunction(index, { parameters: [I64, I64, I64, I64, I64], results: [I64] }, writer.finish());
  module.exportFunction(name, index);
}

/** Imports each helper that is called, once per signature. */
class HelperImports {
  readonly imported: HelperImport[] = [];
  readonly inlined: { name: string; function: (...args: never[]) => unknown }[] = [];
  readonly #module: ModuleWriter;
  readonly #inline: ReadonlyMap<number, InlineHelper> | undefined;
  readonly #indexes = new Map<string, number>();
  readonly #inlineIndexes = new Map<string, number>();

  constructor(module: ModuleWriter, inline: ReadonlyMap<number, InlineHelper> | undefined) {
    this.#module = module;
    this.#inline = inline;
  }

  used(program: ExecutableProgram): { helpers: Map<number, ImportedHelper>; kfuncs: Map<number, ImportedHelper> } {
    const helpers = new Map<number, ImportedHelper>();
    const kfuncs = new Map<number, ImportedHelper>();
    for (const instruction of program.instructions) {
      if (instruction?.kind === 'call') this.#add(helpers, 'helper', instruction.helper, program.helpers.get(instruction.helper));
      else if (instruction?.kind === 'call_btf') this.#add(kfuncs, 'kfunc', instruction.btfId, program.kfuncs.get(instruction.btfId));
    }
    return { helpers, kfuncs };
  }

  #add(into: Map<number, ImportedHelper>, kind: 'helper' | 'kfunc', id: number, implementation: HelperImplementation | undefined): void {
    if (implementation === undefined || into.has(id)) return;
    const { parameters, result } = implementation;
    const name = `${id}(${parameters.join()})${result}`;
    const key = `${kind}.${name}`;
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#module.importFunction(kind, name, { parameters: parameters.map((type) => VALUE_TYPE[type]), results: RESULT_TYPE[result] });
      this.#indexes.set(key, index);
      this.imported.push({ kind, name, id, parameters, result });
    }
    const inline = kind === 'helper' ? this.#inline?.get(id) : undefined;
    into.set(id, { implementation, index, inline, inlineImports: (inline?.imports ?? []).map((one) => this.#inlineImport(one)) });
  }

  #inlineImport(one: NonNullable<InlineHelper['imports']>[number]): number {
    const known = this.#inlineIndexes.get(one.name);
    if (known !== undefined) return known;
    const index = this.#module.importFunction('inline', one.name, one.type);
    this.#inlineIndexes.set(one.name, index);
    this.inlined.push({ name: one.name, function: one.function });
    return index;
  }
}

/** Values of LDDWs other than immediates and code addresses: baked into the code, or globals of the module. */
class ValueImports {
  readonly #module: ModuleWriter;
  readonly #mode: 'baked' | 'imported';
  readonly #globals = new Map<string, number>();

  constructor(module: ModuleWriter, mode: 'baked' | 'imported') {
    this.#module = module;
    this.#mode = mode;
  }

  importAll(program: ExecutableProgram): void {
    for (const instruction of program.instructions) {
      const name = valueName(instruction);
      if (name !== undefined && !this.#globals.has(name)) this.#globals.set(name, this.#module.importGlobal('value', name, I64));
    }
  }

  pusher(program: ExecutableProgram): ProgramContext['resolved'] {
    return (writer, slot) => {
      const instruction = program.instructions[slot];
      if (this.#mode === 'imported') {
        writer.globalGet(this.#globals.get(valueName(instruction)!)!);
        return undefined;
      }
      if (instruction?.kind !== 'lddw') throw new TypeError(`instruction ${slot} loads no value`);
      const value = BigInt.asUintN(64, program.resolve(instruction));
      writer.i64Halves(Number(value & 0xffff_ffffn), Number(value >> 32n));
      return value;
    };
  }
}

function resolvedLoads(program: ExecutableProgram): LoadImmediate[] {
  const loads = new Map<string, LoadImmediate>();
  for (const instruction of program.instructions) {
    const name = valueName(instruction);
    if (name !== undefined && instruction?.kind === 'lddw') loads.set(name, instruction);
  }
  return [...loads.values()];
}

/** The name of the global for an LDDW's value in an image: `map_fd.3.0`. */
export function valueName(instruction: Instruction | undefined): string | undefined {
  if (instruction?.kind !== 'lddw' || instruction.source === 'immediate' || instruction.source === 'code') return undefined;
  return `${instruction.source}.${instruction.low}.${instruction.high}`;
}
