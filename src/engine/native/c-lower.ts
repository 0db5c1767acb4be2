import type { Branch, Instruction, Operand } from '../../isa/instruction.ts';
import { codeTarget } from '../jit/functions.ts';

/** What the statements of one program refer to besides registers. */
export interface CNames {
  /** Index into the program's helper table; undefined: no such helper. */
  readonly helper: (
    instruction: Extract<Instruction, { kind: 'call' | 'call_btf' }>,
  ) => { readonly index: number; readonly tailCall: boolean } | undefined;
  /** Index into the program's value table. */
  readonly value: (instruction: Extract<Instruction, { kind: 'lddw' }>) => number;
  /** The expression that calls the function at a slot. */
  readonly call: (entry: number) => string;
  /** Name of the function through which helpers call the function at a slot. */
  readonly callback: (entry: number) => string;
  /** Slots whose address is taken. */
  readonly addressTaken: readonly number[];
}

const ARGUMENTS = 'r1, r2, r3, r4, r5';

type Straight = Exclude<Instruction, { kind: 'jump' | 'branch' | 'may_goto' | 'exit' }>;
type Statements = {
  readonly [K in Straight['kind']]: (instruction: Extract<Instruction, { kind: K }>, slot: number, names: CNames) => readonly string[];
};

/** Statements by kind of instruction. Registers are variables of type uint64_t. */
const STATEMENTS: Statements = {
  binary: ({ operator, width, dst, source }) => {
    const right = operandText(source);
    if (operator === 'mov') {
      if (width === 32) return [`r${dst} = (uint32_t)${right};`];
      return source.kind === 'register' && source.register === dst ? [`(void)r${dst};`] : [`r${dst} = ${right};`];
    }
    const sign = SIMPLE[operator];
    if (sign !== undefined) return [width === 64 ? `r${dst} = r${dst} ${sign} ${right};` : `r${dst} = (uint32_t)(r${dst} ${sign} ${right});`];
    if (operator === 'mul') return [width === 64 ? `r${dst} = r${dst} * ${right};` : `r${dst} = mul32(r${dst}, ${right});`];
    return [`r${dst} = ${operator}${width}(r${dst}, ${right});`];
  },
  movsx: ({ bits, width, dst, src }) => [width === 64 ? `r${dst} = sign${bits}(r${src});` : `r${dst} = (uint32_t)sign${bits}(r${src});`],
  negate: ({ width, dst }) => [width === 64 ? `r${dst} = 0 - r${dst};` : `r${dst} = (uint32_t)(0 - r${dst});`],
  swap: ({ order, bits, dst }) => [`r${dst} = ${order === 'bswap' ? 'swap' : order}${bits}(r${dst});`],
  cast: ({ dst, src }) => [dst === src ? `(void)r${dst};` : `r${dst} = r${src};`],
  lddw: (i, slot, names) => {
    if (i.source === 'immediate') return [`r${i.dst} = ${wideText(i.high, i.low)};`];
    if (i.source === 'code') return [`r${i.dst} = (uint64_t)(uintptr_t)${names.callback(codeTarget(i.low, slot))};`];
    return [`r${i.dst} = runtime_context->values[${names.value(i)}];`];
  },
  load: ({ size, signed, dst, src, offset }) => {
    const value = `load${size * 8}(${addressText(src, offset)})`;
    return [`r${dst} = ${signed && size < 8 ? `sign${size * 8}(${value})` : value};`];
  },
  load_acquire: ({ size, dst, src, offset }) => [
    `r${dst} = load${size * 8}(${addressText(src, offset)});`,
    '__atomic_thread_fence(__ATOMIC_ACQUIRE);',
  ],
  store: ({ size, dst, offset, source }) => [`store${size * 8}(${addressText(dst, offset)}, ${operandText(source)});`],
  store_release: ({ size, dst, src, offset }) => [
    '__atomic_thread_fence(__ATOMIC_RELEASE);',
    `store${size * 8}(${addressText(dst, offset)}, r${src});`,
  ],
  atomic: ({ operator, fetch, size, dst, src, offset }) => {
    const address = addressText(dst, offset);
    if (operator === 'cmpxchg') return [`r0 = atomic_cmpxchg${size * 8}(${address}, r0, r${src});`];
    const call = `atomic_${operator}${size * 8}(${address}, r${src});`;
    return [fetch || operator === 'xchg' ? `r${src} = ${call}` : `(void)${call}`];
  },
  packet: ({ size, index, imm }) => [
    `if (runtime_context->load_packet(r6, (int32_t)(${index === undefined ? `UINT32_C(${hex(imm >>> 0)})` : `(uint32_t)r${index} + UINT32_C(${hex(imm >>> 0)})`}), ${size}, &r0, runtime_context) < 0) {`,
    '  return 0;',
    '}',
  ],
  call: helperCall,
  call_btf: helperCall,
  call_local: (i, slot, names) => [`r0 = ${names.call(slot + 1 + i.offset)};`],
  callx: ({ register }, _slot, names) => {
    const lines: string[] = [];
    for (const entry of names.addressTaken) {
      const callback = names.callback(entry);
      lines.push(`if (r${register} == (uint64_t)(uintptr_t)${callback}) {`, `  r0 = ${callback}(${ARGUMENTS}, runtime_context);`, '} else');
    }
    return [...lines, `r0 = runtime_context->call_helper(r${register}, ${ARGUMENTS}, runtime_context);`];
  },
};

const SIMPLE: { readonly [operator: string]: string | undefined } = { add: '+', sub: '-', or: '|', and: '&', xor: '^' };

/** C statements for an instruction that falls through. */
export function statementsOf(instruction: Straight, slot: number, names: CNames): readonly string[] {
  const make = STATEMENTS[instruction.kind] as (instruction: Straight, slot: number, names: CNames) => readonly string[];
  return make(instruction, slot, names);
}

function helperCall(instruction: Extract<Instruction, { kind: 'call' | 'call_btf' }>, slot: number, names: CNames): readonly string[] {
  const helper = names.helper(instruction);
  if (helper === undefined) return [`return runtime_context->fault(${slot}, runtime_context);`];
  const call = `r0 = runtime_context->helpers[${helper.index}](${ARGUMENTS}, runtime_context);`;
  return helper.tailCall ? [call, 'if (r0 == 0) {', '  return 0;', '}'] : [call];
}

/** The condition under which a branch is taken. 32-bit comparisons are 64-bit ones of extended operands. */
export function conditionOf({ comparison, width, dst, source }: Branch): string {
  if (width === 64) return `j${comparison}(r${dst}, ${operandText(source)})`;
  const extend = (text: string) => (comparison.startsWith('s') && comparison !== 'set' ? `sign32(${text})` : `(uint32_t)${text}`);
  return `j${comparison}(${extend(`r${dst}`)}, ${extend(operandText(source))})`;
}

/** An immediate is sign-extended to 64 bits. */
function operandText(source: Operand): string {
  return source.kind === 'register' ? `r${source.register}` : wideText(source.value >> 31, source.value);
}

function wideText(high: number, low: number): string {
  return `UINT64_C(${`0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, '0')}`.replace(/^0x0+(?=.)/, '0x')})`;
}

function addressText(register: number, offset: number): string {
  if (offset === 0) return `r${register}`;
  return offset < 0 ? `r${register} - ${-offset}` : `r${register} + ${offset}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
