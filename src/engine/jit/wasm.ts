import { Bytes } from './bytes.ts';

/** Value types (WebAssembly core specification, section 5.3.1). */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F64 = 0x7c;
/** The block type of a block without result. */
export const VOID = 0x40;
export type ValueType = typeof I32 | typeof I64 | typeof F64;

/** Opcodes by their name in the specification (section 5.4), as far as the translator emits them. */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  global_set: 0x24,
  i32_load: 0x28,
  i64_load: 0x29,
  i32_load8_u: 0x2d,
  i32_load16_u: 0x2f,
  i64_load8_s: 0x30,
  i64_load8_u: 0x31,
  i64_load16_s: 0x32,
  i64_load16_u: 0x33,
  i64_load32_s: 0x34,
  i64_load32_u: 0x35,
  i32_store: 0x36,
  i64_store: 0x37,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
  i32_const: 0x41,
  i64_const: 0x42,
  f64_const: 0x44,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_s: 0x53,
  i64_lt_u: 0x54,
  i64_gt_s: 0x55,
  i64_gt_u: 0x56,
  i64_le_s: 0x57,
  i64_le_u: 0x58,
  i64_ge_s: 0x59,
  i64_ge_u: 0x5a,
  f64_lt: 0x63,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_div_u: 0x6e,
  i32_rem_s: 0x6f,
  i32_rem_u: 0x70,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i32_rotl: 0x77,
  i32_rotr: 0x78,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_div_s: 0x7f,
  i64_div_u: 0x80,
  i64_rem_s: 0x81,
  i64_rem_u: 0x82,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_xor: 0x85,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  i64_trunc_f64_u: 0xb1,
  i32_extend8_s: 0xc0,
  i32_extend16_s: 0xc1,
  i64_extend8_s: 0xc2,
  i64_extend16_s: 0xc3,
  i64_extend32_s: 0xc4,
  simd: 0xfd,
} as const;

