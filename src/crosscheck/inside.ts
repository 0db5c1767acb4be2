/**
 * The meaning of an abstract state, spelled out once and independently of the transfer functions: whether one concrete state of the checked
 * interpreter is among those that an abstract state stands for. Only what the state claims is checked; what liveness dropped claims nothing.
 */
import type { CheckedState } from '../engine/checked/state.ts';
import type { Value as Concrete, Region } from '../engine/checked/value.ts';
import { CLOBBERED, NUMERIC as HAS_NUMBER, UNWRITTEN as NEVER, NULL, numberValue, POINTER } from '../engine/checked/value.ts';
import { wordOf } from '../verifier/constraints.ts';
import { canonical, contains, format } from '../verifier/number/index.ts';
import { CELL, NUMERIC, type StackFrame, UNWRITTEN } from '../verifier/stack.ts';
import type { State } from '../verifier/state.ts';
import { type Derivation, META_OFFSET, PACKET_SIZE, READ_ONLY_MEMORY, type SymbolId, TYPED_MEMORY, type Value, ZERO } from '../verifier/value.ts';

/** What the symbols and identities of one abstract state stand for in one concrete state. */
interface Naming {
  readonly symbols: Map<SymbolId, bigint>;
  readonly identities: Map<number, Region | null>;
  readonly derived: { readonly place: string; readonly value: Value; readonly content: bigint }[];
}

/** Thrown inside and turned into the reason by `outside`: keeps the checks free of plumbing. */
class Outside extends Error {}

function fail(place: string, reason: string): never {
  throw new Outside(`${place}: ${reason}`);
}

/** Why the concrete state is not one of those the abstract state stands for; undefined where it is. */
export function outside(state: State, concrete: CheckedState): string | undefined {
  try {
    check(state, concrete);
    return undefined;
  } catch (error) {
    if (error instanceof Outside) return error.message;
    throw error;
  }
}

function check(state: State, concrete: CheckedState): void {
  const { packet, frames } = concrete;
  if (state.frames.length !== frames.length) fail('frames', `${state.frames.length} claimed, ${frames.length} active`);
  const symbols = new Map<SymbolId, bigint>([[ZERO, 0n]]);
  if (packet !== undefined) symbols.set(PACKET_SIZE, BigInt(concrete.packetSize)).set(META_OFFSET, BigInt(-packet.origin));
  const naming: Naming = { symbols, identities: new Map(), derived: [] };
  for (let index = 0; index < frames.length; index++) {
    const frame = state.frames[index]!;
    const top = index === frames.length - 1;
    for (let r = 0; r < 11; r++) {
      const claim = frame.registers[r];
      if (claim === undefined || claim.kind === 'invalid') continue;
      const place = `${index}:r${r}`;
      // A caller keeps r6..r9 and its frame pointer; nothing may be claimed of its other registers.
      if (r === 10) checkValue(place, claim, { region: frames[index]!.stack, bits: 0n }, naming, concrete);
      else if (top) checkValue(place, claim, concrete.registers[r], naming, concrete);
      else if (r >= 6) checkValue(place, claim, frames[index + 1]!.saved[r - 6], naming, concrete);
      // While a callback runs, the call is yet to be made again with the same arguments, as far as the verifier is concerned.
      else if (frames[index + 1]!.callback === undefined) fail(place, 'claimed of a register that a call destroys');
    }
    checkStack(`${index}:`, frame.stack, frames[index]!.stack, naming, concrete);
  }
  for (const { place, value, content } of naming.derived) checkDerivation(place, value.derivation!, content, naming);
  checkConstraints(state, naming, concrete);
  checkObligations(state, naming, concrete);
}

type Held = Pick<Concrete, 'region' | 'bits'>;

function word(value: Held): string {
  const signed = BigInt.asIntN(64, value.bits);
  return value.region === undefined ? `${signed}` : `${value.region.kind} ${value.region.name} ${signed >= 0n ? '+' : ''}${signed}`;
}

/** Pointers that are numbers as well: kernel objects of unknown kind, and all where the host does not hide addresses. */
function servesAsNumber(region: Region, concrete: CheckedState): boolean {
  return region.lenient || concrete.allowLeaks;
}

