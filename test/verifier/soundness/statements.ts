/** The grammar's statements about numbers, the stack and control; those about memory of the host are in statements-memory.ts. */
import type { AtomicOperator, BinaryOperator, Size } from '../../../src/isa/instruction.ts';
import { bound, boundOrLeave } from './bounds.ts';
import { cloneScope, type Generator, joinScopes } from './generator.ts';
import { LOOPS } from './loops.ts';
import { MEMORY_STATEMENTS } from './statements-memory.ts';
import { SPAN_STATEMENTS } from './statements-spans.ts';

export interface Statement {
  readonly name: string;
  readonly weight: number;
  readonly write: (g: Generator, depth: number) => void;
}

const BINARY: readonly BinaryOperator[] = ['add', 'sub', 'mul', 'div', 'sdiv', 'mod', 'smod', 'or', 'and', 'xor', 'lsh', 'rsh', 'arsh', 'mov'];
const SIZES: readonly Size[] = [1, 2, 4, 8];
const ATOMICS: readonly AtomicOperator[] = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];
/** Deepest byte of the frame that statements use. */
const FRAME = 64;

function arithmetic(g: Generator): void {
  const { code, random } = g;
  const dst = g.freeNumber();
  const operator = g.pick(BINARY);
  const width = g.width();
  const shift = operator === 'lsh' || operator === 'rsh' || operator === 'arsh';
  if (random.chance(2)) code.aluImmediate(operator, dst, shift ? random.below(width) : g.constant32(), width);
  else code.alu(operator, dst, g.number(), width);
  g.believe(dst, { kind: 'number' });
}

function convert(g: Generator): void {
  const { code, random } = g;
  const dst = g.freeNumber();
  switch (random.below(4)) {
    case 0: {
      const width = g.width();
      const bits = width === 64 ? g.pick([8, 16, 32] as const) : g.pick([8, 16] as const);
      code.emit({ kind: 'movsx', bits, width, dst: dst as 0, src: g.number() as 0 });
      break;
    }
    case 1:
      code.emit({ kind: 'negate', width: g.width(), dst: dst as 0 });
      break;
    case 2:
      code.emit({ kind: 'swap', order: g.pick(['le', 'be', 'bswap'] as const), bits: g.pick([16, 32, 64] as const), dst: dst as 0 });
      break;
    default:
      code.alu('mov', dst, g.number(), g.width());
  }
  g.believe(dst, { kind: 'number' });
}

function copy(g: Generator): void {
  const { registers } = g.scope;
  const known = registers.flatMap((belief, r) => (belief === undefined ? [] : [r]));
  if (known.length === 0) return;
  const src = g.pick(known);
  const dst = g.saved(src);
  g.code.alu('mov', dst, src);
  g.believe(dst, registers[src]);
}

/** Saves a register in the frame; loads of it may come back later. */
function spill(g: Generator): void {
  const { scope, code } = g;
  const known = scope.registers.flatMap((belief, r) => (belief === undefined ? [] : [r]));
  if (known.length === 0) return;
  const src = g.pick(known);
  const at = -8 * (1 + g.random.below(FRAME / 8));
  if (counterSlots(g).has(at)) return;
  code.store(8, 10, at, src);
  const belief = scope.registers[src]!;
  scope.spills.set(at, belief);
  for (let byte = 1; byte <= 8; byte++) {
    if (belief.kind === 'number') scope.written.add(-at - 8 + byte);
    else scope.written.delete(-at - 8 + byte);
  }
}

/** Slots that hold loop counters must not be overwritten: they are pinned like registers, by the distance below the frame pointer. */
function counterSlots(g: Generator): ReadonlySet<number> {
  return new Set([...g.scope.pinned].filter((at) => at < 0));
}

function fill(g: Generator): void {
  const { scope, code } = g;
  const slots = [...scope.spills.keys()];
  if (slots.length === 0) return;
  const at = g.pick(slots);
  const dst = g.destination();
  code.load(8, dst, 10, at);
  g.believe(dst, scope.spills.get(at));
}

