import type {
  AtomicOperator,
  BinaryOperator,
  Branch,
  Comparison,
  Instruction,
  InstructionList,
  Operand,
  Register,
  Size,
  Width,
} from './instruction.ts';
import { slotCount } from './instruction.ts';
import { COMPARISON_TEXT, OPERATOR_TEXT } from './words.ts';

/** Why a line is no instruction. `line` is the text; `position` counts lines of the program from 0 where a program was parsed. */
export class ParseError extends Error {
  readonly line: string;
  readonly reason: string;
  readonly position: number | undefined;
  constructor(line: string, reason: string, position?: number) {
    super(`${position === undefined ? '' : `line ${position + 1}: `}${reason}: ${line}`);
    this.name = 'ParseError';
    this.line = line;
    this.reason = reason;
    this.position = position;
  }
}

/** A condition that is taken for granted; assembly text of test cases only, no encoding. Fields as in a branch. */
export interface Assume {
  readonly kind: 'assume';
  readonly comparison: Comparison;
  readonly width: Width;
  readonly dst: Register;
  readonly source: Operand;
}

export type ParsedInstruction = Instruction | Assume;

/** Where a line stands, for jump arithmetic. */
export interface LabelResolver {
  /** Slot of the instruction that the line becomes. */
  readonly pc: number;
  /** Slot of a label written `<name>`; undefined: no such label. */
  readonly slotOf: (label: string) => number | undefined;
}

/** A line that stands alone: labels are slot numbers, as disassembly prints them. */
const ALONE: LabelResolver = { pc: 0, slotOf: (label) => (/^\d+$/.test(label) ? Number(label) : undefined) };

const BINARY_BY_TEXT = new Map(Object.entries(OPERATOR_TEXT).map(([operator, text]) => [text, operator as BinaryOperator]));
// Arithmetic shift is printed >>> by some tools and read as s>> by all.
BINARY_BY_TEXT.set('>>>', 'arsh');
const COMPARISON_BY_TEXT = new Map(Object.entries(COMPARISON_TEXT).map(([comparison, text]) => [text, comparison as Comparison]));
const ATOMIC_BY_TEXT: ReadonlyMap<string, AtomicOperator> = new Map([
  ['+', 'add'],
  ['|', 'or'],
  ['&', 'and'],
  ['^', 'xor'],
  ['x', 'xchg'],
  ['cx', 'cmpxchg'],
]);

const R = '([rw])(10|[0-9])';
const INTEGER = '([-+]?\\s*(?:0x[0-9a-f]+|\\d+))';
const ADDRESS = '\\(?\\s*r(10|[0-9])\\s*([-+])\\s*(0x[0-9a-f]+|\\d+)\\s*\\)';
const CONDITION = `${R}\\s*(==|!=|s<=|s>=|s<|s>|<=|>=|<|>|&==|&!=)\\s*(?:${R}|${INTEGER})`;
const TARGET = '(?:([-+]\\d+)\\s*(?:<[^<>]*>)?|<([^<>]+)>)';

class Reader {
  readonly line: string;
  private readonly groups: readonly (string | undefined)[];
  private readonly resolver: LabelResolver;
  private next = 1;
  constructor(line: string, groups: readonly (string | undefined)[], resolver: LabelResolver) {
    this.line = line;
    this.groups = groups;
    this.resolver = resolver;
  }

  fail(reason: string): never {
    throw new ParseError(this.line, reason);
  }

  text(): string {
    return this.groups[this.next++] ?? '';
  }

  optional(): string | undefined {
    return this.groups[this.next++];
  }

  register(): Register {
    return Number(this.text()) as Register;
  }

  width(): Width {
    return this.text() === 'w' ? 32 : 64;
  }

  /** An integer of at most 64 bits, as written. */
  big(): bigint {
    return integer(this.text());
  }

  /** A 32-bit immediate: -2^31 to 2^32 - 1, the upper half standing for the negative number with the same bits. */
  immediate(): number {
    const value = this.big();
    if (value < -0x8000_0000n || value > 0xffff_ffffn) this.fail('immediate does not fit 32 bits');
    return Number(BigInt.asIntN(32, value));
  }

  offset(): number {
    const sign = this.text();
    const value = Number(integer(this.text())) * (sign === '-' ? -1 : 1);
    if (value < -0x8000 || value > 0x7fff) this.fail('offset does not fit 16 bits');
    return value;
  }

