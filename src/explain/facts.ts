import type { Machine } from '../verifier/machine.ts';
import { openRegions } from '../verifier/regions.ts';
import { CELL, FRAGMENT, NUMERIC, type StackFrame } from '../verifier/stack.ts';
import type { State } from '../verifier/state.ts';
import type { Value } from '../verifier/value.ts';
import { valueWords } from './words.ts';

export type FactKind = 'register' | 'stack' | 'packet' | 'reference' | 'lock';

/** One thing that is known at a point, about one place. */
export interface Fact {
  readonly kind: FactKind;
  /** What it is about: `r1`, `fp-8`, `packet`, `record acquired at 12`. Unique within a list. */
  readonly subject: string;
  readonly words: string;
  /** The verifier's own value, where the fact is about one. */
  readonly value?: Value;
  /** Packet pointers: bytes from there on that are proved to exist. */
  readonly proved?: number;
}

/**
 * Everything known at a point, registers first, for one active function.
 *
 * @param frame index into `state.frames`; the innermost by default.
 */
export function factsOf(machine: Machine, state: State, frame = state.frames.length - 1): readonly Fact[] {
  const facts: Fact[] = [];
  const { registers, stack } = state.frames[frame]!;
  registers.forEach((value, register) => {
    // r10 never changes.
    if (value !== undefined && register < 10) facts.push(valueFact(machine, state, 'register', `r${register}`, value));
  });
  facts.push(...stackFacts(machine, state, stack));
  const { packetMin, metaMax } = state.constraints;
  if (packetMin > 0) facts.push({ kind: 'packet', subject: 'packet', words: `at least ${packetMin} ${packetMin === 1 ? 'byte' : 'bytes'}` });
  if (metaMax < 0) facts.push({ kind: 'packet', subject: 'packet metadata', words: `at least ${-metaMax} ${metaMax === -1 ? 'byte' : 'bytes'}` });
  for (const { kind, instruction } of state.references)
    facts.push({ kind: 'reference', subject: `${kind} acquired at instruction ${instruction}`, words: 'must be given back' });
  if (state.lock !== 0) facts.push({ kind: 'lock', subject: 'spin lock', words: 'held' });
  for (const { words, depth } of openRegions(state.rcu))
    facts.push({ kind: 'lock', subject: 'region', words: depth === 1 ? words : `${words}, ${depth} deep` });
  return facts;
}

function valueFact(machine: Machine, state: State, kind: FactKind, subject: string, value: Value): Fact {
  const over = value.kind === 'packet' ? state.overPacketEnd(value, 0) : undefined;
  const proved = over === undefined ? {} : { proved: Math.max(0, -Number(over)) };
  return { kind, subject, words: valueWords(machine, value, state), value, ...proved };
}

/** The bytes of a frame that were written, highest address first, as the compiler hands them out. */
function stackFacts(machine: Machine, state: State, stack: StackFrame): Fact[] {
  const facts: Fact[] = [];
  const subject = (index: number, size: number) => {
    const place = index - stack.size;
    return size === 1 ? `fp${place}` : `fp${place}..fp${place + size - 1}`;
  };
  const put = (index: number, size: number, words: string) => facts.push({ kind: 'stack', subject: subject(index, size), words });
  for (let at = 0; at < stack.size; ) {
    const state0 = stack.bytes[at]!;
    const cell = state0 === CELL ? stack.cells.get(at) : undefined;
    if (cell !== undefined) {
      facts.push(valueFact(machine, state, 'stack', subject(at, cell.size), cell.value));
      at += cell.size;
      continue;
    }
    let end = at + 1;
    while (end < stack.size && stack.bytes[end] === state0 && state0 !== CELL) end++;
    if (state0 === NUMERIC) put(at, end - at, 'written, any number');
    else if (state0 === FRAGMENT) put(at, end - at, 'written, may be part of an address');
    at = end;
  }
  return facts.reverse();
}

/** Why a register has no fact. */
export function missingWords(live: boolean): string {
  return live ? 'never set' : 'never set, or not used any more';
}
