/** Random programs that are often acceptable: a grammar of idioms with random parameters, a few of them deliberately wrong. */
import { Random } from '../../../src/engine/checked/random.ts';
import type { Comparison, InstructionList, Size, Width } from '../../../src/isa/instruction.ts';
import type { ObjectFile } from '../../../src/object/object-file.ts';
import { Code, type Label } from './code.ts';
import { HOSTS, type Host, helperId } from './host.ts';
import { mutate } from './mutate.ts';
import { STATEMENTS } from './statements.ts';

/** What the generator believes of a register or stack slot; the verifier may know more or less. */
export interface Belief {
  readonly kind: 'number' | 'ctx' | 'packet' | 'packet_end' | 'packet_meta' | 'map_value' | 'record' | 'stack';
  /** Numbers: an unsigned upper bound. */
  readonly max?: number;
  /** Pointers: bytes that may be accessed from here on. */
  readonly room?: number;
  readonly writable?: boolean;
}

/** What the generator believes at one point of one function. */
export interface Scope {
  readonly registers: (Belief | undefined)[];
  /** Spilled beliefs by offset from the frame pointer, 8 bytes each. */
  readonly spills: Map<number, Belief>;
  /** Bytes of the frame that hold numbers, by distance below the frame pointer. */
  readonly written: Set<number>;
  /** Registers that statements must leave alone: loop counters, the context. */
  readonly pinned: Set<number>;
}

export function cloneScope(scope: Scope): Scope {
  return {
    registers: scope.registers.slice(),
    spills: new Map(scope.spills),
    written: new Set(scope.written),
    pinned: new Set(scope.pinned),
  };
}

/** What is believed on both of two paths. */
export function joinScopes(a: Scope, b: Scope): Scope {
  const spills = new Map<number, Belief>();
  for (const [at, belief] of a.spills) {
    const both = joinBeliefs(belief, b.spills.get(at));
    if (both !== undefined) spills.set(at, both);
  }
  return {
    registers: a.registers.map((belief, r) => joinBeliefs(belief, b.registers[r])),
    spills,
    written: new Set([...a.written].filter((at) => b.written.has(at))),
    pinned: new Set(a.pinned),
  };
}

function joinBeliefs(a: Belief | undefined, b: Belief | undefined): Belief | undefined {
  if (a === undefined || b === undefined || a.kind !== b.kind) return undefined;
  if (a.kind === 'number') return a.max === undefined || b.max === undefined ? { kind: 'number' } : { kind: 'number', max: Math.max(a.max, b.max) };
  return { ...a, room: Math.min(a.room ?? 0, b.room ?? 0) };
}

export interface Subprogram {
  readonly label: Label;
  readonly index: number;
  /** r1 points to so many bytes of the caller's stack; 0: it is a number. */
  readonly buffer: number;
}

export interface Generated {
  readonly host: Host;
  /** Default: the one with the maps of generated programs. */
  readonly object?: ObjectFile;
  readonly instructions: InstructionList;
  readonly mutated: boolean;
}

const MAX_LENGTH = 160;