/** Vector opcodes behind the `simd` prefix. */
export const SIMD = { v128_const: 12, i8x16_shuffle: 13, i64x2_splat: 18, i64x2_extract_lane: 29 } as const;

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface ImportedFunction {
  readonly module: string;
  readonly name: string;
  readonly type: number;
}
interface ImportedGlobal {
  readonly module: string;
  readonly name: string;
  readonly type: ValueType;
}
interface DefinedFunction {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Section ids (section 5.5.2). */
const SECTION = { custom: 0, type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const;
const EXTERNAL = { function: 0, memory: 2, global: 3 } as const;

/** A finished module and where its function bodies lie in it. */
export interface BuiltModule {
  readonly bytes: Uint8Array;
  /** Byte offset in `bytes` of the first byte of each defined function's body (its local declarations), by definition order. */
  readonly bodyOffsets: readonly number[];
}

/**
 * Collects the parts of one WebAssembly module and writes them in binary form.
 * Function indexes count imports first: import everything before asking for the index of a defined function.
 */
export class ModuleWriter {
  readonly #types = new Map<string, number>();
  readonly #typeList: FunctionType[] = [];
  readonly #functionImports: ImportedFunction[] = [];
  readonly #globalImports: ImportedGlobal[] = [];
  readonly #globals: { type: ValueType; initial: number }[] = [];
  readonly #functions: (DefinedFunction | undefined)[] = [];
  readonly #exports: { name: string; index: number }[] = [];
  readonly #custom: { name: string; content: Uint8Array }[] = [];

  type(type: FunctionType): number {
    const key = `${type.parameters.join()}>${type.results.join()}`;
    const known = this.#types.get(key);
    if (known !== undefined) return known;
    this.#types.set(key, this.#typeList.length);
    return this.#typeList.push(type) - 1;
  }

  importFunction(module: string, name: string, type: FunctionType): number {
    return this.#functionImports.push({ module, name, type: this.type(type) }) - 1;
  }

  /** An immutable global. */
  importGlobal(module: string, name: string, type: ValueType): number {
    return this.#globalImports.push({ module, name, type }) - 1;
  }

  /** A mutable global of this module; its index is final once all global imports are made. */
  defineGlobal(type: ValueType, initial: number): number {
    return this.#globalImports.length + this.#globals.push({ type, initial }) - 1;
  }

  /** Reserves the index of a function whose body comes later. */
  declareFunction(): number {
    return this.#functionImports.length + this.#functions.push(undefined) - 1;
  }

  /** `body`: local declarations and code, without the size prefix. */
  defineFunction(index: number, type: FunctionType, body: Uint8Array): void {
    this.#functions[index - this.#functionImports.length] = { type: this.type(type), body };
  }

  exportFunction(name: string, index: number): void {
    this.#exports.push({ name, index });
  }

  /** Custom sections follow all others. */
  custom(name: string, content: Uint8Array): void {
    this.#custom.push({ name, content });
  }

  finish(): BuiltModule {
    const functions = this.#functions.map((one, index) => {
      if (one === undefined) throw new Error(`function ${index} has no body`);
      return one;
    });
    const out = new Bytes(1024 + functions.reduce((sum, one) => sum + one.body.length + 5, 0));
    out.bytes([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
    section(out, SECTION.type, (s) => {
      s.u32(this.#typeList.length);
      for (const type of this.#typeList) {
        s.byte(0x60);
        s.u32(type.parameters.length);
        s.bytes(type.parameters);
        s.u32(type.results.length);
        s.bytes(type.results);
      }
    });
    section(out, SECTION.import, (s) => {
      s.u32(1 + this.#functionImports.length + this.#globalImports.length);
      s.name('env');
      s.name('memory');
      s.bytes([EXTERNAL.memory, 0x00, 0x00]);
      for (const one of this.#functionImports) {
        s.name(one.module);
        s.name(one.name);
        s.byte(EXTERNAL.function);
        s.u32(one.type);
      }
      for (const one of this.#globalImports) {
        s.name(one.module);
        s.name(one.name);
        s.bytes([EXTERNAL.global, one.type, 0x00]);
      }
    });
    section(out, SECTION.function, (s) => {
      s.u32(functions.length);
      for (const one of functions) s.u32(one.type);
    });
    if (this.#globals.length > 0) {
      section(out, SECTION.global, (s) => {
        s.u32(this.#globals.length);
        for (const one of this.#globals) {
          s.bytes([one.type, 0x01, one.type === I64 ? OP.i64_const : OP.i32_const]);
          s.s32(one.initial);
          s.byte(OP.end);
        }
      });
    }
    section(out, SECTION.export, (s) => {
      s.u32(this.#exports.length);
      for (const one of this.#exports) {
        s.name(one.name);
        s.byte(EXTERNAL.function);
        s.u32(one.index);
      }
    });
    const bodyOffsets = writeCode(out, functions);
    for (const one of this.#custom) {
      section(out, SECTION.custom, (s) => {
        s.name(one.name);
        s.bytes(one.content);
      });
    }
    return { bytes: out.view(), bodyOffsets };
  }
}

function section(out: Bytes, id: number, fill: (content: Bytes) => void): void {
  const content = new Bytes();
  fill(content);
  out.byte(id);
  out.u32(content.length);
  out.bytes(content.view());
}

/** Written without an intermediate copy: it is nearly the whole module. */
function writeCode(out: Bytes, functions: readonly DefinedFunction[]): number[] {
  const size = functions.reduce((sum, one) => sum + leb128Size(one.body.length) + one.body.length, leb128Size(functions.length));
  out.byte(SECTION.code);
  out.u32(size);
  out.u32(functions.length);
  return functions.map((one) => {
    out.u32(one.body.length);
    const start = out.length;
    out.bytes(one.body);
    return start;
  });
}

function leb128Size(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}
