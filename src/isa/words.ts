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
