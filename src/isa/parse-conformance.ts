import type { AtomicOperator, BinaryOperator, Comparison, Instruction, InstructionList, Operand, Register, Size, Width } from './instruction.ts';
import { slotCount } from './instruction.ts';
import { ParseError } from './parse.ts';

/** Reads the operands of one line of conformance assembly (`add32 %r1, %r2`). */
class Operands {
  private readonly words: readonly string[];
  private readonly line: string;
  private readonly position: number;
  private readonly slotOf: (label: string) => number | undefined;
  readonly pc: number;
  private next = 0;
  constructor(words: readonly string[], line: string, position: number, pc: number, slotOf: (label: string) => number | undefined) {
    this.words = words;
    this.line = line;
    this.position = position;
    this.pc = pc;
    this.slotOf = slotOf;
  }

  fail(reason: string): never {
    throw new ParseError(this.line, reason, this.position);
  }

  word(): string {
    return this.words[this.next++] ?? this.fail('operand missing');
  }

  /** Takes the next word if it is this one. */
  take(word: string): boolean {
    if (this.words[this.next] !== word) return false;
    this.next++;
    return true;
  }

  get isRegister(): boolean {
    return this.words[this.next]?.startsWith('%') ?? false;
  }

  finish<Value>(value: Value): Value {
    if (this.next < this.words.length) this.fail(`unexpected ${this.words[this.next]}`);
    return value;
  }

  register(): Register {
    const match = /^%r(\d{1,2})$/.exec(this.word());
    const number = Number(match?.[1] ?? Number.NaN);
    return number <= 10 ? (number as Register) : this.fail('register expected');
  }

  /** Decimal in the int32 range or hexadecimal in the uint32 range. */
  immediate(word = this.word()): number {
    const value = this.integer(word);
    const hexadecimal = /^[-+]?0x/i.test(word);
    if (value < -0x8000_0000n || value > (hexadecimal ? 0xffff_ffffn : 0x7fff_ffffn)) this.fail('immediate does not fit 32 bits');
    return Number(BigInt.asIntN(32, value));
  }

  integer(word: string): bigint {
    const match = /^([-+]?)(0x[0-9a-f]+|\d+)$/i.exec(word);
    if (match === null) return this.fail(`number expected, not ${word}`);
    const value = BigInt(match[2] ?? '0');
    return match[1] === '-' ? -value : value;
  }

  wide(): { low: number; high: number } {
    const value = this.integer(this.word());
    if (value < -(1n << 63n) || value >= 1n << 64n) this.fail('immediate does not fit 64 bits');
    return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
  }

  operand(): Operand {
    return this.isRegister ? { kind: 'register', register: this.register() } : { kind: 'immediate', value: this.immediate() };
  }

  /** `[%r10-8]` */
  address(): { base: Register; offset: number } {
    const match = /^\[%r(10|[0-9])(?:([-+])(0x[0-9a-f]+|\d+))?\]$/i.exec(this.word());
    if (match === null) return this.fail('address expected');
    const offset = Number(match[3] ?? 0) * (match[2] === '-' ? -1 : 1);
    if (offset < -0x8000 || offset > 0x7fff) this.fail('offset does not fit 16 bits');
    return { base: Number(match[1]) as Register, offset };
  }

  /** Offset relative to the next slot: `+3`, `-2` or a label. */
  target(): number {
    const word = this.word();
    if (/^[-+](0x[0-9a-f]+|\d+)$/i.test(word)) return Number(this.integer(word));
    const slot = this.slotOf(word);
    return slot === undefined ? this.fail(`no label ${word}`) : slot - this.pc - 1;
  }
}

type Assemble = (operands: Operands) => Instruction;

const WIDTHS: readonly { readonly suffix: string; readonly width: Width }[] = [
  { suffix: '', width: 64 },
  { suffix: '32', width: 32 },
];

const SIZE_LETTERS: readonly { readonly letter: string; readonly size: Size }[] = [
  { letter: 'b', size: 1 },
  { letter: 'h', size: 2 },
  { letter: 'w', size: 4 },
  { letter: 'dw', size: 8 },
];

