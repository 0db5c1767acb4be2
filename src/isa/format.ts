import type { Comparison, Instruction, Operand, Width } from './instruction.ts';
import { targetOf } from './validate.ts';
import { COMPARISON_TEXT, OPERATOR_TEXT } from './words.ts';

/** What the caller knows and the instruction does not. Each function may return undefined for the plain text. */
export interface FormatOptions {
  /** The whole right-hand side of a helper call: `bpf_map_update_elem:2(map_fd r1, map_key r2)`. */
  readonly helperText?: (helper: number) => string | undefined;
  /** The right-hand side of a call by BTF id. */
  readonly kfuncText?: (btfId: number, module: number) => string | undefined;
  /** What a 64-bit immediate load denotes: `map_fd 1`. */
  readonly wideText?: (load: Extract<Instruction, { kind: 'lddw' }>) => string | undefined;
  /** The name of a jump or call target, shown between `<` and `>`; the slot number otherwise. */
  readonly labelText?: (slot: number) => string | undefined;
}

/** A register as an operand of that width: `r1` or `w1`. */
export function registerText(register: number, width: Width = 64): string {
  return `${width === 64 ? 'r' : 'w'}${register}`;
}

function operandText(operand: Operand, width: Width): string {
  return operand.kind === 'register' ? registerText(operand.register, width) : String(operand.value);
}

function memoryText(bytes: number, base: number, offset: number, signed = false): string {
  return `*(${signed ? 's' : 'u'}${bytes * 8} *)(r${base} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)})`;
}

/** `r1 < 5`, `w2 != w3`. */
export function conditionText(condition: {
  readonly comparison: Comparison;
  readonly width: Width;
  readonly dst: number;
  readonly source: Operand;
}): string {
  const { comparison, width, dst, source } = condition;
  return `${registerText(dst, width)} ${COMPARISON_TEXT[comparison]} ${operandText(source, width)}`;
}

/** The 64-bit value of an LDDW of kind `immediate`, signed. */
export function wideValue(load: { readonly low: number; readonly high: number }): bigint {
  return (BigInt(load.high) << 32n) | BigInt(load.low >>> 0);
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;
interface Place {
  readonly pc: number;
  readonly options: FormatOptions;
}

function jumpText(instruction: Instruction & { readonly offset: number }, { pc, options }: Place): string {
  const target = targetOf(instruction, pc) ?? pc;
  return `${instruction.offset < 0 ? '' : '+'}${instruction.offset} <${options.labelText?.(target) ?? target}>`;
}

const WIDE_TEXT: { readonly [Source in Of<'lddw'>['source']]: (load: Of<'lddw'>) => string } = {
  immediate: (load) => `${wideValue(load)} ll`,
  map_fd: ({ low }) => `map_fd ${low}`,
  map_value: ({ low, high }) => `map_val(${low}) + ${high}`,
  variable: (load) => `variable_addr(${wideValue(load)})`,
  code: ({ low }) => `code_addr(${low})`,
  map_index: ({ low }) => `map_by_idx(${low})`,
  map_index_value: ({ low, high }) => `mva(map_by_idx(${low})) + ${high}`,
};

const FORMATTERS: { readonly [Kind in Instruction['kind']]: (instruction: Of<Kind>, place: Place) => string } = {
  binary: ({ operator, width, dst, source }) => `${registerText(dst, width)} ${OPERATOR_TEXT[operator]}= ${operandText(source, width)}`,
  movsx: ({ bits, width, dst, src }) => `${registerText(dst, width)} s${bits}= ${registerText(src, width)}`,
  negate: ({ width, dst }) => `${registerText(dst, width)} = -${registerText(dst, width)}`,
  swap: ({ order, bits, dst }) => `r${dst} = ${order === 'bswap' ? 'swap' : order}${bits} r${dst}`,
  cast: ({ dst, src, spaces }) => `r${dst} = addr_space_cast(r${src}, ${spaces >>> 16}, ${spaces & 0xffff})`,
  lddw: (load, { options }) => `r${load.dst} = ${options.wideText?.(load) ?? WIDE_TEXT[load.source](load)}`,
  load: ({ size, signed, dst, src, offset }) => `r${dst} = ${memoryText(size, src, offset, signed)}`,
  store: ({ size, dst, offset, source }) => `${memoryText(size, dst, offset)} = ${operandText(source, 64)}`,
  atomic: ({ operator, fetch, size, dst, src, offset }) => {
    // xchg and cmpxchg always fetch; the word would say nothing.
    const fetched = fetch && operator !== 'xchg' && operator !== 'cmpxchg' ? ' fetch' : '';
    return `lock ${memoryText(size, dst, offset)} ${ATOMIC_TEXT[operator]}= r${src}${fetched}`;
  },
  load_acquire: ({ size, dst, src, offset }) => `r${dst} = load_acquire(${memoryText(size, src, offset).slice(1)})`,
  store_release: ({ size, dst, src, offset }) => `store_release(${memoryText(size, dst, offset).slice(1)}, r${src})`,
  packet: ({ size, index, imm }) => {
    const terms = [...(index === undefined ? [] : [`r${index}`]), ...(index === undefined || imm !== 0 ? [String(imm)] : [])];
    return `r0 = *(u${size * 8} *)skb[${terms.join(' + ').replace('+ -', '- ')}]`;
  },
  jump: (instruction, place) => `goto ${jumpText(instruction, place)}`,
  branch: (instruction, place) => `if ${conditionText(instruction)} goto ${jumpText(instruction, place)}`,
  may_goto: (instruction, place) => `may_goto ${jumpText(instruction, place)}`,
  call: ({ helper }, { options }) => {
    const text = options.helperText?.(helper);
    return text === undefined ? `call ${helper}` : `r0 = ${text}`;
  },
  call_local: (instruction, { pc, options }) => {
    const target = pc + 1 + instruction.offset;
    return `call <${options.labelText?.(target) ?? target}>`;
  },
  call_btf: ({ btfId, module }, { options }) => {
    const text = options.kfuncText?.(btfId, module);
    return text === undefined ? `call_btf ${btfId}${module === 0 ? '' : ` module ${module}`}` : `r0 = ${text}`;
  },
  callx: ({ register }) => `callx r${register}`,
  exit: () => 'exit',
};

const ATOMIC_TEXT: Record<Of<'atomic'>['operator'], string> = { add: '+', or: '|', and: '&', xor: '^', xchg: 'x', cmpxchg: 'cx' };

/**
 * The disassembly of one instruction at slot `pc`, without its number: `if w2 != 17 goto +15 <19>`.
 * 64-bit operands are `rN`, 32-bit ones `wN`; targets stand as slot numbers (an LDDW counts two) or as the caller's labels.
 */
export function formatInstruction(instruction: Instruction, pc: number, options: FormatOptions = {}): string {
  const format = FORMATTERS[instruction.kind] as (instruction: Instruction, place: Place) => string;
  return format(instruction, { pc, options });
}