function checkValue(place: string, claim: Value, value: Held | undefined, naming: Naming, concrete: CheckedState): void {
  // What functions of the host keep on the stack has no content that a run would know.
  if (claim.kind === 'invalid' || claim.kind === 'object') return;
  if (value === undefined || value === CLOBBERED) fail(place, `${claim.kind} claimed, nothing there`);
  const { region } = value;
  if (region?.ended !== undefined) {
    if (claim.kind === 'any') return;
    fail(place, `${claim.kind} claimed of a pointer whose target is ${region.ended}`);
  }
  if (claim.kind === 'any') return;
  if (claim.kind === 'number') {
    if (region === undefined) checkPosition(place, claim, value.bits, naming);
    else if (servesAsNumber(region, concrete)) checkRange(place, claim, BigInt.asUintN(64, region.address + value.bits));
    else fail(place, `a number claimed, ${word(value)} there`);
    return;
  }
  if (region === undefined) {
    if (!claim.nullable) fail(place, `${claim.kind} claimed, the number ${word(value)} there`);
    checkPosition(place, claim, value.bits, naming);
    checkIdentity(place, claim, null, naming);
    return;
  }
  if (region.lenient && (claim.kind === 'btf' || claim.kind === 'socket')) return;
  if (region.kind !== claim.kind) fail(place, `${claim.kind} claimed, ${word(value)} there`);
  checkTag(place, claim, region);
  checkPosition(place, claim, value.bits, naming);
  checkIdentity(place, claim, region, naming);
}

function checkTag(place: string, claim: Value, region: Region): void {
  const { kind, tag } = claim;
  const size = tag < READ_ONLY_MEMORY ? tag : tag < TYPED_MEMORY ? tag - READ_ONLY_MEMORY : undefined;
  if (kind === 'memory' && size !== undefined && region.bytes.length !== size)
    fail(place, `a record of ${size} bytes claimed, ${region.bytes.length} there`);
  // Negative tags are inner maps known by their template.
  if ((kind === 'map' || kind === 'map_value') && (tag >= 0 ? tag : -1 - tag) !== region.tag)
    fail(place, `map ${tag} claimed, map ${region.tag} there`);
  if ((kind === 'stack' || kind === 'code') && tag !== region.tag) fail(place, `${kind} ${tag} claimed, ${region.tag} there`);
}

function checkRange(place: string, claim: Value, bits: bigint): void {
  const content = canonical(BigInt.asIntN(64, bits));
  if (!contains(claim.range, content)) fail(place, `${claim.kind} in ${format(claim.range)} claimed, ${content} there`);
}

/** Range, and the content of the symbol: all values of one symbol must agree on it. */
function checkPosition(place: string, claim: Value, bits: bigint, naming: Naming): void {
  checkRange(place, claim, bits);
  if (claim.kind === 'map' || claim.kind === 'code' || claim.kind === 'btf') return;
  const content = BigInt.asIntN(64, bits - BigInt(claim.offset));
  const known = naming.symbols.get(claim.symbol);
  if (known === undefined) naming.symbols.set(claim.symbol, content);
  else if (known !== content) {
    fail(place, `s${claim.symbol} + ${claim.offset} claimed with s${claim.symbol} = ${known} elsewhere, ${BigInt.asIntN(64, bits)} there`);
  }
  if (claim.derivation !== undefined) naming.derived.push({ place, value: claim, content: bits });
}

/** Values of one identity lead to one object or are null together. */
function checkIdentity(place: string, claim: Value, region: Region | null, naming: Naming): void {
  if (claim.identity === 0 || region?.lenient === true) return;
  const known = naming.identities.get(claim.identity);
  if (known === undefined) naming.identities.set(claim.identity, region);
  else if (known !== region) fail(place, `one object claimed with another place (identity ${claim.identity}), ${region?.name ?? 'null'} there`);
}

function checkStack(place: string, claim: StackFrame, stack: Region, naming: Naming, concrete: CheckedState): void {
  for (let at = 0; at < claim.size; at++) {
    const state = claim.bytes[at];
    if (state === UNWRITTEN) continue;
    const there = stack.cells[at];
    if (there === NEVER) fail(`${place}fp${at - claim.size}`, 'a written byte claimed, never written');
    if (state === NUMERIC && there === POINTER && !isNumeric(stack, at, concrete))
      fail(`${place}fp${at - claim.size}`, 'a number claimed, part of a pointer');
    if (state !== CELL) continue;
    const cell = claim.cells.get(at);
    if (cell === undefined || cell.value.kind === 'invalid' || cell.value.kind === 'object') continue;
    const name = `${place}fp${at - claim.size}/${cell.size}`;
    const value = contentOf(stack, at, cell.size, concrete);
    if (value === undefined) {
      if (cell.value.kind !== 'any') fail(name, `${cell.value.kind} claimed, parts of pointers there`);
    } else checkValue(name, cell.value, value, naming, concrete);
  }
}

function isNumeric(stack: Region, at: number, concrete: CheckedState): boolean {
  if (concrete.allowLeaks) return true;
  for (let index = at; index > at - 8; index--) {
    const region = stack.spilled.get(index)?.region;
    if (region !== undefined) return servesAsNumber(region, concrete);
  }
  return false;
}

