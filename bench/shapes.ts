/** Programs generated to be expensive for a verifier: each is one shape, of any size. */
import type { BinaryOperator, Comparison, Instruction, Operand, Register, Size } from '../src/isa/instruction.ts';

export type Code = (Instruction | undefined)[];

/** Helpers by their Linux numbers. */
const LOOKUP = 1;
const PRANDOM = 7;
const RINGBUF_RESERVE = 131;
const LOOP = 181;

/** Maps of `generatedProgram`. */
const RING = 0;
const ARRAY = 1;

const immediate = (value: number): Operand => ({ kind: 'immediate', value });
const register = (number: Register): Operand => ({ kind: 'register', register: number });

/** Collects instructions; jumps name labels that may come later. */
class Builder {
  readonly code: Code = [];
  private readonly labels = new Map<string, number>();
  private readonly jumps: { readonly at: number; readonly label: string }[] = [];

  label(name: string): this {
    this.labels.set(name, this.code.length);
    return this;
  }
  put(...instructions: Instruction[]): this {
    for (const instruction of instructions) this.code.push(instruction);
    return this;
  }
  set(dst: Register, value: number): this {
    return this.alu('mov', dst, immediate(value));
  }
  copy(dst: Register, src: Register): this {
    return this.alu('mov', dst, register(src));
  }
  alu(operator: BinaryOperator, dst: Register, source: Operand): this {
    return this.put({ kind: 'binary', operator, width: 64, dst, source });
  }
  load(dst: Register, src: Register, offset: number, size: Size = 8): this {
    return this.put({ kind: 'load', size, signed: false, dst, src, offset });
  }
  store(dst: Register, offset: number, source: Operand, size: Size = 8): this {
    return this.put({ kind: 'store', size, dst, offset, source });
  }
  call(helper: number): this {
    return this.put({ kind: 'call', helper });
  }
  exit(): this {
    return this.put({ kind: 'exit' });
  }
  branch(comparison: Comparison, dst: Register, source: Operand, label: string): this {
    this.jumps.push({ at: this.code.length, label });
    return this.put({ kind: 'branch', comparison, width: 64, dst, source, offset: 0 });
  }
  jump(label: string): this {
    this.jumps.push({ at: this.code.length, label });
    return this.put({ kind: 'jump', wide: true, offset: 0 });
  }
  callLocal(label: string): this {
    this.jumps.push({ at: this.code.length, label });
    return this.put({ kind: 'call_local', offset: 0 });
  }
  /** dst = address of a subprogram. */
  address(dst: Register, label: string): this {
    this.jumps.push({ at: this.code.length, label });
    this.code.push({ kind: 'lddw', dst, source: 'code', low: 0, high: 0 }, undefined);
    return this;
  }
  map(dst: Register, index: number): this {
    this.code.push({ kind: 'lddw', dst, source: 'map_fd', low: index, high: 0 }, undefined);
    return this;
  }
  finish(): Code {
    for (const { at, label } of this.jumps) {
      const target = this.labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      const offset = target - at - 1;
      const instruction = this.code[at]!;
      this.code[at] = instruction.kind === 'lddw' ? { ...instruction, low: offset } : ({ ...instruction, offset } as Instruction);
    }
    return this.code;
  }
}

/** Steps of a fixed sequence in [0, 2^31). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state;
  };
}

/** Blocks of arithmetic, spills, packet checks and forward branches, about `size` slots. */
export function realistic(size: number): Code {
  const b = new Builder().copy(6, 1);
  for (let n = 0; b.code.length < size - 4; n++) {
    b.load(2, 6, 0, 4).load(3, 6, 4, 4).copy(4, 2);
    b.alu('add', 4, immediate(14 + (n % 40))).branch('gt', 4, register(3), `a${n}`);
    b.load(5, 2, n % 14, 1).alu('and', 5, immediate(63));
    b.store(10, -8 - 8 * (n % 32), register(5)).branch('eq', 5, immediate(n % 64), `b${n}`);
    b.load(7, 10, -8 - 8 * (n % 32)).alu('add', 7, register(5));
    b.label(`b${n}`)
      .set(0, n % 3)
      .label(`a${n}`);
  }
  return b.set(0, 2).exit().finish();
}

/** `count` branches in a row: as many blocks. */
export function branches(count: number): Code {
  const b = new Builder().set(0, 0);
  for (let n = 0; n < count; n++) b.put({ kind: 'branch', comparison: 'eq', width: 64, dst: 1, source: immediate(0), offset: 0 });
  return b.exit().finish();
}

/** Loops nested `depth` deep around one counter. */
export function nested(depth: number): Code {
  const b = new Builder().set(0, 0);
  for (let n = 0; n < depth; n++) b.label(`head${n}`).alu('add', 0, immediate(1));
  for (let n = depth - 1; n >= 0; n--) b.branch('lt', 0, immediate(1000), `head${n}`);
  return b.exit().finish();
}

