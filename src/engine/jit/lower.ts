import type {
  Atomic,
  Binary,
  BinaryOperator,
  Branch,
  ByteSwap,
  Comparison,
  Instruction,
  Load,
  MayGoto,
  Register,
  Size,
} from '../../isa/instruction.ts';
import { codeAddress } from '../engine.ts';
import {
  type Emission,
  emitFault,
  emitReturn,
  type ImportedHelper,
  pushAddress,
  pushFrame,
  pushOperand,
  pushOperand32,
  pushRegister,
  pushRegister32,
  scratch64,
  setRegister,
} from './emission.ts';
import { codeTarget } from './functions.ts';
import type { InlineCall } from './inline-helper.ts';
import { F64, I32, I64, OP } from './wasm.ts';

/**
 * One eBPF instruction to WebAssembly, by kind. Registers are i64 locals; a 32-bit operation wraps its operands and zero-extends its result,
 * which V8 turns into nothing. Branches, exits and local calls are missing here: they belong to the structure of the function.
 */
type Straight = Exclude<Instruction, { kind: 'jump' | 'branch' | 'may_goto' | 'exit' | 'call_local' }>;
type Lowering = { readonly [K in Straight['kind']]: (e: Emission, instruction: Extract<Instruction, { kind: K }>) => void };

interface Opcodes {
  readonly 32: number;
  readonly 64: number;
}

/** Shifts take their count modulo the width in both instruction sets. */
const BINARY: { readonly [K in Exclude<BinaryOperator, 'mov'>]: Opcodes } = {
  add: { 32: OP.i32_add, 64: OP.i64_add },
  sub: { 32: OP.i32_sub, 64: OP.i64_sub },
  mul: { 32: OP.i32_mul, 64: OP.i64_mul },
  div: { 32: OP.i32_div_u, 64: OP.i64_div_u },
  sdiv: { 32: OP.i32_div_s, 64: OP.i64_div_s },
  mod: { 32: OP.i32_rem_u, 64: OP.i64_rem_u },
  smod: { 32: OP.i32_rem_s, 64: OP.i64_rem_s },
  or: { 32: OP.i32_or, 64: OP.i64_or },
  and: { 32: OP.i32_and, 64: OP.i64_and },
  xor: { 32: OP.i32_xor, 64: OP.i64_xor },
  lsh: { 32: OP.i32_shl, 64: OP.i64_shl },
  rsh: { 32: OP.i32_shr_u, 64: OP.i64_shr_u },
  arsh: { 32: OP.i32_shr_s, 64: OP.i64_shr_s },
};

const COMPARE: { readonly [K in Exclude<Comparison, 'set' | 'nset'>]: Opcodes & { readonly inverse: Exclude<Comparison, 'set' | 'nset'> } } = {
  eq: { 32: OP.i32_eq, 64: OP.i64_eq, inverse: 'ne' },
  ne: { 32: OP.i32_ne, 64: OP.i64_ne, inverse: 'eq' },
  gt: { 32: OP.i32_gt_u, 64: OP.i64_gt_u, inverse: 'le' },
  ge: { 32: OP.i32_ge_u, 64: OP.i64_ge_u, inverse: 'lt' },
  lt: { 32: OP.i32_lt_u, 64: OP.i64_lt_u, inverse: 'ge' },
  le: { 32: OP.i32_le_u, 64: OP.i64_le_u, inverse: 'gt' },
  sgt: { 32: OP.i32_gt_s, 64: OP.i64_gt_s, inverse: 'sle' },
  sge: { 32: OP.i32_ge_s, 64: OP.i64_ge_s, inverse: 'slt' },
  slt: { 32: OP.i32_lt_s, 64: OP.i64_lt_s, inverse: 'sge' },
  sle: { 32: OP.i32_le_s, 64: OP.i64_le_s, inverse: 'sgt' },
};