  /** A register or immediate that follows `width`-bit register text. */
  operand(width: Width): Operand {
    const letter = this.optional();
    const number = this.optional();
    if (letter === undefined || number === undefined) return { kind: 'immediate', value: this.immediate() };
    this.next++;
    // `w1 = r2` and `w1 < r2` are accepted: the operation's width is the left-hand side's.
    if (letter === 'w' && width === 64) this.fail('a 64-bit operation has no 32-bit operand');
    return { kind: 'register', register: Number(number) as Register };
  }

  condition(): Pick<Branch, 'comparison' | 'width' | 'dst' | 'source'> {
    const width = this.width();
    const dst = this.register();
    const comparison = COMPARISON_BY_TEXT.get(this.text()) ?? this.fail('no such comparison');
    return { comparison, width, dst, source: this.operand(width) };
  }

  /** Jump offset relative to the next slot, from `+3`, `+3 <7>` or `<label>`. */
  jump(): number {
    const relative = this.optional();
    const label = this.optional();
    return relative === undefined ? this.target(label ?? '') : Number(relative);
  }

  target(label: string): number {
    const slot = this.resolver.slotOf(label);
    return slot === undefined ? this.fail(`no label <${label}>`) : slot - this.resolver.pc - 1;
  }

  size(): Size {
    return (Number(this.text()) / 8) as Size;
  }
}

function integer(text: string): bigint {
  const digits = text.replaceAll(/[-+\s]/g, '');
  const value = BigInt(digits === '' ? 0 : digits);
  return text.trimStart().startsWith('-') ? -value : value;
}

const halves = (value: bigint): { low: number; high: number } => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});

interface Rule {
  readonly pattern: RegExp;
  readonly build: (read: Reader) => ParsedInstruction;
}

const rule = (pattern: string, build: Rule['build']): Rule => ({ pattern: new RegExp(`^${pattern}$`, 'i'), build });

