import type { Constraint } from './constraints.ts';
import { type Constraints, rangeEdges } from './constraints.ts';
import type { JoinedSymbol } from './lattice.ts';
import type { Int } from './number/index.ts';
import { add, I64_MAX, I64_MIN, sub } from './number/index.ts';
import { CELL, type StackFrame } from './stack.ts';
import type { Value } from './value.ts';
import { META_OFFSET, PACKET_SIZE, type SymbolId, type ZERO } from './value.ts';

/** Registers r0..r10 of one frame; undefined = never set (or dead). */
export type Registers = (Value | undefined)[];

/** One activation of a function. Frames below the top are only changed through stack pointers. */
export interface Frame {
  registers: Registers;
  stack: StackFrame;
}

/** Something acquired that must be given back: a ring-buffer record, a socket, a kernel object. */
export interface Reference {
  readonly identity: number;
  /** Slot of the acquiring call. */
  readonly instruction: number;
  readonly kind: string;
  /** Index of the frame that acquired it. */
  readonly frame: number;
}

/** How a state came to a block: a linked list, newest first, shared between states. */
export interface Trail {
  readonly block: number;
  readonly depth: number;
  readonly previous: Trail | undefined;
}

/** Which state of an enclosing loop's head this state descends from, innermost last entered first. */
export interface LoopOrigin {
  /** Node id of the head. */
  readonly head: number;
  readonly state: State;
  /** The host itself bounds the turns taken since (may_goto that did not jump, iterators that gave something, callbacks). */
  readonly bounded: boolean;
  /** Identity of what an iterator gave since, while it is not known whether it gave anything; 0 for none. */
  readonly advancing: number;
  readonly previous: LoopOrigin | undefined;
}

/** Everything known at one program point on the paths it stands for. */
export class State {
  frames: Frame[];
  constraints: Constraints;
  references: readonly Reference[];
  /** Identity of the value whose spin lock is held, 0 for none. */
  lock: number;
  /** Depths of the open regions, see regions.ts. */
  rcu: number;
  trail: Trail | undefined;
  origins: LoopOrigin | undefined;
  /** How often a loop head's state has been generalised to become this one. */
  generalisations = 0;
  /** The loop head's state that was generalised to become this one, and what became of its symbols. */
  grownFrom: { readonly state: State; readonly symbols: readonly JoinedSymbol[] } | undefined;
  /** It came to its loop head by a back edge. */
  back = false;
  /** What `shapeOf` said when the state was delivered. */
  shape = 0;

  constructor(
    frames: Frame[],
    constraints: Constraints,
    references: readonly Reference[],
    lock: number,
    rcu: number,
    trail: Trail | undefined,
    origins: LoopOrigin | undefined,
  ) {
    this.frames = frames;
    this.constraints = constraints;
    this.references = references;
    this.lock = lock;
    this.rcu = rcu;
    this.trail = trail;
    this.origins = origins;
  }

  clone(): State {
    const frames = this.frames.map((frame) => {
      frame.stack.shared = true;
      return { registers: frame.registers.slice(), stack: frame.stack };
    });
    return new State(frames, this.constraints, this.references, this.lock, this.rcu, this.trail, this.origins);
  }

  get top(): Frame {
    return this.frames[this.frames.length - 1]!;
  }

  get registers(): Registers {
    return this.frames[this.frames.length - 1]!.registers;
  }

  /** The frame's bytes, private to this state from now on. */
  writableStack(frame: number): StackFrame {
    const owner = this.frames[frame]!;
    if (owner.stack.shared) owner.stack = owner.stack.copy();
    owner.stack.forgotten = undefined;
    return owner.stack;
  }

  /** Replaces every value for which `change` returns another one, in all registers and stack cells of all frames. */
  rewrite(change: (value: Value) => Value | undefined): void {
    for (let index = 0; index < this.frames.length; index++) {
      const frame = this.frames[index]!;
      const { registers } = frame;
      for (let r = 0; r < 11; r++) {
        const value = registers[r];
        if (value !== undefined) registers[r] = change(value);
      }
      // Copied before the first change, so the list being walked stays as it is.
      for (const cell of frame.stack.cells.values().slice()) {
        const next = change(cell.value);
        if (next === cell.value) continue;
        const at = cell.index;
        const stack = this.writableStack(index);
        if (next === undefined) stack.dissolve(at, at + cell.size);
        else stack.cells.set(at, { index: at, size: cell.size, value: next });
      }
    }
  }

