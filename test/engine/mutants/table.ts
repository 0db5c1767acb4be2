/** Wrong translations of single instructions, as changes of one place in the engines' sources. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATION } from '../../../src/engine/interpreter-code.ts';

export interface Mutant {
  readonly name: string;
  readonly engine: 'interpreter' | 'jit';
  /** Below src/engine. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

type Operation = keyof typeof OPERATION;

/** What the interpreter does instead; `le64` does nothing. */
const INSTEAD: { readonly [Key in Exclude<Operation, 'le64' | 'missing'>]: readonly Operation[] } = {
  add64: ['sub64', 'add32'],
  sub64: ['add64', 'sub32'],
  mul64: ['add64', 'mul32'],
  div64: ['sdiv64', 'div32'],
  sdiv64: ['div64', 'sdiv32'],
  mod64: ['smod64', 'mod32'],
  smod64: ['mod64', 'smod32'],
  or64: ['xor64', 'or32'],
  and64: ['or64', 'and32'],
  xor64: ['or64', 'xor32'],
  lsh64: ['rsh64', 'lsh32'],
  rsh64: ['arsh64', 'rsh32'],
  arsh64: ['rsh64', 'arsh32'],
  mov64: ['or64', 'mov32'],
  add32: ['sub32', 'add64'],
  sub32: ['add32', 'sub64'],
  mul32: ['add32', 'mul64'],
  div32: ['sdiv32', 'div64'],
  sdiv32: ['div32', 'sdiv64'],
  mod32: ['smod32', 'mod64'],
  smod32: ['mod32', 'smod64'],
  or32: ['xor32', 'or64'],
  and32: ['or32', 'and64'],
  xor32: ['or32', 'xor64'],
  lsh32: ['rsh32', 'lsh64'],
  rsh32: ['arsh32', 'rsh64'],
  arsh32: ['rsh32', 'arsh64'],
  mov32: ['or32', 'mov64'],
  negate64: ['negate32'],
  negate32: ['negate64'],
  extend8to64: ['extend16to64', 'extend8to32'],
  extend16to64: ['extend8to64', 'extend16to32'],
  extend32to64: ['extend16to64', 'mov32'],
  extend8to32: ['extend8to64', 'extend16to32'],
  extend16to32: ['extend16to64', 'extend8to32'],
  le16: ['le32', 'swap16'],
  le32: ['le64', 'swap32'],
  swap16: ['le16', 'swap32'],
  swap32: ['le32', 'swap64'],
  swap64: ['le64', 'swap32'],
  load1: ['loadSigned1', 'load2'],
  load2: ['loadSigned2', 'load1'],
  load4: ['loadSigned4', 'load2'],
  load8: ['load4', 'loadSigned4'],
  loadSigned1: ['load1', 'loadSigned2'],
  loadSigned2: ['load2', 'loadSigned1'],
  loadSigned4: ['load4', 'loadSigned2'],
  store1: ['store2', 'le64'],
  store2: ['store4', 'store1'],
  store4: ['store8', 'store2'],
  store8: ['store4', 'le64'],
  jump: ['le64'],
  eq64: ['ge64', 'eq32'],
  ne64: ['gt64', 'ne32'],
  gt64: ['ge64', 'gt32'],
  ge64: ['gt64', 'ge32'],
  lt64: ['le64branch', 'lt32'],
  le64branch: ['lt64', 'le32branch'],
  sgt64: ['gt64', 'sge64'],
  sge64: ['ge64', 'sgt64'],
  slt64: ['lt64', 'sle64'],
  sle64: ['le64branch', 'slt64'],
  set64: ['ne64', 'set32'],
  nset64: ['set64', 'eq64'],
  eq32: ['ge32', 'eq64'],
  ne32: ['gt32', 'ne64'],
  gt32: ['ge32', 'gt64'],
  ge32: ['gt32', 'ge64'],
  lt32: ['le32branch', 'lt64'],
  le32branch: ['lt32', 'le64branch'],
  sgt32: ['gt32', 'sge32'],
  sge32: ['ge32', 'sgt32'],
  slt32: ['lt32', 'sle32'],
  sle32: ['le32branch', 'slt32'],
  set32: ['ne32', 'set64'],
  nset32: ['set32', 'eq32'],
  call: ['le64'],
  callLocal: ['jump', 'le64'],
  callRegister: ['le64'],
  exit: ['le64'],
  atomic4: ['atomic8', 'le64'],
  atomic8: ['atomic4', 'le64'],
  packet: ['le64'],
  mayGoto: ['le64', 'jump'],
  fuel: ['exit'],
};