const LOAD: { readonly [K in Size]: { readonly unsigned: number; readonly signed: number } } = {
  1: { unsigned: OP.i64_load8_u, signed: OP.i64_load8_s },
  2: { unsigned: OP.i64_load16_u, signed: OP.i64_load16_s },
  4: { unsigned: OP.i64_load32_u, signed: OP.i64_load32_s },
  8: { unsigned: OP.i64_load, signed: OP.i64_load },
};

const STORE: { readonly [K in Size]: number } = { 1: OP.i64_store8, 2: OP.i64_store16, 4: OP.i64_store32, 8: OP.i64_store };

const SIGN_EXTEND: { readonly [K in 8 | 16 | 32]: Opcodes } = {
  8: { 32: OP.i32_extend8_s, 64: OP.i64_extend8_s },
  16: { 32: OP.i32_extend16_s, 64: OP.i64_extend16_s },
  32: { 32: 0, 64: OP.i64_extend32_s },
};

const LOWERING: Lowering = {
  binary: lowerBinary,
  movsx: (e, i) => {
    if (i.width === 64) {
      pushRegister(e, i.src);
      e.writer.op(SIGN_EXTEND[i.bits][64]);
    } else {
      pushRegister32(e, i.src);
      if (i.bits !== 32) e.writer.op(SIGN_EXTEND[i.bits][32]);
      e.writer.op(OP.i64_extend_i32_u);
    }
    setRegister(e, i.dst);
  },
  negate: (e, i) => {
    if (i.width === 64) {
      e.writer.i64(0);
      pushRegister(e, i.dst);
      e.writer.op(OP.i64_sub);
    } else {
      e.writer.i32(0);
      pushRegister32(e, i.dst);
      e.writer.op(OP.i32_sub);
      e.writer.op(OP.i64_extend_i32_u);
    }
    setRegister(e, i.dst);
  },
  swap: lowerSwap,
  // One linear memory: both address spaces name its bytes alike.
  cast: (e, i) => {
    pushRegister(e, i.src);
    setRegister(e, i.dst);
  },
  lddw: (e, i) => {
    let value: bigint | undefined;
    if (i.source === 'immediate') e.writer.i64Halves(i.low, i.high);
    else if (i.source === 'code') e.writer.i64Halves(codeAddress(codeTarget(i.low, e.slot)), 0);
    else value = e.context.resolved(e.writer, e.slot);
    setRegister(e, i.dst);
    e.constants[i.dst] = value;
  },
  load: lowerLoad,
  load_acquire: (e, i) => lowerLoad(e, { kind: 'load', signed: false, size: i.size, dst: i.dst, src: i.src, offset: i.offset }),
  store: (e, i) => {
    const offset = pushAddress(e, i.dst, i.offset);
    pushOperand(e, i.source);
    e.writer.mayTrap(e.slot);
    e.writer.memory(STORE[i.size], offset);
  },
  store_release: (e, i) => {
    const offset = pushAddress(e, i.dst, i.offset);
    pushRegister(e, i.src);
    e.writer.mayTrap(e.slot);
    e.writer.memory(STORE[i.size], offset);
  },
  atomic: lowerAtomic,
  packet: (e, i) => {
    const { writer } = e;
    const value = writer.scratch(F64, 'packet');
    pushRegister32(e, 6);
    writer.i32(i.imm);
    if (i.index !== undefined) {
      pushRegister32(e, i.index);
      writer.op(OP.i32_add);
    }
    writer.i32(i.size);
    writer.mayTrap(e.slot);
    writer.call(e.context.services.packetLoad);
    writer.tee(value);
    writer.op(OP.f64_const);
    writer.code.bytes([0, 0, 0, 0, 0, 0, 0, 0]);
    writer.op(OP.f64_lt);
    writer.open(OP.if);
    writer.i64(0);
    setRegister(e, 0);
    emitReturn(e);
    writer.end();
    writer.get(value);
    writer.op(OP.i64_trunc_f64_u);
    setRegister(e, 0);
  },
  call: (e, i) => lowerHelperCall(e, e.context.helpers.get(i.helper)),
  call_btf: (e, i) => lowerHelperCall(e, e.context.kfuncs.get(i.btfId)),
  callx: (e, i) => lowerRegisterCall(e, i.register),
};