/** One row per form of line, tried in order. */
const RULES: readonly Rule[] = [
  rule('exit', () => ({ kind: 'exit' })),
  rule(`goto\\s*${TARGET}`, (read) => ({ kind: 'jump', wide: false, offset: read.jump() })),
  rule(`gotol\\s*${TARGET}`, (read) => ({ kind: 'jump', wide: true, offset: read.jump() })),
  rule(`may_goto\\s*${TARGET}`, (read) => ({ kind: 'may_goto', offset: read.jump() })),
  rule(`if\\s+${CONDITION}\\s+goto\\s*${TARGET}`, (read) => ({ kind: 'branch', ...read.condition(), offset: read.jump() })),
  rule(`assume\\s+${CONDITION}`, (read) => ({ kind: 'assume', ...read.condition() })),
  rule('call\\s+(\\d+)', (read) => ({ kind: 'call', helper: read.immediate() })),
  rule('r0\\s*=\\s*\\w+:(\\d+)\\(.*\\)', (read) => ({ kind: 'call', helper: read.immediate() })),
  rule('call\\s*<([^<>]+)>', (read) => ({ kind: 'call_local', offset: read.target(read.text()) })),
  rule('call_btf\\s+(\\d+)(?:\\s+module\\s+(\\d+))?', (read) => ({ kind: 'call_btf', btfId: read.immediate(), module: read.immediate() })),
  rule('callx\\s+r(10|[0-9])', (read) => ({ kind: 'callx', register: read.register() })),
  rule(`r(10|[0-9])\\s*=\\s*${INTEGER}\\s*ll`, (read) => {
    const dst = read.register();
    const value = read.big();
    if (value < -(1n << 63n) || value >= 1n << 64n) read.fail('immediate does not fit 64 bits');
    return { kind: 'lddw', dst, source: 'immediate', ...halves(value) };
  }),
  rule(`r(10|[0-9])\\s*=\\s*map_fd(?:_programs)?\\s+${INTEGER}`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'map_fd',
    low: read.immediate(),
    high: 0,
  })),
  rule(`r(10|[0-9])\\s*=\\s*map_val\\(\\s*${INTEGER}\\s*\\)\\s*(?:\\+\\s*${INTEGER})?`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'map_value',
    low: read.immediate(),
    high: read.immediate(),
  })),
  rule(`r(10|[0-9])\\s*=\\s*variable_addr\\(\\s*${INTEGER}\\s*\\)`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'variable',
    ...halves(read.big()),
  })),
  rule(`r(10|[0-9])\\s*=\\s*code_addr\\(\\s*${INTEGER}\\s*\\)`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'code',
    low: read.immediate(),
    high: 0,
  })),
  rule(`r(10|[0-9])\\s*=\\s*map_by_idx\\(\\s*${INTEGER}\\s*\\)`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'map_index',
    low: read.immediate(),
    high: 0,
  })),
  rule(`r(10|[0-9])\\s*=\\s*mva\\(map_by_idx\\(\\s*${INTEGER}\\s*\\)\\)\\s*(?:\\+\\s*${INTEGER})?`, (read) => ({
    kind: 'lddw',
    dst: read.register(),
    source: 'map_index_value',
    low: read.immediate(),
    high: read.immediate(),
  })),
  rule(`r(10|[0-9])\\s*=\\s*addr_space_cast\\(\\s*r(10|[0-9])\\s*,\\s*${INTEGER}\\s*,\\s*${INTEGER}\\s*\\)`, (read) => ({
    kind: 'cast',
    dst: read.register(),
    src: read.register(),
    spaces: ((read.immediate() & 0xffff) << 16) | (read.immediate() & 0xffff),
  })),
  rule('r(10|[0-9])\\s*=\\s*(be|le|swap)(16|32|64)\\s+r(10|[0-9])', (read) => {
    const dst = read.register();
    const word = read.text().toLowerCase();
    const bits = Number(read.text()) as 16 | 32 | 64;
    if (read.register() !== dst) read.fail('a byte swap has one register');
    return { kind: 'swap', order: word === 'swap' ? 'bswap' : (word as 'be' | 'le'), bits, dst };
  }),
  rule(`${R}\\s*=\\s*-\\s*${R}`, (read) => {
    const width = read.width();
    const dst = read.register();
    if (read.width() !== width || read.register() !== dst) read.fail('a negation has one register');
    return { kind: 'negate', width, dst };
  }),
  rule(`${R}\\s*s(8|16|32)=\\s*${R}`, (read) => {
    const width = read.width();
    const dst = read.register();
    const bits = Number(read.text()) as 8 | 16 | 32;
    read.width();
    const src = read.register();
    // No encoding of its own: extending 32 bits to 32 is the plain move.
    if (bits === width) return { kind: 'binary', operator: 'mov', width, dst, source: { kind: 'register', register: src } };
    return { kind: 'movsx', bits, width, dst, src };
  }),
  rule('r0\\s*=\\s*\\*\\(u(8|16|32)\\s*\\*\\)\\s*skb\\[\\s*(?:r(10|[0-9])\\s*)?([-+]?\\s*(?:0x[0-9a-f]+|\\d+))?\\s*\\]', (read) => {
    const size = read.size() as 1 | 2 | 4;
    const index = read.optional();
    const imm = read.immediate();
    return index === undefined ? { kind: 'packet', size, imm } : { kind: 'packet', size, index: Number(index) as Register, imm };
  }),
  rule(`r(10|[0-9])\\s*=\\s*\\*\\(([us])(8|16|32|64)\\s*\\*\\)\\s*${ADDRESS}`, (read) => {
    const dst = read.register();
    const signed = read.text().toLowerCase() === 's';
    const size = read.size();
    if (signed && size === 8) read.fail('an 8-byte load cannot be sign-extending');
    return { kind: 'load', size, signed, dst, src: read.register(), offset: read.offset() };
  }),
  rule(`\\*\\(u(8|16|32|64)\\s*\\*\\)\\s*${ADDRESS}\\s*=\\s*(?:${R}|${INTEGER})`, (read) => {
    const size = read.size();
    const dst = read.register();
    const offset = read.offset();
    return { kind: 'store', size, dst, offset, source: read.operand(32) };
  }),
  rule(`lock\\s+\\*\\(u(32|64)\\s*\\*\\)\\s*${ADDRESS}\\s*(\\+|\\||&|\\^|cx|x)=\\s*r(10|[0-9])(\\s+fetch)?`, (read) => {
    const size = read.size() as 4 | 8;
    const dst = read.register();
    const offset = read.offset();
    const operator = ATOMIC_BY_TEXT.get(read.text().toLowerCase()) ?? read.fail('no such atomic operation');
    const src = read.register();
    const fetch = read.optional() !== undefined || operator === 'xchg' || operator === 'cmpxchg';
    return { kind: 'atomic', operator, fetch, size, dst, src, offset };
  }),
  rule(`r(10|[0-9])\\s*=\\s*load_acquire\\(\\s*\\(u(8|16|32|64)\\s*\\*\\)\\s*${ADDRESS}\\s*\\)`, (read) => {
    const dst = read.register();
    return { kind: 'load_acquire', size: read.size(), dst, src: read.register(), offset: read.offset() };
  }),
  rule(`store_release\\(\\s*\\(u(8|16|32|64)\\s*\\*\\)\\s*${ADDRESS}\\s*,\\s*r(10|[0-9])\\s*\\)`, (read) => {
    const size = read.size();
    const dst = read.register();
    const offset = read.offset();
    return { kind: 'store_release', size, dst, src: read.register(), offset };
  }),
  rule(`${R}\\s*(\\+|-|\\*|s/|/|s%|%|\\||&|\\^|<<|>>>|s>>|>>|)=\\s*(?:${R}|${INTEGER})`, (read) => {
    const width = read.width();
    const dst = read.register();
    const operator = BINARY_BY_TEXT.get(read.text().toLowerCase()) ?? read.fail('no such operator');
    return { kind: 'binary', operator, width, dst, source: read.operand(width) };
  }),
];