/** Loops nested `depth` deep, each with a counter of its own on the stack (at most 60 differ). */
export function nestedCounters(depth: number): Code {
  const b = new Builder();
  const slot = (n: number) => -8 - 8 * (n % 60);
  for (let n = 0; n < depth; n++) b.store(10, slot(n), immediate(0)).label(`head${n}`);
  for (let n = depth - 1; n >= 0; n--) {
    b.load(1, 10, slot(n)).alu('add', 1, immediate(1)).store(10, slot(n), register(1));
    b.branch('lt', 1, immediate(4), `head${n}`);
  }
  return b.set(0, 0).exit().finish();
}

/** Diamonds in a row, each of which sets another bit of r6 or another byte of the stack on one side. */
export function diamonds(count: number): Code {
  const b = new Builder().load(8, 1, 16, 4).set(6, 0);
  for (let n = 0; n < count; n++) {
    b.put({ kind: 'branch', comparison: 'set', width: 64, dst: 8, source: immediate(1 << (n % 30)), offset: 2 });
    b.alu('or', 6, immediate(1 << (n % 31))).store(10, -1 - (n % 512), immediate(n % 256), 1);
  }
  return b.copy(0, 6).alu('and', 0, immediate(1)).exit().finish();
}

/** One register compared with `count` constants, as many cases, one join. */
export function wideSwitch(count: number): Code {
  const b = new Builder().load(8, 1, 16, 4).set(6, 0);
  for (let n = 0; n < count; n++) b.branch('eq', 8, immediate(n), `case${n}`);
  b.jump('end');
  for (let n = 0; n < count; n++) b.label(`case${n}`).set(6, n).jump('end');
  return b.label('end').copy(0, 6).alu('and', 0, immediate(1)).exit().finish();
}

/** Blocks that go on to the next or to any other, behind a counter that bounds the whole. */
export function mesh(count: number): Code {
  const random = randomNumbers(1);
  const b = new Builder().load(8, 1, 16, 4).set(6, 0);
  for (let n = 0; n < count; n++) {
    b.label(`n${n}`).alu('add', 6, immediate(1)).branch('gt', 6, immediate(1000), 'end');
    b.alu('mul', 8, immediate(3)).branch('set', 8, immediate(4), `n${random() % count}`);
  }
  return b.label('end').set(0, 0).exit().finish();
}

/** `count` calls of one subprogram. */
export function calls(count: number): Code {
  const b = new Builder();
  for (let n = 0; n < count; n++) b.set(1, n).callLocal('f');
  b.set(0, 0).exit();
  return b.label('f').set(0, 0).branch('eq', 1, immediate(7), 'odd').set(0, 1).label('odd').exit().finish();
}

/** Subprograms `depth` deep, each of which calls the next `width` times: `width` to the power of `depth` chains. */
export function callTree(depth: number, width: number): Code {
  const b = new Builder();
  for (let level = 0; level < depth; level++) {
    b.label(`f${level}`);
    for (let n = 0; n < width; n++) b.set(1, n).callLocal(`f${level + 1}`);
    b.set(0, 0).exit();
  }
  return b.label(`f${depth}`).set(0, 0).exit().finish();
}

/** `count` subprograms that start one instruction apart in the same code. */
export function overlappingFunctions(count: number): Code {
  const b = new Builder();
  for (let n = 0; n < count; n++) b.callLocal(`f${n}`);
  b.set(0, 0).exit();
  for (let n = 0; n < count; n++) b.label(`f${n}`).set(0, n);
  return b.exit().finish();
}

/** bpf_loop within the callback of bpf_loop, `depth` deep, each callback with a loop of its own. */
export function nestedCallbacks(depth: number): Code {
  const b = new Builder();
  for (let level = 0; level <= depth; level++) {
    b.label(`f${level}`).set(6, 0).label(`l${level}`).alu('add', 6, immediate(1)).branch('lt', 6, immediate(50), `l${level}`);
    if (level < depth)
      b.set(1, 100)
        .address(2, `f${level + 1}`)
        .set(3, 0)
        .set(4, 0)
        .call(LOOP);
    b.set(0, 0).exit();
  }
  return b.finish();
}

/** Stores to every byte of the stack, over and over, for `count` slots. */
export function stores(count: number): Code {
  const b = new Builder().load(6, 1, 16, 4);
  for (let n = 0; n < count; n++) b.store(10, -1 - (n % 512), n % 2 === 0 ? register(6) : immediate(n % 128), 1);
  return b.set(0, 0).exit().finish();
}