/** Writes one instruction that only falls through (a legacy packet load and a tail call may also leave the function). */
export function lowerStraight(e: Emission, instruction: Straight): void {
  const lower = LOWERING[instruction.kind] as (e: Emission, instruction: Straight) => void;
  lower(e, instruction);
}

function lowerBinary(e: Emission, i: Binary): void {
  const { writer } = e;
  if (i.operator === 'mov') {
    lowerMove(e, i);
    return;
  }
  const opcode = BINARY[i.operator][i.width];
  const divides = i.operator === 'div' || i.operator === 'mod' || i.operator === 'sdiv' || i.operator === 'smod';
  if (divides) lowerDivision(e, i, opcode);
  else if (i.width === 64) {
    pushRegister(e, i.dst);
    pushOperand(e, i.source);
    writer.op(opcode);
  } else {
    pushRegister32(e, i.dst);
    pushOperand32(e, i.source);
    writer.op(opcode);
  }
  if (i.width === 32) writer.op(OP.i64_extend_i32_u);
  setRegister(e, i.dst);
}

function lowerMove(e: Emission, i: Binary): void {
  const { source } = i;
  if (source.kind === 'immediate') {
    if (i.width === 64) e.writer.i64(source.value);
    else e.writer.i64Halves(source.value, 0);
  } else if (i.width === 64) {
    pushRegister(e, source.register);
  } else {
    pushRegister32(e, source.register);
    e.writer.op(OP.i64_extend_i32_u);
  }
  setRegister(e, i.dst);
  if (source.kind === 'immediate') e.constants[i.dst] = i.width === 64 ? BigInt(source.value) : BigInt(source.value >>> 0);
}

/**
 * Division and remainder without traps (RFC 9669, section 4.1): x / 0 = 0, x % 0 = x, and the smallest integer / -1 is itself.
 * Leaves the result on the stack in the width of the operation.
 */
function lowerDivision(e: Emission, i: Binary, opcode: number): void {
  const { writer } = e;
  const wide = i.width === 64;
  const left = () => (wide ? pushRegister(e, i.dst) : pushRegister32(e, i.dst));
  const right = () => (wide ? pushOperand(e, i.source) : pushOperand32(e, i.source));
  const constant = (value: number) => (wide ? writer.i64(value) : writer.i32(value));
  const minus = () => {
    constant(0);
    left();
    writer.op(BINARY.sub[i.width]);
  };
  const divides = i.operator === 'div' || i.operator === 'sdiv';
  if (i.source.kind === 'immediate') {
    const { value } = i.source;
    if (value === 0) divides ? constant(0) : left();
    else if (value === -1 && i.operator === 'sdiv') minus();
    else {
      left();
      right();
      writer.op(opcode);
    }
    return;
  }
  right();
  if (i.operator === 'sdiv') {
    // 0 and -1 are the divisors in question: divisor + 1 is at most 1.
    constant(1);
    writer.op(BINARY.add[i.width]);
    constant(1);
    writer.op(COMPARE.le[i.width]);
  } else {
    writer.op(wide ? OP.i64_eqz : OP.i32_eqz);
  }
  writer.open(OP.if, wide ? I64 : I32);
  if (i.operator === 'sdiv') {
    // -x for -1, and 0 for 0.
    minus();
    right();
    writer.op(BINARY.and[i.width]);
  } else if (divides) constant(0);
  else left();
  writer.else();
  left();
  right();
  writer.op(opcode);
  writer.end();
}