/** Text without its comment (`;` to the end of the line) and outer blanks. */
function bare(line: string): string {
  const comment = line.indexOf(';');
  return (comment < 0 ? line : line.slice(0, comment)).trim();
}

/**
 * Parses one line of the text that disassembly prints and verifier test cases are written in: `r1 += r2`, `if w1 s< 5 goto <out>`.
 * `assume` lines yield a value outside the instruction set. Throws ParseError.
 */
export function parseInstruction(line: string, resolver: LabelResolver = ALONE): ParsedInstruction {
  const text = bare(line);
  for (const { pattern, build } of RULES) {
    const match = pattern.exec(text);
    if (match !== null) return build(new Reader(text, match, resolver));
  }
  throw new ParseError(text, 'not an instruction');
}

/** A program of labelled blocks, by slot; an LDDW takes two, its second being undefined. */
export interface ParsedProgram {
  readonly elements: readonly (ParsedInstruction | undefined)[];
  /** Slot of each label. A label at the end of the text is one past the last slot. */
  readonly labels: ReadonlyMap<string, number>;
  /** Slot of each line in order: other tools number instructions so, an LDDW counting one. */
  readonly slots: readonly number[];
  /** Lines without comment, in the same order. */
  readonly lines: readonly string[];
}

/**
 * Parses ordered [label, text] blocks, one instruction per line. Jumps go to labels of any block, `<exit>` without a block being the end.
 * Throws ParseError with the position of the line.
 */
export function parseProgram(blocks: readonly (readonly [label: string, text: string])[]): ParsedProgram {
  const labels = new Map<string, number>();
  const slots: number[] = [];
  const lines: string[] = [];
  let pc = 0;
  for (const [label, text] of blocks) {
    const name = label.replace(/^<(.*)>$/, '$1');
    if (labels.has(name)) throw new ParseError(label, 'label defined twice', lines.length);
    labels.set(name, pc);
    for (const line of text.split('\n').map(bare)) {
      if (line === '') continue;
      slots.push(pc);
      lines.push(line);
      // Jumps do not change length, so that a first pass with unknown labels suffices to count slots.
      const parsed = located(line, lines.length - 1, { pc, slotOf: () => pc });
      pc += parsed.kind === 'assume' ? 1 : slotCount(parsed);
    }
  }
  const end = pc;
  const slotOf = (label: string): number | undefined => labels.get(label) ?? (label === 'exit' ? end : undefined);
  const elements: (ParsedInstruction | undefined)[] = new Array<ParsedInstruction | undefined>(end).fill(undefined);
  for (const [index, line] of lines.entries()) {
    const slot = slots[index] ?? 0;
    elements[slot] = located(line, index, { pc: slot, slotOf });
  }
  return { elements, labels, slots, lines };
}

function located(line: string, position: number, resolver: LabelResolver): ParsedInstruction {
  try {
    return parseInstruction(line, resolver);
  } catch (error) {
    if (error instanceof ParseError) throw new ParseError(error.line, error.reason, position);
    throw error;
  }
}

/** The program as instructions. Throws ParseError where a line is an `assume`. */
export function instructionsOf(program: ParsedProgram): InstructionList {
  return program.elements.map((element, slot) => {
    if (element?.kind === 'assume') throw new ParseError(program.lines[program.slots.indexOf(slot)] ?? '', 'an assumption has no encoding');
    return element;
  });
}