  /** Drops what is known of bytes of the top frame that nobody reads any more (0xff = may be read). */
  forget(live: Uint32Array): void {
    const { stack: top } = this.top;
    if (top.forgotten === live) return;
    const { words } = top;
    let dead = false;
    for (let word = 0; word < words.length; word++) {
      if ((words[word]! & ~live[word]!) !== 0) {
        dead = true;
        break;
      }
    }
    if (!dead) {
      top.forgotten = live;
      return;
    }
    const liveBytes = new Uint8Array(live.buffer, live.byteOffset, words.length * 4);
    const stack = this.top.stack;
    const gone = stack.cells.values().filter((cell) => {
      for (let at = cell.index; at < cell.index + cell.size; at++) if (liveBytes[at] !== 0) return false;
      return true;
    });
    const own = gone.length > 0 ? this.writableStack(this.frames.length - 1) : stack;
    for (const cell of gone) {
      own.cells.delete(cell.index);
      own.bytes.fill(0, cell.index, cell.index + cell.size);
    }
    for (let word = 0; word < words.length; word++) {
      if ((own.words[word]! & ~live[word]!) === 0) continue;
      for (let at = word * 4; at < word * 4 + 4; at++) {
        if (liveBytes[at] !== 0 || own.bytes[at] === 0 || own.bytes[at] === CELL) continue;
        this.writableStack(this.frames.length - 1).bytes[at] = 0;
      }
    }
  }

  /** Every symbol that some live value mentions. */
  usedSymbols(): Set<SymbolId> {
    const used = new Set<SymbolId>();
    this.addSymbols(used);
    for (let origin = this.origins; origin !== undefined; origin = origin.previous) origin.state.addSymbols(used);
    return used;
  }

  /** Adds the symbols that registers and cells mention. */
  addSymbols(symbols: Set<SymbolId>): void {
    for (const frame of this.frames) {
      for (const value of frame.registers) if (value !== undefined) symbols.add(value.symbol);
      for (const cell of frame.stack.cells.values()) symbols.add(cell.value.symbol);
    }
  }

  relate(a: SymbolId, b: SymbolId, k: Int): void {
    this.constraints = this.constraints.with(a, b, k);
  }

  /** Least upper bound of the integer a - b of two values whose sums do not wrap, or undefined. */
  upperDifference(a: Value, b: Value): Int | undefined {
    if (!isExact(a) || !isExact(b)) return undefined;
    const bound = this.constraints.upperDifference(a.symbol, b.symbol, [...edgesOf(a), ...edgesOf(b)]);
    return bound === undefined ? undefined : sub(add(bound, a.offset), b.offset);
  }

  /** Least upper bound of value + extra - packet size, or undefined. */
  overPacketEnd(value: Value, extra: number): Int | undefined {
    if (!isExact(value)) return undefined;
    const bound = this.constraints.upperDifference(value.symbol, PACKET_SIZE, edgesOf(value));
    return bound === undefined ? undefined : add(add(bound, value.offset), extra);
  }

  /** Least upper bound of value + other - packet size, or of value + other alone, as far as totals tell; or undefined. */
  upperTotal(value: Value, other: Value, below: typeof PACKET_SIZE | typeof ZERO): Int | undefined {
    if (this.constraints.totals.length === 0 || !isExact(value) || !isExact(other)) return undefined;
    const bound = this.constraints.upperTotal(value.symbol, other.symbol, below, [...edgesOf(value), ...edgesOf(other)]);
    return bound === undefined ? undefined : add(add(bound, value.offset), other.offset);
  }

  /** Least upper bound of metadata offset - value, or undefined. */
  underMeta(value: Value): Int | undefined {
    if (!isExact(value)) return undefined;
    const bound = this.constraints.upperDifference(META_OFFSET, value.symbol, edgesOf(value));
    return bound === undefined ? undefined : sub(bound, value.offset);
  }
}

/** Whether the value's signed content is symbol + offset as integers, without wrap-around. */
export function isExact(value: Value): boolean {
  if (value.offset === 0) return true;
  return (
    sub(value.range.smin, value.offset) >= I64_MIN &&
    sub(value.range.smax, value.offset) <= I64_MAX &&
    sub(value.range.smax, value.offset) >= I64_MIN &&
    sub(value.range.smin, value.offset) <= I64_MAX
  );
}

function edgesOf(value: Value): readonly Constraint[] {
  return rangeEdges(value.symbol, value.offset, value.range.smin, value.range.smax);
}