/** What a load of these bytes yields; undefined where they hold parts of pointers. */
function contentOf(stack: Region, index: number, size: number, concrete: CheckedState): Held | undefined {
  const whole = size === 8 ? stack.spilled.get(index) : undefined;
  if (whole !== undefined) return whole === NULL ? NULL : whole;
  let bits = 0n;
  for (let at = index + size - 1; at >= index; at--) {
    if (stack.cells[at] !== HAS_NUMBER && !isNumeric(stack, at, concrete)) return undefined;
    bits = (bits << 8n) | BigInt(stack.bytes[at]!);
  }
  return numberValue(bits);
}

type Derive = (operand: bigint, amount: number, other: bigint | undefined) => bigint | undefined;

const DERIVATIONS: Readonly<Record<Derivation['operation'], Derive>> = {
  low32: (operand) => BigInt.asUintN(32, operand),
  shift_left: (operand, amount) => (amount < 0 ? BigInt.asUintN(32, operand << BigInt(-amount)) : operand << BigInt(amount)),
  shift_right: (operand, amount) => BigInt.asUintN(64, operand) >> BigInt(amount),
  difference: (operand, _, other) => (other === undefined ? undefined : operand - other),
  mask: (operand, amount) => operand & BigInt(amount),
  sign_extend: (operand, amount) => BigInt.asIntN(amount, operand),
  swap(operand, amount) {
    let result = 0n;
    for (let byte = 0; byte < amount / 8; byte++) result = (result << 8n) | ((operand >> BigInt(8 * byte)) & 0xffn);
    return result;
  },
  bool: () => undefined,
};

/** The operand's content, where something live still names its symbol: a derivation from a forgotten number claims nothing. */
function operandOf(value: Value | undefined, naming: Naming): bigint | undefined {
  if (value === undefined) return undefined;
  const symbol = naming.symbols.get(value.symbol);
  return symbol === undefined ? undefined : BigInt.asIntN(64, symbol + BigInt(value.offset));
}

function checkDerivation(place: string, derivation: Derivation, content: bigint, naming: Naming): void {
  const operand = operandOf(derivation.operand, naming);
  if (operand === undefined) return;
  const expected = DERIVATIONS[derivation.operation](operand, derivation.amount ?? 0, operandOf(derivation.other, naming));
  if (expected === undefined || BigInt.asUintN(64, expected) === BigInt.asUintN(64, content)) return;
  fail(
    place,
    `${derivation.operation}${derivation.amount === undefined ? '' : ` ${derivation.amount}`} of ${operand} claimed, ${BigInt.asIntN(64, content)} there`,
  );
}

/** What a relation's symbol denotes: a word's signed or unsigned reading. */
function reading(symbol: SymbolId, naming: Naming): bigint | undefined {
  const word = wordOf(symbol);
  const content = naming.symbols.get(word);
  return content === undefined || word === symbol ? content : BigInt.asUintN(64, content);
}

function checkConstraints(state: State, naming: Naming, concrete: CheckedState): void {
  const { constraints } = state;
  if (concrete.packet !== undefined) {
    if (constraints.packetMin > concrete.packetSize) fail('packet', `${constraints.packetMin} bytes claimed, ${concrete.packetSize} there`);
    if (-concrete.packet.origin > constraints.metaMax)
      fail('packet', `${-constraints.metaMax} bytes of metadata claimed, ${concrete.packet.origin} there`);
  }
  for (const { a, b, k } of constraints.list) {
    const left = reading(a, naming);
    const right = reading(b, naming);
    if (left === undefined || right === undefined || left - right <= BigInt(k)) continue;
    fail('relations', `s${a} - s${b} <= ${k} claimed, ${left} - ${right} there`);
  }
  for (const { a, b, c, k } of constraints.totals) {
    const [first, second, whole] = [a, b, c].map((symbol) => reading(symbol, naming));
    if (first === undefined || second === undefined || whole === undefined || first + second - whole <= BigInt(k)) continue;
    fail('relations', `s${a} + s${b} - s${c} <= ${k} claimed, ${first} + ${second} - ${whole} there`);
  }
}

function checkObligations(state: State, naming: Naming, concrete: CheckedState): void {
  const claimed = [...state.references];
  for (const { region, instruction } of concrete.references) {
    const at = claimed.findIndex((reference) => {
      const known = naming.identities.get(reference.identity);
      return reference.instruction === instruction && (known === undefined || known === region);
    });
    if (at < 0) fail('references', `what instruction ${instruction} acquired is held, but not claimed`);
    claimed.splice(at, 1);
  }
  for (const { identity, instruction } of claimed) {
    // Held or null: a live value that is known not to be null must be held.
    const known = naming.identities.get(identity);
    if (known !== undefined && known !== null && !known.lenient)
      fail('references', `what instruction ${instruction} acquired is claimed, but not held`);
  }
  if ((state.lock !== 0) !== (concrete.lock !== undefined)) fail('lock', state.lock === 0 ? 'held, but not claimed' : 'claimed, but not held');
}