const LOOP = 'interpreter-loop.ts';
const DISPATCH = 'switch (row & 0x7f) {';
const ATOMIC_DISPATCH = 'switch ((extra >> 16) & 0xff) {';
const ATOMICS = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];

function interpreterMutants(): Mutant[] {
  const list: Mutant[] = [];
  for (const [name, others] of Object.entries(INSTEAD)) {
    for (const other of others) {
      const [from, to] = [OPERATION[name as Operation], OPERATION[other]];
      const replace = `switch ((row & 0x7f) === ${from} ? ${to} : row & 0x7f) {`;
      list.push({ name: `${name} as ${other}`, engine: 'interpreter', file: LOOP, find: DISPATCH, replace });
    }
  }
  for (const [from, name] of ATOMICS.entries()) {
    const to = (from + 1) % ATOMICS.length;
    const replace = `switch (((extra >> 16) & 0xff) === ${from} ? ${to} : (extra >> 16) & 0xff) {`;
    list.push({ name: `atomic ${name} as ${ATOMICS[to]}`, engine: 'interpreter', file: 'interpreter-atomics.ts', find: ATOMIC_DISPATCH, replace });
  }
  return list;
}

/** An opcode of the same type that does something else. */
const OTHER: Readonly<Record<string, string>> = {
  add: 'sub', sub: 'add', mul: 'add', div_u: 'div_s', div_s: 'div_u', rem_u: 'rem_s', rem_s: 'rem_u', or: 'xor', and: 'or', xor: 'or',
  shl: 'shr_u', shr_u: 'shr_s', shr_s: 'shr_u',
  eq: 'ge_u', ne: 'gt_u', gt_u: 'ge_u', ge_u: 'gt_u', lt_u: 'le_u', le_u: 'lt_u', gt_s: 'gt_u', ge_s: 'gt_s', lt_s: 'lt_u', le_s: 'lt_s',
  load8_u: 'load8_s', load8_s: 'load8_u', load16_u: 'load16_s', load16_s: 'load16_u', load32_u: 'load32_s', load32_s: 'load32_u', load: 'load32_u',
  store8: 'store16', store16: 'store8', store32: 'store16', store: 'store32',
  extend8_s: 'extend16_s', extend16_s: 'extend8_s', extend32_s: 'extend16_s',
}; // biome-ignore format: pairs

const INVERSE: Readonly<Record<string, string>> = {
  eq: 'gt', ne: 'ge', gt: 'lt', ge: 'le', lt: 'gt', le: 'ge', sgt: 'slt', sge: 'sle', slt: 'sgt', sle: 'sge',
}; // biome-ignore format: pairs

const LOWER = 'jit/lower.ts';
const TABLES = ['BINARY', 'COMPARE', 'LOAD', 'STORE', 'SIGN_EXTEND'];