const ARITHMETIC = [
  'add',
  'sub',
  'mul',
  'div',
  'sdiv',
  'mod',
  'smod',
  'or',
  'and',
  'xor',
  'lsh',
  'rsh',
  'arsh',
  'mov',
] as const satisfies BinaryOperator[];
const CONDITIONS = ['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'set', 'sgt', 'sge', 'slt', 'sle'] as const satisfies Comparison[];
const ATOMICS = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'] as const satisfies AtomicOperator[];
const SIGN_EXTENSIONS = [
  { bits: 8, width: 32 },
  { bits: 16, width: 32 },
  { bits: 8, width: 64 },
  { bits: 16, width: 64 },
  { bits: 32, width: 64 },
] as const;

function buildMnemonics(): ReadonlyMap<string, Assemble> {
  const table = new Map<string, Assemble>();
  for (const { suffix, width } of WIDTHS) {
    for (const operator of ARITHMETIC) {
      table.set(`${operator}${suffix}`, (read) => ({ kind: 'binary', operator, width, dst: read.register(), source: read.operand() }));
    }
    table.set(`neg${suffix}`, (read) => ({ kind: 'negate', width, dst: read.register() }));
    for (const comparison of CONDITIONS) {
      table.set(`j${comparison}${suffix}`, (read) => {
        const dst = read.register();
        const source = read.operand();
        return { kind: 'branch', comparison, width, dst, source, offset: read.target() };
      });
    }
    table.set(`ja${suffix}`, (read) => ({ kind: 'jump', wide: width === 32, offset: read.target() }));
  }
  for (const bits of [16, 32, 64] as const) {
    for (const [word, order] of [
      ['le', 'le'],
      ['be', 'be'],
      ['bswap', 'bswap'],
      ['swap', 'bswap'],
    ] as const) {
      table.set(`${word}${bits}`, (read) => ({ kind: 'swap', order, bits, dst: read.register() }));
    }
  }
  for (const { bits, width } of SIGN_EXTENSIONS) {
    table.set(`movsx${bits}${width}`, (read) => ({ kind: 'movsx', bits, width, dst: read.register(), src: read.register() }));
  }
  for (const { letter, size } of SIZE_LETTERS) {
    const load =
      (signed: boolean): Assemble =>
      (read) => {
        const dst = read.register();
        const { base, offset } = read.address();
        return { kind: 'load', size, signed, dst, src: base, offset };
      };
    table.set(`ldx${letter}`, load(false));
    if (size !== 8) table.set(`ldxs${letter}`, load(true));
    table.set(`st${letter}`, (read) => {
      const { base, offset } = read.address();
      return { kind: 'store', size, dst: base, offset, source: { kind: 'immediate', value: read.immediate() } };
    });
    table.set(`stx${letter}`, (read) => {
      const { base, offset } = read.address();
      return { kind: 'store', size, dst: base, offset, source: { kind: 'register', register: read.register() } };
    });
  }
  table.set('lddw', (read) => ({ kind: 'lddw', dst: read.register(), source: 'immediate', ...read.wide() }));
  table.set('exit', () => ({ kind: 'exit' }));
  table.set('call', call);
  table.set('lock', lock);
  return table;
}

const call: Assemble = (read) => {
  if (read.isRegister) return { kind: 'callx', register: read.register() };
  if (read.take('local')) return { kind: 'call_local', offset: read.target() };
  if (read.take('runtime')) return { kind: 'call_btf', btfId: read.immediate(), module: 0 };
  read.take('helper');
  return { kind: 'call', helper: read.immediate() };
};

const lock: Assemble = (read) => {
  const fetched = read.take('fetch');
  const match = /^([a-z]+)(32)?$/.exec(read.word());
  const operator = ATOMICS.find((candidate) => candidate === match?.[1]) ?? read.fail('no such atomic operation');
  const { base, offset } = read.address();
  const fetch = fetched || operator === 'xchg' || operator === 'cmpxchg';
  return { kind: 'atomic', operator, fetch, size: match?.[2] === undefined ? 8 : 4, dst: base, src: read.register(), offset };
};

const MNEMONICS = buildMnemonics();

/**
 * Assembles the text of the public conformance suite: one instruction per line, `label:` lines, `#` comments, jump targets `+n`, `-n` or a label,
 * the first `exit` being a label of that name. Throws ParseError with the line.
 */
export function assemble(text: string): InstructionList {
  const labels = new Map<string, number>();
  const lines: { readonly text: string; readonly position: number; readonly words: readonly string[]; readonly pc: number }[] = [];
  let pc = 0;
  let exit: number | undefined;
  for (const [position, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') continue;
    const label = /^([^\s:]+):$/.exec(line)?.[1];
    if (label !== undefined) {
      if (labels.has(label)) throw new ParseError(line, 'label defined twice', position);
      labels.set(label, pc);
      continue;
    }
    const words = line.split(/[\s,]+/).filter((word) => word !== '');
    if (words[0] === 'exit') exit ??= pc;
    lines.push({ text: line, position, words, pc });
    pc += words[0] === 'lddw' ? 2 : 1;
  }
  if (exit !== undefined && !labels.has('exit')) labels.set('exit', exit);
  const list: (Instruction | undefined)[] = [];
  for (const line of lines) {
    const mnemonic = MNEMONICS.get(line.words[0] ?? '');
    const read = new Operands(line.words.slice(1), line.text, line.position, line.pc, (name) => labels.get(name));
    if (mnemonic === undefined) throw new ParseError(line.text, 'no such mnemonic', line.position);
    const instruction = read.finish(mnemonic(read));
    list.push(instruction);
    if (slotCount(instruction) === 2) list.push(undefined);
  }
  return list;
}