function overlapsPinned(g: Generator, low: number, size: number): boolean {
  for (const at of counterSlots(g)) if (low < -at && low + size > -at - 8) return true;
  return false;
}

/** A store of any size at its alignment, over whatever is there. */
function storeStack(g: Generator): void {
  const { scope, code, random } = g;
  const size = g.pick(SIZES);
  const at = -size * (1 + random.below(FRAME / size));
  if (overlapsPinned(g, -at - size, size)) return;
  if (random.chance(3)) code.storeImmediate(size, 10, at, g.constant32());
  else code.store(size, 10, at, g.number());
  for (const slot of [...scope.spills.keys()]) if (slot < at + size && slot + 8 > at) scope.spills.delete(slot);
  for (let byte = 1; byte <= size; byte++) scope.written.add(-at - size + byte);
}

/** A load of any size from bytes that hold numbers: whole cells, parts of them, several together. */
function loadStack(g: Generator): void {
  const { scope, code, random } = g;
  for (let attempt = 0; attempt < 6; attempt++) {
    const size = g.pick(SIZES);
    const at = -size * (1 + random.below(FRAME / size));
    let all = true;
    for (let byte = 1; byte <= size; byte++) all &&= scope.written.has(-at - size + byte);
    if (!all && !g.slip()) continue;
    const dst = g.destination();
    code.load(size, dst, 10, at, size < 8 && random.chance(4));
    g.believe(dst, { kind: 'number' });
    return;
  }
}

/** A byte or word of the frame at a varying offset. */
function indexStack(g: Generator): void {
  const { scope, code, random } = g;
  if (g.bail === undefined) return;
  const width = g.pick([1, 1, 2, 4, 8] as const);
  const slots = 1 + random.below(8);
  const base = 8 * (1 + random.below(7));
  const bytes = Math.min(slots * width, base);
  const count = Math.floor(bytes / width);
  if (count === 0 || overlapsPinned(g, base - bytes, bytes)) return;
  const reading = random.chance(2);
  if (reading || random.chance(2)) {
    for (let at = 0; at < base; at += 8) {
      if (overlapsPinned(g, at, 8)) return;
      code.storeImmediate(8, 10, -at - 8, random.below(3));
      scope.spills.delete(-at - 8);
      for (let byte = at + 1; byte <= at + 8; byte++) scope.written.add(byte);
    }
  }
  const index = bound(g, g.slip() ? count : count - 1);
  if (index === undefined) return;
  const pointer = g.destination(index);
  if (scope.pinned.has(index)) return;
  if (width > 1) {
    if (random.chance(2)) code.aluImmediate('mul', index, width);
    else code.aluImmediate('lsh', index, Math.log2(width));
    g.believe(index, { kind: 'number' });
  }
  code.alu('mov', pointer, 10);
  if (random.chance(2)) {
    code.aluImmediate('add', pointer, -base);
    code.alu('add', pointer, index);
  } else {
    code.alu('add', pointer, index);
    code.aluImmediate('add', pointer, -base);
  }
  g.believe(pointer, undefined);
  // Linux refuses accesses that are not aligned; at a varying offset only bytes certainly are.
  if (reading) {
    const dst = g.destination(pointer);
    code.load(width, dst, pointer, 0);
    g.believe(dst, { kind: 'number' });
    return;
  }
  code.store(width, pointer, 0, g.number(pointer));
  for (const slot of [...scope.spills.keys()]) {
    if (slot < -base + bytes && slot + 8 > -base) scope.spills.delete(slot);
  }
}

function atomicStack(g: Generator): void {
  const { scope, code, random } = g;
  const size = g.pick([4, 8] as const);
  const at = -8 * (1 + random.below(FRAME / 8));
  if (overlapsPinned(g, -at - 8, 8)) return;
  code.storeImmediate(8, 10, at, g.constant32());
  scope.spills.delete(at);
  for (let byte = 1; byte <= 8; byte++) scope.written.add(-at - 8 + byte);
  const operator = g.pick(ATOMICS);
  if (operator === 'cmpxchg') {
    if (scope.pinned.has(0)) return;
    g.freshNumber(0);
  }
  const src = g.freeNumber(0);
  const fetch = operator === 'xchg' || operator === 'cmpxchg' || random.chance(2);
  code.atomic(operator, fetch, size, 10, at, src);
  if (fetch) g.believe(operator === 'cmpxchg' ? 0 : src, { kind: 'number' });
}

