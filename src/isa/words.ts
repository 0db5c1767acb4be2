import type { BinaryOperator, Comparison } from './instruction.ts';

/** The signs of the disassembly text, shared by formatting and parsing. `mov` is the bare `=`. */
export const OPERATOR_TEXT: Readonly<Record<BinaryOperator, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  sdiv: 's/',
  mod: '%',
  smod: 's%',
  or: '|',
  and: '&',
  xor: '^',
  lsh: '<<',
  rsh: '>>',
  arsh: 's>>',
  mov: '',
};

export const COMPARISON_TEXT: Readonly<Record<Comparison, string>> = {
  eq: '==',
  ne: '!=',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
  sgt: 's>',
  sge: 's>=',
  slt: 's<',
  sle: 's<=',
  set: '&==',
  nset: '&!=',
};

const NEGATIONS: Readonly<Record<Comparison, Comparison>> = {
  eq: 'ne',
  ne: 'eq',
  gt: 'le',
  ge: 'lt',
  lt: 'ge',
  le: 'gt',
  sgt: 'sle',
  sge: 'slt',
  slt: 'sge',
  sle: 'sgt',
  set: 'nset',
  nset: 'set',
};

/** The comparison that holds exactly where this one does not. */
export function negate(comparison: Comparison): Comparison {
  return NEGATIONS[comparison];
}
