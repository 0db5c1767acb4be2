import { Bytes } from './bytes.ts';
import { OP, SIMD, type ValueType, VOID } from './wasm.ts';

/** Code offset and eBPF slot of each instruction that may trap, in ascending order of both arrays' index. */
export interface TrapSites {
  readonly offsets: number[];
  readonly slots: number[];
}

/** Writes the body of one WebAssembly function: code, locals, label depth, and where it may trap. */
export class FunctionWriter {
  readonly code = new Bytes(1024);
  /** Labels open at this point, the function's own not counted. */
  depth = 0;
  readonly traps: TrapSites = { offsets: [], slots: [] };
  readonly #parameters: number;
  readonly #locals: ValueType[] = [];
  readonly #scratch = new Map<string, number>();

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** A new local, zero when the function begins. */
  local(type: ValueType): number {
    return this.#parameters + this.#locals.push(type) - 1;
  }

  /** A local that keeps nothing from one eBPF instruction to the next; `name` tells those apart that one instruction uses together. */
  scratch(type: ValueType, name: string): number {
    const key = `${type}${name}`;
    const known = this.#scratch.get(key);
    if (known !== undefined) return known;
    const made = this.local(type);
    this.#scratch.set(key, made);
    return made;
  }

  op(opcode: number): void {
    this.code.byte(opcode);
  }
  get(local: number): void {
    this.code.byte(OP.local_get);
    this.code.u32(local);
  }
  set(local: number): void {
    this.code.byte(OP.local_set);
    this.code.u32(local);
  }
  tee(local: number): void {
    this.code.byte(OP.local_tee);
    this.code.u32(local);
  }
  i32(value: number): void {
    this.code.byte(OP.i32_const);
    this.code.s32(value);
  }
  /** An int32 sign-extended to 64 bits. */
  i64(value: number): void {
    this.code.byte(OP.i64_const);
    this.code.s32(value);
  }
  i64Halves(low: number, high: number): void {
    this.code.byte(OP.i64_const);
    this.code.s64(low, high);
  }
  /** A load or store; the address is on the stack, `offset` is a uint32 that is added without wrapping. */
  memory(opcode: number, offset: number): void {
    this.code.byte(opcode);
    this.code.byte(0);
    this.code.u32(offset);
  }
  call(index: number): void {
    this.code.byte(OP.call);
    this.code.u32(index);
  }
  globalGet(index: number): void {
    this.code.byte(OP.global_get);
    this.code.u32(index);
  }
  globalSet(index: number): void {
    this.code.byte(OP.global_set);
    this.code.u32(index);
  }
  /** Opens a block, loop or if without result (or with `result`). */
  open(opcode: typeof OP.block | typeof OP.loop | typeof OP.if, result?: ValueType): void {
    this.code.byte(opcode);
    this.code.byte(result ?? VOID);
    this.depth++;
  }
  else(): void {
    this.code.byte(OP.else);
  }
  end(): void {
    this.code.byte(OP.end);
    this.depth--;
  }
  /** br or br_if to the label that was opened when `depth` labels were open. */
  branch(opcode: typeof OP.br | typeof OP.br_if, depth: number): void {
    this.code.byte(opcode);
    this.code.u32(this.depth - 1 - depth);
  }
  branchTable(depths: readonly number[]): void {
    this.code.byte(OP.br_table);
    this.code.u32(depths.length - 1);
    for (const depth of depths) this.code.u32(this.depth - 1 - depth);
  }

  /** Reverses the eight bytes of the i64 on the stack: WebAssembly has no byte swap, a vector shuffle is the shortest code for it. */
  swap64(): void {
    this.code.bytes(SWAP64);
  }

  /** Notes that the instruction written next may trap on behalf of `slot`. */
  mayTrap(slot: number): void {
    this.traps.offsets.push(this.code.length);
    this.traps.slots.push(slot);
  }

  /** The finished body. Trap offsets are moved by the size of the local declarations, so that they count from the body's first byte. */
  finish(): Uint8Array {
    const runs: [number, ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last !== undefined && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const body = new Bytes(this.code.length + 5 + 6 * runs.length);
    body.u32(runs.length);
    for (const [count, type] of runs) {
      body.u32(count);
      body.byte(type);
    }
    const shift = body.length;
    const { offsets } = this.traps;
    for (let index = 0; index < offsets.length; index++) offsets[index] = offsets[index]! + shift;
    body.bytes(this.code.view());
    return body.view();
  }
}

/**
 * i64x2.splat; v128.const (its value never matters: only lanes of the first operand are taken); i8x16.shuffle 7..0 7..0; i64x2.extract_lane 0.
 */
const SWAP64 = [
  OP.simd,
  SIMD.i64x2_splat,
  OP.simd,
  SIMD.v128_const,
  ...new Array<number>(16).fill(0),
  OP.simd,
  SIMD.i8x16_shuffle,
  ...[7, 6, 5, 4, 3, 2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0],
  OP.simd,
  SIMD.i64x2_extract_lane,
  0,
];