/** Every opcode in the tables of lower.ts, and every inverse of a comparison. */
function tableMutants(root: string): Mutant[] {
  const source = readFileSync(join(root, 'src', 'engine', LOWER), 'utf8');
  const list: Mutant[] = [];
  for (const table of TABLES) {
    const start = source.indexOf(`const ${table}: `);
    const text = source.slice(start, source.indexOf('};', start) + 2);
    for (const match of text.matchAll(/OP\.(i32|i64)_(\w+)|inverse: '(\w+)'/g)) {
      const [found, type, name = '', inverse] = match;
      // No instruction loads eight bytes with their sign.
      if (text.slice(0, match.index).endsWith('8: { unsigned: OP.i64_load, signed: ')) continue;
      const instead = inverse === undefined ? `OP.${type}_${OTHER[name]}` : `inverse: '${INVERSE[inverse]}'`;
      const replace = `${text.slice(0, match.index)}${instead}${text.slice(match.index + found.length)}`;
      const line = text.slice(text.lastIndexOf('\n', match.index) + 1, match.index);
      const row = /(\w+): \{/.exec(line)?.[1] ?? /(\d+): $/.exec(line)?.[1] ?? '';
      list.push({ name: `${table} ${row}: ${found} as ${instead}`, engine: 'jit', file: LOWER, find: text, replace });
    }
  }
  return list;
}

/** What the tables do not say: find, replace. */
const LOWERINGS: readonly (readonly [name: string, file: string, find: string, replace: string])[] = [
  ['negate64 as not', LOWER, 'e.writer.i64(0);\n      pushRegister(e, i.dst);', 'e.writer.i64(-1);\n      pushRegister(e, i.dst);'],
  ['negate32 as not', LOWER, 'e.writer.i32(0);\n      pushRegister32(e, i.dst);', 'e.writer.i32(-1);\n      pushRegister32(e, i.dst);'],
  ['movsx to 32 bits without the sign', LOWER, 'if (i.bits !== 32) e.writer.op(SIGN_EXTEND[i.bits][32]);', ''],
  ['le16 as le32', LOWER, 'i.bits === 16 ? 0xffff : -1, 0', 'i.bits === 16 ? -1 : -1, 0'],
  ['le32 as le64', LOWER, 'i.bits === 16 ? 0xffff : -1, 0', 'i.bits === 16 ? 0xffff : -1, i.bits === 32 ? -1 : 0'],
  ['swap64 left out', LOWER, '    writer.swap64();\n', ''],
  ['swap16 by the wrong mask', LOWER, 'i.bits === 16 ? 0xff00 : 0xff00ff00', 'i.bits === 16 ? 0xf000 : 0xff00ff00'],
  ['swap32 by the wrong mask', LOWER, 'i.bits === 16 ? 0x00ff : 0x00ff00ff', 'i.bits === 16 ? 0x00ff : 0x00ff000f'],
  ['swap16 shifts left once', LOWER, 'i.bits === 16 ? OP.i32_shl : OP.i32_rotr', 'i.bits === 16 ? OP.i32_shr_u : OP.i32_rotr'],
  ['swap32 rotates one way', LOWER, 'i.bits === 16 ? OP.i32_shr_u : OP.i32_rotl', 'i.bits === 16 ? OP.i32_shr_u : OP.i32_rotr'],
  ['mov32 of a constant keeps the sign', LOWER, 'else e.writer.i64Halves(source.value, 0);', 'else e.writer.i64(source.value);'],
  ['mov32 of a register copies all', LOWER, '    pushRegister32(e, source.register);\n    e.writer.op(OP.i64_extend_i32_u);', '    pushRegister(e, source.register);'],
  ['32-bit results keep their sign', LOWER, 'if (i.width === 32) writer.op(OP.i64_extend_i32_u);', 'if (i.width === 32) writer.op(OP.i64_extend_i32_s);'],
  ['lddw loses the high half', LOWER, 'e.writer.i64Halves(i.low, i.high)', 'e.writer.i64Halves(i.low, 0)'],
  ['x / 0 for constants', LOWER, 'if (value === 0) divides ? constant(0) : left();', 'if (value === 0) divides ? constant(1) : left();'],
  ['x % 0 for constants', LOWER, 'if (value === 0) divides ? constant(0) : left();', 'if (value === 0) constant(0);'],
  ['x / 0 for registers', LOWER, '} else if (divides) constant(0);', '} else if (divides) constant(1);'],
  ['x % 0 for registers', LOWER, '} else if (divides) constant(0);\n  else left();', '} else constant(0);'],
  ['sdiv by the constant -1', LOWER, "else if (value === -1 && i.operator === 'sdiv') minus();", "else if (value === -1 && i.operator === 'sdiv') left();"],
  ['sdiv by -1 in a register', LOWER, '    minus();\n    right();\n    writer.op(BINARY.and[i.width]);', '    minus();'],
  ['fetch leaves the register', LOWER, "i.fetch || i.operator === 'xchg' ? i.src : undefined", "i.operator === 'xchg' ? i.src : undefined"],
  ['xchg leaves the register', LOWER, "i.fetch || i.operator === 'xchg' ? i.src : undefined", "i.fetch && i.operator !== 'xchg' ? i.src : undefined"],
  ['cmpxchg compares all 64 bits', LOWER, "    if (i.size === 4) {\n      writer.i64Halves(-1, 0);\n      writer.op(OP.i64_and);\n    }\n", ''],
  ['cmpxchg returns to src', LOWER, "i.operator === 'cmpxchg' ? 0 :", "i.operator === 'cmpxchg' ? i.src :"],
  ['cmpxchg stores always', LOWER, '    pushRegister(e, i.src);\n    writer.get(old);\n    writer.get(old);', '    pushRegister(e, i.src);\n    pushRegister(e, i.src);\n    writer.get(old);'],
  ['u32 results keep their sign', LOWER, "if (result === 'u32') writer.op(OP.i64_extend_i32_u);", "if (result === 'u32') writer.op(OP.i64_extend_i32_s);"],
  ['i32 results lose their sign', LOWER, "else if (result === 'i32') writer.op(OP.i64_extend_i32_s);", "else if (result === 'i32') writer.op(OP.i64_extend_i32_u);"],
  ['arguments are shifted', LOWER, 'const register = (index + 1) as Register;', 'const register = (index === 0 ? 2 : index + 1) as Register;'],
  ['a failed tail call leaves', LOWER, '  e.writer.op(OP.i64_eqz);\n  e.writer.open(OP.if);\n  if (e.activation.isRoot)', '  e.writer.op(OP.i64_eqz);\n  e.writer.op(OP.i32_eqz);\n  e.writer.open(OP.if);\n  if (e.activation.isRoot)'],
  ['callx takes the first function', LOWER, '    writer.op(OP.i64_eq);\n    writer.open(OP.if, I64);', '    writer.op(OP.i64_ne);\n    writer.open(OP.if, I64);'],
  ['jset as jeq of the bits', LOWER, "if ((i.comparison === 'set') !== inverted)", "if ((i.comparison !== 'set') !== inverted)"],
  ['may_goto never counts', LOWER, '    writer.op(OP.i32_ne);\n    writer.op(OP.i32_sub);', '    writer.op(OP.i32_ne);\n    writer.op(OP.drop);'],
  ['may_goto leaves at once', LOWER, '    writer.op(OP.i32_eqz);\n    if (inverted) writer.op(OP.i32_eqz);', '    writer.op(OP.i32_eqz);\n    if (!inverted) writer.op(OP.i32_eqz);'],
  ['packet loads forget the index', LOWER, '      writer.op(OP.i32_add);\n    }\n    writer.i32(i.size);', '      writer.op(OP.drop);\n    }\n    writer.i32(i.size);'],
  ['packet loads outside go on', LOWER, '    writer.i64(0);\n    setRegister(e, 0);\n    emitReturn(e);', '    writer.i64(0);\n    setRegister(e, 0);'],
  ['frames overlap', LOWER, 'if (callee.needsFrame) pushFrame(e, e.context.frameSize);', 'if (callee.needsFrame) pushFrame(e, 0);'],
  ['frames of copies overlap', 'jit/structure.ts', 'frameOffset: activation.frameOffset + context.frameSize,', 'frameOffset: activation.frameOffset,'],
  ['negative offsets lose their sign', 'jit/emission.ts', '  writer.i32(offset - NULL_GUARD);', '  writer.i32(-offset - NULL_GUARD);'],
  ['positive offsets are lost', 'jit/emission.ts', 'return NULL_GUARD + offset;', 'return NULL_GUARD;'],
  ['r10 is the bottom of the frame', 'jit/emission.ts', '    pushFrame(e, e.context.frameSize);\n    e.writer.op(OP.i64_extend_i32_u);', '    pushFrame(e, 0);\n    e.writer.op(OP.i64_extend_i32_u);'],
  ['code addresses are off by one', LOWER, 'e.writer.i64Halves(codeAddress(codeTarget(i.low, e.slot)), 0)', 'e.writer.i64Halves(codeAddress(codeTarget(i.low, e.slot)) + 1, 0)'],
]; // biome-ignore format: one mutant per line

/** All mutants; throws nothing: a `find` that is gone shows when the mutant is built. */
export function mutants(root: string): readonly Mutant[] {
  const lowerings = LOWERINGS.map(([name, file, find, replace]): Mutant => ({ name, engine: 'jit', file, find, replace }));
  return [...interpreterMutants(), ...tableMutants(root), ...lowerings];
}