function lowerSwap(e: Emission, i: ByteSwap): void {
  const { writer } = e;
  if (i.order === 'le') {
    if (i.bits === 64) return;
    pushRegister(e, i.dst);
    writer.i64Halves(i.bits === 16 ? 0xffff : -1, 0);
    writer.op(OP.i64_and);
  } else if (i.bits === 64) {
    pushRegister(e, i.dst);
    writer.swap64();
  } else {
    const high = i.bits === 16 ? 0xff00 : 0xff00ff00;
    const low = i.bits === 16 ? 0x00ff : 0x00ff00ff;
    pushRegister32(e, i.dst);
    writer.i32(8);
    writer.op(i.bits === 16 ? OP.i32_shl : OP.i32_rotr);
    writer.i32(high);
    writer.op(OP.i32_and);
    pushRegister32(e, i.dst);
    writer.i32(8);
    writer.op(i.bits === 16 ? OP.i32_shr_u : OP.i32_rotl);
    writer.i32(low);
    writer.op(OP.i32_and);
    writer.op(OP.i32_or);
    writer.op(OP.i64_extend_i32_u);
  }
  setRegister(e, i.dst);
}

function lowerLoad(e: Emission, i: Load): void {
  const offset = pushAddress(e, i.src, i.offset);
  e.writer.mayTrap(e.slot);
  e.writer.memory(i.signed ? LOAD[i.size].signed : LOAD[i.size].unsigned, offset);
  setRegister(e, i.dst);
}

/** Nothing else can touch the memory while a program runs: a plain load and store are atomic, and never trap for misalignment. */
function lowerAtomic(e: Emission, i: Atomic): void {
  const { writer } = e;
  const address = writer.scratch(I32, 'address');
  const old = scratch64(e, 'old');
  const offset = pushAddress(e, i.dst, i.offset);
  writer.tee(address);
  writer.mayTrap(e.slot);
  writer.memory(LOAD[i.size].unsigned, offset);
  writer.set(old);
  writer.get(address);
  if (i.operator === 'cmpxchg') {
    pushRegister(e, i.src);
    writer.get(old);
    writer.get(old);
    pushRegister(e, 0);
    if (i.size === 4) {
      writer.i64Halves(-1, 0);
      writer.op(OP.i64_and);
    }
    writer.op(OP.i64_eq);
    writer.op(OP.select);
  } else if (i.operator === 'xchg') {
    pushRegister(e, i.src);
  } else {
    writer.get(old);
    pushRegister(e, i.src);
    writer.op(BINARY[i.operator][64]);
  }
  writer.mayTrap(e.slot);
  writer.memory(STORE[i.size], offset);
  const result = i.operator === 'cmpxchg' ? 0 : i.fetch || i.operator === 'xchg' ? i.src : undefined;
  if (result === undefined) return;
  writer.get(old);
  setRegister(e, result);
}

function lowerHelperCall(e: Emission, helper: ImportedHelper | undefined): void {
  if (helper === undefined) {
    emitFault(e, 'undefined');
    return;
  }
  const { writer } = e;
  const expanded = helper.inline?.expand({ helper: helper.implementation, slot: e.slot, constants: e.constants.slice(1, 6) });
  if (expanded !== undefined) {
    expanded(inlineCall(e, helper));
    setRegister(e, 0);
    return;
  }
  noteCallbackFrame(e);
  helper.implementation.parameters.forEach((type, index) => {
    const register = (index + 1) as Register;
    if (type === 'i64') pushRegister(e, register);
    else {
      pushRegister32(e, register);
      if (type === 'flags') saturate(e, register);
    }
  });
  writer.mayTrap(e.slot);
  writer.call(helper.index);
  const { result, tailCall } = helper.implementation;
  if (result === 'u32') writer.op(OP.i64_extend_i32_u);
  else if (result === 'i32') writer.op(OP.i64_extend_i32_s);
  else if (result === 'none') writer.i64(0);
  setRegister(e, 0);
  if (tailCall === true) lowerTailCall(e);
}