/** Everything that the statements of one program share. */
export class Generator {
  readonly random: Random;
  readonly host: Host;
  readonly code = new Code();
  scope: Scope;
  /** Statements may slip (be wrong on purpose) one time in so many; 0: never. */
  readonly slips: number;
  readonly subprograms: Subprogram[] = [];
  /** Functions before this one have been written: only later ones may be called. */
  current = -1;
  /** Where early exits go; undefined where they are not possible (something is held). */
  bail: Label | undefined;
  /** Something is acquired and not yet released. */
  holding = false;
  loopDepth = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.host = this.pick(HOSTS);
    this.slips = this.random.chance(3) ? 12 : 0;
    this.scope = { registers: new Array<Belief | undefined>(10).fill(undefined), spills: new Map(), written: new Set(), pinned: new Set() };
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!;
  }

  slip(): boolean {
    return this.slips > 0 && this.random.chance(this.slips);
  }

  helper(name: string): number | undefined {
    return helperId(this.host, name);
  }

  /** Registers that hold something of the kind. */
  having(kind: Belief['kind'], fits: (belief: Belief) => boolean = () => true): number[] {
    const found: number[] = [];
    for (let r = 0; r < 10; r++) {
      const belief = this.scope.registers[r];
      if (belief?.kind === kind && fits(belief)) found.push(r);
    }
    return found;
  }

  /** A register that may be overwritten, an idle one where there is one. */
  destination(...except: number[]): number {
    const { registers, pinned } = this.scope;
    const all = [0, 1, 2, 3, 4, 5, 7, 8, 9].filter((r) => !pinned.has(r) && !except.includes(r));
    const idle = all.filter((r) => registers[r] === undefined);
    const list = idle.length > 0 && !this.random.chance(4) ? idle : all;
    return this.pick(list);
  }

  /** One that survives calls. */
  saved(...except: number[]): number {
    const list = [7, 8, 9].filter((r) => !this.scope.pinned.has(r) && !except.includes(r));
    return list.length > 0 ? this.pick(list) : this.destination(...except);
  }

  believe(r: number, belief: Belief | undefined): void {
    this.scope.registers[r] = belief;
  }

  /** A number's register; makes a number where there is none. */
  number(...except: number[]): number {
    const list = this.having('number').filter((r) => !except.includes(r));
    if (list.length > 0 && !this.random.chance(6)) return this.pick(list);
    const dst = this.destination(...except);
    this.freshNumber(dst);
    return dst;
  }

  /** A number whose register may be changed. */
  freeNumber(...except: number[]): number {
    const list = this.having('number').filter((r) => !except.includes(r) && !this.scope.pinned.has(r));
    if (list.length > 0 && !this.random.chance(6)) return this.pick(list);
    const dst = this.destination(...except);
    this.freshNumber(dst);
    return dst;
  }

  freshNumber(dst: number): void {
    const { code, random } = this;
    const fields = this.host.programType.context.fields.filter(
      (field) => field.kind === 'number' && field.size >= 4 && field.attachTypes === undefined,
    );
    if (this.scope.registers[6]?.kind === 'ctx' && random.below(3) > 0) {
      if (fields.length > 0) {
        const field = this.pick(fields);
        const size = (field.element ?? field.size) as Size;
        code.load(size, dst, 6, field.offset);
        this.believe(dst, size === 4 ? { kind: 'number', max: 0xffff_ffff } : { kind: 'number' });
        return;
      }
      if (this.host.programType.context.gaps === 'number' && this.host.programType.context.size >= 16) {
        code.load(8, dst, 6, 8);
        this.believe(dst, { kind: 'number' });
        return;
      }
    }
    if (random.chance(3)) {
      code.wide(dst, this.constant64());
      this.believe(dst, { kind: 'number' });
      return;
    }
    const value = this.constant32();
    code.aluImmediate('mov', dst, value, random.chance(4) ? 32 : 64);
    this.believe(dst, value >= 0 ? { kind: 'number', max: value } : { kind: 'number' });
  }

  constant32(): number {
    const { random } = this;
    switch (random.below(6)) {
      case 0:
        return random.below(4);
      case 1:
        return random.below(64);
      case 2:
        return -1 - random.below(16);
      case 3:
        return this.pick([0x7fff_ffff, -0x8000_0000, 0xff, 0x100, 0xffff, 0x1_0000, 0x7fff, 0x8000, 0x7fff_fffe]);
      case 4:
        return 1 << random.below(31);
      default:
        return random.word() | 0;
    }
  }

  constant64(): bigint {
    const { random } = this;
    switch (random.below(4)) {
      case 0:
        return BigInt(this.constant32());
      case 1:
        return this.pick([0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 1n << 63n, (1n << 63n) - 1n, -(1n << 31n) - 1n, (1n << 53n) + 1n]);
      case 2:
        return random.wide() >> BigInt(random.below(64));
      default:
        return random.wide();
    }
  }

  comparison(): Comparison {
    return this.pick(['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sgt', 'sge', 'slt', 'sle', 'set'] as const);
  }

  width(): Width {
    return this.random.chance(3) ? 32 : 64;
  }

  /** A value near what the register is believed to hold at most. */
  near(r: number): number {
    const max = this.scope.registers[r]?.max;
    return max === undefined || max > 0x7fff_ffff || this.random.chance(3)
      ? this.constant32()
      : Math.max(0, max - this.random.below(Math.min(max + 1, 8)));
  }

  afterCall(): void {
    for (let r = 0; r <= 5; r++) this.believe(r, undefined);
  }

  statement(depth: number): void {
    if (this.code.length > MAX_LENGTH) return;
    let total = 0;
    for (const row of STATEMENTS) total += row.weight;
    let at = this.random.below(total);
    for (const row of STATEMENTS) {
      at -= row.weight;
      if (at >= 0) continue;
      row.write(this, depth);
      return;
    }
  }

  block(count: number, depth: number): void {
    for (let index = 0; index < count; index++) this.statement(depth);
  }

  program(): Generated {
    const { code, random } = this;
    this.bail = code.label();
    if (this.host.programType.context.size > 0) {
      code.alu('mov', 6, 1);
      this.believe(6, { kind: 'ctx' });
      this.believe(1, { kind: 'ctx' });
      this.scope.pinned.add(6);
    }
    this.block(4 + random.below(14), 0);
    this.leave();
    code.place(this.bail);
    code.aluImmediate('mov', 0, 0);
    code.exit();
    for (let index = 0; index < this.subprograms.length; index++) this.subprogram(this.subprograms[index]!);
    const instructions = code.finish();
    const mutated = random.chance(4);
    return { host: this.host, instructions: mutated ? mutate(instructions, random) : instructions, mutated };
  }

  /** A result that the host accepts. */
  private leave(): void {
    const results = this.having('number');
    if (this.current >= 0 && results.length > 0) this.code.alu('mov', 0, this.pick(results));
    else this.code.aluImmediate('mov', 0, this.random.below(2));
    this.code.exit();
  }

  private subprogram(subprogram: Subprogram): void {
    const { code, random } = this;
    this.current = subprogram.index;
    this.holding = false;
    this.loopDepth = 0;
    this.scope = { registers: new Array<Belief | undefined>(10).fill(undefined), spills: new Map(), written: new Set(), pinned: new Set([6]) };
    this.bail = code.label();
    code.place(subprogram.label);
    if (subprogram.buffer > 0) {
      this.believe(1, { kind: 'stack', room: subprogram.buffer, writable: true });
      if (random.chance(2)) {
        code.alu('mov', 7, 1);
        this.believe(7, this.scope.registers[1]);
      }
    } else this.believe(1, { kind: 'number' });
    this.believe(2, { kind: 'number' });
    code.alu('mov', 6, 3);
    this.believe(6, { kind: 'ctx' });
    this.block(1 + random.below(5), 1);
    this.leave();
    code.place(this.bail);
    code.aluImmediate('mov', 0, random.below(3));
    code.exit();
  }
}

/** The program of a seed: always the same. */
export function generate(seed: number): Generated {
  return new Generator(seed).program();
}