/** if (a CMP b) {...} else {...} */
function conditional(g: Generator, depth: number): void {
  if (depth > 3) return;
  const { code, random } = g;
  const a = g.number();
  const otherwise = code.label();
  if (random.chance(3)) {
    const b = g.number(a);
    code.branch(g.comparison(), a, b, otherwise, g.width());
  } else code.branchImmediate(g.comparison(), a, g.near(a), otherwise, g.width());
  const before = cloneScope(g.scope);
  g.block(1 + random.below(3), depth + 1);
  if (random.chance(2)) {
    const end = code.label();
    code.jump(end);
    const then = g.scope;
    g.scope = before;
    code.place(otherwise);
    g.block(1 + random.below(3), depth + 1);
    code.place(end);
    g.scope = joinScopes(then, g.scope);
  } else {
    code.place(otherwise);
    g.scope = joinScopes(before, g.scope);
  }
}

/** A flag that remembers a test, tested again later: only paths kept apart (or relations) prove the second use. */
function correlated(g: Generator, depth: number): void {
  if (depth > 2 || g.bail === undefined) return;
  const { code, random } = g;
  const { pinned } = g.scope;
  const index = g.freeNumber();
  const flag = g.saved(index);
  if (pinned.has(flag) || flag === index) return;
  const known = g.pick([3, 7, 15]);
  const done = code.label();
  code.aluImmediate('mov', flag, 0);
  g.believe(flag, { kind: 'number', max: 1 });
  pinned.add(flag).add(index);
  code.branchImmediate('gt', index, g.slip() ? known + 1 : known, done);
  code.aluImmediate('mov', flag, 1);
  code.place(done);
  // Something in between that joins.
  if (random.chance(2)) arithmeticOnOthers(g);
  const skip = code.label();
  code.branchImmediate(random.chance(2) ? 'eq' : 'ne', flag, random.chance(2) ? 0 : 1, skip);
  const size = g.pick(SIZES);
  code.storeImmediate(8, 10, -72, 1);
  code.storeImmediate(8, 10, -80, 2);
  code.storeImmediate(8, 10, -88, 2);
  const pointer = g.destination(index, flag);
  g.believe(pointer, undefined);
  code.alu('mov', pointer, 10);
  code.alu('add', pointer, index);
  code.load(g.host.platform.name === 'linux' ? 1 : size, pointer, pointer, -72 - 16);
  code.place(skip);
  pinned.delete(flag);
  pinned.delete(index);
}

function arithmeticOnOthers(g: Generator): void {
  if (g.having('number').some((r) => !g.scope.pinned.has(r))) arithmetic(g);
}

type Relate = (g: Generator, b: number, a: number) => void;

/** Ways to compute b from a such that a guard on b tells something of a. */
const RELATIONS: readonly Relate[] = [
  (g, b, a) => g.code.alu('mov', b, a),
  (g, b, a) => g.code.alu('mov', b, a, 32),
  (g, b, a) => {
    g.code.alu('mov', b, a);
    g.code.aluImmediate('add', b, g.constant32(), g.width());
  },
  (g, b, a) => {
    g.code.alu('mov', b, a);
    g.code.aluImmediate('and', b, g.constant32(), g.width());
  },
  (g, b, a) => {
    g.code.alu('mov', b, a);
    g.code.aluImmediate(g.pick(['lsh', 'rsh', 'arsh'] as const), b, g.random.below(32), g.width());
  },
  (g, b, a) => {
    g.code.alu('mov', b, a);
    g.code.aluImmediate('lsh', b, 32);
    g.code.aluImmediate(g.random.chance(2) ? 'rsh' : 'arsh', b, 32);
  },
  (g, b, a) => {
    const other = g.number(a, b);
    g.code.alu('mov', b, a);
    g.code.alu(g.random.chance(2) ? 'sub' : 'add', b, other, g.width());
  },
  (g, b, a) => g.code.emit({ kind: 'movsx', bits: g.pick([8, 16, 32] as const), width: 64, dst: b as 0, src: a as 0 }),
  (g, b, a) => {
    g.code.alu('mov', b, a);
    g.code.emit({ kind: 'swap', order: 'bswap', bits: g.pick([16, 32, 64] as const), dst: b as 0 });
  },
  (g, b, a) => {
    // Ordered by a third number that nobody needs afterwards.
    const middle = g.destination(a, b);
    if (middle === a || middle === b) return;
    g.freshNumber(b);
    g.freshNumber(middle);
    g.code.branch('gt', a, middle, g.bail!);
    g.code.branch('gt', middle, b, g.bail!);
    g.believe(middle, undefined);
  },
];