/** One-byte cells in all of the stack, kept alive over `count` joins. */
export function spills(count: number): Code {
  const b = new Builder().copy(7, 1);
  for (let n = 0; n < 512; n++) b.load(6, 7, 12 + 4 * (n % 2), 4).store(10, -1 - n, register(6), 1);
  for (let n = 0; n < count; n++)
    b.load(6, 10, -1 - (n % 512), 1)
      .branch('eq', 6, immediate(n % 256), `s${n}`)
      .store(10, -1 - ((n * 7) % 512), register(6), 1)
      .label(`s${n}`);
  b.set(0, 0);
  for (let n = 0; n < 512; n++) b.load(6, 10, -1 - n, 1).alu('xor', 0, register(6));
  return b.alu('and', 0, immediate(1)).exit().finish();
}

/** Lookups whose results wait on the stack before they are tested, `count` of them. */
export function lookups(count: number): Code {
  const b = new Builder();
  for (let n = 0; n < 8; n++) b.store(10, -72 - 8 * n, immediate(0));
  for (let n = 0; n < count; n++) {
    b.store(10, -4, immediate(n % 4), 4)
      .map(1, ARRAY)
      .copy(2, 10)
      .alu('add', 2, immediate(-4))
      .call(LOOKUP);
    b.store(10, -72 - 8 * (n % 8), register(0));
    if (n >= 8)
      b.load(3, 10, -72 - 8 * ((n * 5) % 8))
        .branch('eq', 3, immediate(0), `m${n}`)
        .load(4, 3, 0, 4)
        .label(`m${n}`);
  }
  return b.set(0, 0).exit().finish();
}

/** Records reserved and never given back, `count` of them. */
export function reservations(count: number): Code {
  const b = new Builder();
  for (let n = 0; n < count; n++) b.map(1, RING).set(2, 8).set(3, 0).call(RINGBUF_RESERVE);
  return b.set(0, 0).exit().finish();
}

/** Comparisons of unknown numbers with one another: as many relations. */
export function relations(count: number): Code {
  const random = randomNumbers(3);
  const b = new Builder();
  for (let n = 0; n < 20; n++) b.call(PRANDOM).store(10, -8 - 8 * n, register(0));
  for (let n = 0; n < count; n++) {
    b.load(6, 10, -8 - 8 * (random() % 20))
      .load(7, 10, -8 - 8 * (random() % 20))
      .branch(n % 2 === 0 ? 'lt' : 'sle', 6, register(7), `r${n}`);
    b.alu('add', 6, immediate(1))
      .store(10, -8 - 8 * (random() % 20), register(6))
      .label(`r${n}`);
  }
  return b.set(0, 0).exit().finish();
}

/** A number computed from a number `count` times, then tested. */
export function derivations(count: number): Code {
  const b = new Builder().call(PRANDOM).copy(6, 0);
  for (let n = 0; n < count; n++) {
    b.copy(7, 6).alu('rsh', 6, immediate(1)).alu('lsh', 6, immediate(1)).alu('and', 6, immediate(0xffff));
    b.branch('eq', 6, immediate(n % 8), `d${n}`)
      .alu('sub', 7, register(6))
      .label(`d${n}`);
  }
  return b.set(0, 0).exit().finish();
}

/** One loop of `turns` turns that never look alike, with `body` branches within. */
export function longLoop(turns: number, body: number): Code {
  const b = new Builder().load(8, 1, 16, 4).set(6, 0).set(7, 1).label('head');
  for (let n = 0; n < body; n++)
    b.branch('set', 8, immediate(1 << (n % 30)), `x${n}`)
      .alu('mul', 7, immediate(3 + n))
      .alu('and', 7, immediate(0xffff))
      .label(`x${n}`);
  b.alu('add', 6, immediate(1)).branch('lt', 6, immediate(turns), 'head');
  return b.set(0, 0).exit().finish();
}

/** `count` loops one after the other, within one loop. */
export function manyLoops(count: number): Code {
  const b = new Builder().set(6, 0).label('outer');
  for (let n = 0; n < count; n++) b.set(7, 0).label(`in${n}`).alu('add', 7, immediate(1)).branch('lt', 7, immediate(100), `in${n}`);
  b.alu('add', 6, immediate(1)).branch('lt', 6, immediate(100), 'outer');
  return b.set(0, 0).exit().finish();
}

/** A branch over each instruction of `count`, every one to the same end: one block with as many predecessors. */
export function manyPredecessors(count: number): Code {
  const b = new Builder().load(8, 1, 16, 4);
  for (let n = 0; n < count; n++) b.set(6, n).branch('set', 8, immediate(1 << (n % 30)), 'end');
  return b.label('end').copy(0, 6).alu('and', 0, immediate(1)).exit().finish();
}