/** Replaces the low half of flags on the operand stack by 0xffffffff where the upper half is not 0. */
function saturate(e: Emission, register: Register): void {
  const known = e.constants[register];
  if (known !== undefined && BigInt.asUintN(64, known) <= 0xffff_ffffn) return;
  const { writer } = e;
  writer.i32(-1);
  pushRegister(e, register);
  writer.i64(32);
  writer.op(OP.i64_shr_u);
  writer.op(OP.i64_eqz);
  writer.op(OP.select);
}

/** After a tail call that succeeded (r0 = 0) the program is left, from any depth. */
function lowerTailCall(e: Emission): void {
  pushRegister(e, 0);
  e.writer.op(OP.i64_eqz);
  e.writer.open(OP.if);
  if (e.activation.isRoot) emitReturn(e);
  else {
    e.writer.call(e.context.services.leave);
    e.writer.op(OP.unreachable);
  }
  e.writer.end();
}

function inlineCall(e: Emission, helper: ImportedHelper): InlineCall {
  return {
    writer: e.writer,
    imports: helper.inlineImports,
    argument: (register) => pushRegister(e, register),
    argument32: (register) => pushRegister32(e, register),
    address: (register, offset) => pushAddress(e, register, offset),
    mayTrap: () => e.writer.mayTrap(e.slot),
  };
}

/** Functions that a helper calls get the frame above the one that called the helper. */
function noteCallbackFrame(e: Emission): void {
  if (e.context.callbackFrame === undefined) return;
  pushFrame(e, e.context.frameSize);
  e.writer.globalSet(e.context.callbackFrame);
}

/** The register holds a code address or a helper's id. */
function lowerRegisterCall(e: Emission, register: Register): void {
  const { writer, context } = e;
  for (const entry of context.functions.addressTaken) {
    pushRegister(e, register);
    writer.i64Halves(codeAddress(entry), 0);
    writer.op(OP.i64_eq);
    writer.open(OP.if, I64);
    pushCall(e, entry);
    writer.else();
  }
  noteCallbackFrame(e);
  pushRegister(e, register);
  for (const argument of [1, 2, 3, 4, 5] as const) pushRegister(e, argument);
  writer.mayTrap(e.slot);
  writer.call(context.services.callHelper);
  for (const _ of context.functions.addressTaken) writer.end();
  setRegister(e, 0);
}

/** Calls an eBPF function: pushes the registers it reads and its frame, leaves r0 on the stack. */
export function pushCall(e: Emission, entry: number): void {
  const callee = e.context.functions.functions.get(entry)!;
  for (let register = 0; register < 10; register++) if ((callee.parameters >> register) & 1) pushRegister(e, register as Register);
  if (callee.needsFrame) pushFrame(e, e.context.frameSize);
  e.writer.mayTrap(e.slot);
  e.writer.call(e.context.functionIndex(entry));
}

/** Pushes whether a branch is taken, or, with `inverted`, whether it is not, as i32. */
export function pushCondition(e: Emission, i: Branch | MayGoto, inverted: boolean): void {
  const { writer } = e;
  if (i.kind === 'may_goto') {
    // Taken once the counter is 0; else it counts down.
    const counter = e.activation.mayGoto;
    writer.get(counter);
    writer.op(OP.i32_eqz);
    if (inverted) writer.op(OP.i32_eqz);
    writer.get(counter);
    writer.get(counter);
    writer.i32(0);
    writer.op(OP.i32_ne);
    writer.op(OP.i32_sub);
    writer.set(counter);
    return;
  }
  if (i.width === 64) {
    pushRegister(e, i.dst);
    pushOperand(e, i.source);
  } else {
    pushRegister32(e, i.dst);
    pushOperand32(e, i.source);
  }
  if (i.comparison === 'set' || i.comparison === 'nset') {
    writer.op(BINARY.and[i.width]);
    writer.op(i.width === 64 ? OP.i64_eqz : OP.i32_eqz);
    if ((i.comparison === 'set') !== inverted) writer.op(OP.i32_eqz);
    return;
  }
  const compare = COMPARE[i.comparison];
  writer.op((inverted ? COMPARE[compare.inverse] : compare)[i.width]);
}
