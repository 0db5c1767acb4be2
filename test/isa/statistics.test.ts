import { describe, expect, it } from 'vitest';
import type { Instruction, InstructionList } from '../../src/isa/instruction.ts';
import { instructionStatistics } from '../../src/isa/statistics.ts';

const move: Instruction = { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 0 } };
const add32: Instruction = { kind: 'binary', operator: 'add', width: 32, dst: 0, source: { kind: 'immediate', value: 1 } };
const wide: Instruction = { kind: 'lddw', dst: 1, source: 'immediate', low: 1, high: 0 };
const map = (low: number): Instruction => ({ kind: 'lddw', dst: 1, source: 'map_fd', low, high: 0 });
const branch = (offset: number): Instruction => ({
  kind: 'branch',
  comparison: 'eq',
  width: 64,
  dst: 0,
  source: { kind: 'immediate', value: 0 },
  offset,
});
const jump = (offset: number): Instruction => ({ kind: 'jump', wide: false, offset });
const callLocal = (offset: number): Instruction => ({ kind: 'call_local', offset });
const helper = (id: number): Instruction => ({ kind: 'call', helper: id });
const exit: Instruction = { kind: 'exit' };

const knowledge = {
  classOf: (id: number) => (id === 1 ? 'call_1' : id === 2 ? 'call_mem' : 'call_nomem') as 'call_1' | 'call_mem' | 'call_nomem',
  reallocates: (id: number) => id === 44,
};

function count(list: InstructionList, starts: readonly number[] = [0]) {
  const functions = starts.map((start, index) => ({ start, end: starts[index + 1] ?? list.length }));
  return Object.fromEntries(instructionStatistics(list, functions, knowledge));
}

describe('instructionStatistics', () => {
  const cases: readonly { name: string; list: InstructionList; starts?: readonly number[]; counts: Record<string, number> }[] = [
    {
      name: 'entry and exit are labels too',
      list: [move, exit],
      counts: { instructions: 4, other: 3, assign: 1, arith64: 1, arith: 0, joins: 0, jumps: 0 },
    },
    { name: 'a wide load is one instruction', list: [wide, undefined, exit], counts: { instructions: 4, assign: 1, arith64: 1 } },
    { name: 'a map load is an assignment but no arithmetic', list: [map(0), undefined, exit], counts: { assign: 1, arith64: 0, map_in_map: 0 } },
    { name: 'a map without a descriptor', list: [map(-1), undefined, exit], counts: { map_in_map: 1 } },
    { name: '32-bit arithmetic', list: [move, add32, exit], counts: { arith: 1, arith32: 1, arith64: 1 } },
    {
      name: 'a branch has two edges and its target joins',
      list: [branch(1), move, exit],
      counts: { instructions: 7, assume: 2, jumps: 1, joins: 1 },
    },
    { name: 'a branch to the next instruction has none', list: [branch(0), exit], counts: { instructions: 4, jumps: 0, joins: 0 } },
    { name: 'a loop joins at its head', list: [move, add32, branch(-2), exit], counts: { jumps: 1, joins: 1 } },
    { name: 'two exits join', list: [branch(1), exit, exit], counts: { joins: 1 } },
    { name: 'a jump is no fork', list: [jump(0), exit], counts: { jumps: 0, joins: 0, other: 4 } },
    {
      name: 'helper calls by class',
      list: [helper(1), helper(2), helper(3), helper(44), exit],
      counts: { call_1: 1, call_mem: 1, call_nomem: 2, reallocate: 1 },
    },
    {
      name: 'a subprogram counts once per call',
      list: [callLocal(2), callLocal(1), exit, add32, exit],
      starts: [0, 3],
      counts: { instructions: 3 + 2 * 2 + 2, arith32: 2 },
    },
    {
      name: 'subprograms of subprograms multiply',
      list: [callLocal(2), callLocal(1), exit, callLocal(2), callLocal(1), exit, add32, exit],
      starts: [0, 3, 6],
      counts: { arith32: 4 },
    },
    { name: 'recursion ends', list: [callLocal(1), exit, callLocal(-1), exit], starts: [0, 2], counts: { instructions: 6 } },
    { name: 'a subprogram that is never called does not count', list: [exit, add32, exit], starts: [0, 1], counts: { arith32: 0, instructions: 3 } },
    {
      name: 'several exits of a subprogram join behind its call',
      list: [callLocal(1), exit, branch(1), exit, exit],
      starts: [0, 2],
      counts: { joins: 1 },
    },
  ];
  for (const { name, list, starts, counts } of cases) it(name, () => expect(count(list, starts)).toMatchObject(counts));

  it('names the fixed counts in alphabetical order', () => {
    const names = [...instructionStatistics([exit], [{ start: 0, end: 1 }], knowledge).keys()];
    expect(names).toEqual(names.toSorted());
    expect(names).toHaveLength(17);
  });
});
