import { formatInstruction, registerText, wideValue } from '../../src/isa/format.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { COMPARISON_TEXT } from '../../src/isa/words.ts';

/** What the instructions of a loaded program name. */
export interface KernelNames {
  /** ID of the map at that index of the object. */
  readonly map: (index: number) => number;
  readonly helper: (id: number) => string | undefined;
  readonly kfunc: (index: number) => string | undefined;
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>;
type Formatters = { readonly [Kind in Instruction['kind']]?: (instruction: Of<Kind>, names: KernelNames) => string };

const WIDE_TEXT: { readonly [Source in Of<'lddw'>['source']]?: (load: Of<'lddw'>, names: KernelNames) => string } = {
  map_fd: ({ low }, { map }) => `map[id:${map(low)}]`,
  map_index: ({ low }, { map }) => `map[id:${map(low)}]`,
  map_value: ({ low, high }, { map }) => `map[id:${map(low)}][0]+${high}`,
  map_index_value: ({ low, high }, { map }) => `map[id:${map(low)}][0]+${high}`,
  code: ({ low }) => `subprog[${signed(low)}]`,
};

const ATOMIC_SIGN = { add: '+', or: '|', and: '&', xor: '^' } as const;

/** What the kernel's disassembler (kernel/bpf/disasm.c) writes in another way than RFC 9669's examples and PREVAIL. */
const FORMATTERS: Formatters = {
  movsx: ({ bits, width, dst, src }) => `${registerText(dst, width)} = (s${bits})${registerText(src, width)}`,
  swap: ({ order, bits, dst }) => `r${dst} = ${order}${bits} r${dst}`,
  lddw: (load, names) => `r${load.dst} = ${WIDE_TEXT[load.source]?.(load, names) ?? hex(BigInt.asUintN(64, wideValue(load)))}`,
  load: ({ size, signed: extends_, dst, src, offset }) => `r${dst} = *${place(size, src, offset, extends_)}`,
  store: ({ size, dst, offset, source }) => `*${place(size, dst, offset)} = ${source.kind === 'register' ? `r${source.register}` : source.value}`,
  atomic: ({ operator, fetch, size, dst, src, offset }) => {
    const target = place(size, dst, offset);
    const name = `atomic${size === 8 ? '64' : ''}`;
    if (operator === 'cmpxchg') return `r0 = ${name}_cmpxchg(${target}, r0, r${src})`;
    if (operator === 'xchg') return `r${src} = ${name}_xchg(${target}, r${src})`;
    return fetch ? `r${src} = ${name}_fetch_${operator}(${target}, r${src})` : `lock *${target} ${ATOMIC_SIGN[operator]}= r${src}`;
  },
  load_acquire: ({ size, dst, src, offset }) => `r${dst} = load_acquire(${place(size, src, offset)})`,
  store_release: ({ size, dst, src, offset }) => `store_release(${place(size, dst, offset)}, r${src})`,
  packet: ({ size, index, imm }) => `r0 = *(u${size * 8} *)skb[${index === undefined ? imm : `r${index} + ${imm}`}]`,
  jump: ({ wide, offset }) => `goto${wide ? 'l' : ''} pc${signed(offset)}`,
  branch: ({ comparison, width, dst, source, offset }) => {
    const operand = source.kind === 'register' ? registerText(source.register, width) : hex(source.value >>> 0);
    const sign = comparison === 'set' ? '&' : COMPARISON_TEXT[comparison];
    return `if ${registerText(dst, width)} ${sign} ${operand} goto pc${signed(offset)}`;
  },
  may_goto: ({ offset }) => `may_goto pc${signed(offset)}`,
  call: ({ helper }, names) => `call ${names.helper(helper) ?? 'unknown'}#${helper}`,
  call_local: ({ offset }) => `call pc${signed(offset)}`,
  call_btf: ({ btfId }, names) => `call ${names.kfunc(btfId) ?? 'kernel-function'}#${btfId}`,
};

/** One instruction as Linux prints it, without its number and opcode: `if w2 != 0x11 goto pc+15`. */
export function kernelText(instruction: Instruction, pc: number, names: KernelNames): string {
  const format = FORMATTERS[instruction.kind] as ((instruction: Instruction, names: KernelNames) => string) | undefined;
  return format?.(instruction, names) ?? formatInstruction(instruction, pc);
}

function place(bytes: number, base: number, offset: number, extends_ = false): string {
  return `(${extends_ ? 's' : 'u'}${bytes * 8} *)(r${base} ${signed(offset)})`;
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