/** On some paths one number is computed from another, on others it is not; then a guard on it: what it says of the other differs. */
function halfRelated(g: Generator, depth: number): void {
  if (depth > 2 || g.bail === undefined) return;
  const { code, random, scope } = g;
  const a = g.freeNumber();
  if (random.chance(2)) g.freshNumber(a);
  const b = g.saved(a);
  if (a === b || scope.pinned.has(a) || scope.pinned.has(b)) return;
  scope.pinned.add(a);
  const test = g.number(a, b);
  const other = code.label();
  const join = code.label();
  code.branchImmediate(g.comparison(), test, g.near(test), other, g.width());
  g.pick(RELATIONS)(g, b, a);
  if (random.chance(3)) code.store(8, 10, -240, b);
  code.jump(join);
  code.place(other);
  const way = random.below(9);
  if (way < 3) g.pick(RELATIONS)(g, b, a);
  else if (way < 5) code.aluImmediate('mov', b, 0);
  else g.freshNumber(b);
  code.place(join);
  for (let r = 0; r < 6; r++) if (r !== a && r !== b && !scope.pinned.has(r)) g.believe(r, undefined);
  g.believe(b, { kind: 'number' });
  for (let count = 1 + random.below(2); count > 0; count--) {
    if (random.chance(4)) code.branch(g.comparison(), a, b, g.bail, g.width());
    else code.branchImmediate(g.comparison(), b, g.constant32(), g.bail, g.width());
  }
  scope.pinned.delete(a);
  // Both are needed afterwards, so that liveness keeps them.
  code.store(8, 10, -240, a);
  code.alu('xor', b, a);
}

/** Bytes of the frame written on one path only, and read under the same condition; now and then regardless of it. */
function halfWritten(g: Generator): void {
  const { code, random, scope } = g;
  if (scope.pinned.size > 3) return;
  const flag = g.number();
  const skip = code.label();
  const over = code.label();
  const size = g.pick(SIZES);
  const width = g.pick([1, 2, 4] as const);
  const at = -248 - 8 * random.below(8);
  const limit = g.near(flag);
  const comparison = g.comparison();
  code.branchImmediate(comparison, flag, limit, skip);
  if (random.chance(2)) code.storeImmediate(size, 10, at, g.constant32());
  else code.store(size, 10, at, g.number());
  code.place(skip);
  if (random.chance(2)) g.freshNumber(g.destination(flag));
  if (!random.chance(8) && scope.registers[flag]?.kind === 'number') code.branchImmediate(comparison, flag, limit, over);
  const dst = g.destination(flag);
  if (scope.pinned.has(dst)) {
    code.place(over);
    return;
  }
  code.load(Math.min(width, size) as Size, dst, 10, at);
  code.place(over);
  g.believe(dst, undefined);
}

/** A path that leaves early. */
function earlyExit(g: Generator): void {
  if (g.bail === undefined) return;
  const r = g.number();
  g.code.branchImmediate(g.comparison(), r, g.near(r), g.bail, g.width());
}

function bounded(g: Generator): void {
  boundOrLeave(g, g.pick([1, 3, 7, 15, 20, 31, 60]));
}

function loop(g: Generator, depth: number): void {
  if (depth > 2 || g.loopDepth > 1) return;
  g.loopDepth++;
  g.pick(LOOPS)(g, depth);
  g.loopDepth--;
}

/** A call of a function further down, with numbers and perhaps a pointer to this frame. */
function callLocal(g: Generator): void {
  const { code, random, scope } = g;
  const later = g.subprograms.filter(({ index }) => index > g.current);
  let callee = later.length > 0 && random.chance(2) ? g.pick(later) : undefined;
  if (callee === undefined) {
    if (g.subprograms.length >= 4) return;
    callee = { label: code.label(), index: g.subprograms.length, buffer: random.chance(2) ? 8 * (1 + random.below(3)) : 0 };
    g.subprograms.push(callee);
  }
  const second = g.number(1, 2);
  if (callee.buffer > 0) {
    const low = callee.buffer + 8 * random.below(3);
    if (overlapsPinned(g, low - callee.buffer, callee.buffer)) return;
    for (let at = low; at > low - callee.buffer; at -= 8) code.storeImmediate(8, 10, -at, g.constant32());
    code.alu('mov', 2, second);
    code.alu('mov', 1, 10);
    code.aluImmediate('add', 1, -low);
    for (const slot of [...scope.spills.keys()]) if (slot < -low + callee.buffer && slot + 8 > -low) scope.spills.delete(slot);
    for (let byte = low - callee.buffer + 1; byte <= low; byte++) scope.written.add(byte);
  } else {
    const first = g.number(1, 2, second);
    if (first === 2 || second === 1) {
      code.aluImmediate('mov', 1, 5);
      code.aluImmediate('mov', 2, 6);
    } else {
      code.alu('mov', 1, first);
      code.alu('mov', 2, second);
    }
  }
  // Every function gets the context, as the entry does.
  code.alu('mov', 3, 6);
  for (let r = 4; r <= 5; r++) if (random.chance(4)) code.aluImmediate('mov', r, r);
  code.call(callee.label);
  g.afterCall();
  g.believe(0, { kind: 'number' });
}

/** Numbers through the pointer that a caller passed. */
function callerStack(g: Generator): void {
  const { code, random } = g;
  const buffers = g.having('stack');
  if (buffers.length === 0) return;
  const pointer = g.pick(buffers);
  const size = g.pick(SIZES);
  const room = g.scope.registers[pointer]!.room! + (g.slip() ? 8 : 0);
  const offset = size * random.below(Math.max(1, Math.floor(room / size)));
  if (random.chance(2)) {
    const dst = g.destination(pointer);
    code.load(size, dst, pointer, offset);
    g.believe(dst, { kind: 'number' });
  } else code.store(size, pointer, offset, g.number(pointer));
}

export const STATEMENTS: readonly Statement[] = [
  { name: 'arithmetic', weight: 10, write: arithmetic },
  { name: 'conversion', weight: 4, write: convert },
  { name: 'copy', weight: 3, write: copy },
  { name: 'fresh number', weight: 3, write: (g) => g.freshNumber(g.destination()) },
  { name: 'spill', weight: 5, write: spill },
  { name: 'fill', weight: 5, write: fill },
  { name: 'stack store', weight: 5, write: storeStack },
  { name: 'stack load', weight: 6, write: loadStack },
  { name: 'stack index', weight: 4, write: indexStack },
  { name: 'stack atomic', weight: 2, write: atomicStack },
  { name: 'conditional', weight: 9, write: conditional },
  { name: 'correlated flag', weight: 3, write: correlated },
  { name: 'half related', weight: 6, write: halfRelated },
  { name: 'half written', weight: 2, write: halfWritten },
  { name: 'early exit', weight: 4, write: earlyExit },
  { name: 'bound', weight: 5, write: bounded },
  { name: 'loop', weight: 5, write: loop },
  { name: 'local call', weight: 3, write: callLocal },
  { name: "caller's stack", weight: 5, write: callerStack },
  ...MEMORY_STATEMENTS,
  ...SPAN_STATEMENTS,
];
