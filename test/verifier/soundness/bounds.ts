/** The ways in which programs bound a number before they use it as an index. */
import type { Generator } from './generator.ts';

/** Makes r at most `max` (unsigned), or leaves; `max` is small. */
type Guard = (g: Generator, r: number, max: number) => void;

function scratch(g: Generator, r: number): number {
  const other = g.destination(r);
  g.believe(other, undefined);
  return other;
}

const GUARDS: readonly Guard[] = [
  (g, r, max) => {
    // Largest mask below.
    g.code.aluImmediate('and', r, 2 ** Math.floor(Math.log2(max + 1)) - 1, g.width());
  },
  (g, r, max) => g.code.branchImmediate('gt', r, max, g.bail!),
  (g, r, max) => g.code.branchImmediate('ge', r, max + 1, g.bail!),
  (g, r, max) => {
    const inside = g.code.label();
    g.code.branchImmediate('le', r, max, inside);
    g.code.aluImmediate('mov', r, 0);
    g.code.place(inside);
  },
  (g, r, max) => {
    const inside = g.code.label();
    g.code.branchImmediate('lt', r, max + 1, inside);
    g.code.jump(g.bail!);
    g.code.place(inside);
  },
  (g, r, max) => g.code.aluImmediate('mod', r, max + 1, g.width()),
  (g, r, max) => {
    g.code.branchImmediate('slt', r, 0, g.bail!);
    g.code.branchImmediate('sgt', r, max, g.bail!);
  },
  (g, r, max) => {
    g.code.branchImmediate('sge', r, max + 1, g.bail!);
    g.code.branchImmediate('sle', r, -1, g.bail!);
  },
  (g, r, max) => {
    if (g.random.chance(4)) {
      // The guard looks at the low half only, the use at all of it, unless the half is extracted.
      g.code.branchImmediate('gt', r, max, g.bail!, 32);
      if (!g.slip()) g.code.alu('mov', r, r, 32);
    } else {
      g.code.alu('mov', r, r, 32);
      g.code.branchImmediate('gt', r, max, g.bail!, g.width());
    }
  },
  (g, r, max) => {
    const copy = scratch(g, r);
    g.code.alu('mov', copy, r);
    g.code.branchImmediate('gt', copy, max, g.bail!);
  },
  (g, r, max) => {
    // Through a copy that was moved: wraps below its offset.
    const copy = scratch(g, r);
    const by = 1 + g.random.below(8);
    g.code.alu('mov', copy, r);
    g.code.aluImmediate('add', copy, by);
    g.code.branchImmediate('gt', copy, max + by, g.bail!);
    if (!g.slip()) g.code.branchImmediate('lt', copy, by, g.bail!);
  },
  (g, r, max) => {
    // Through a 32-bit copy.
    const copy = scratch(g, r);
    g.code.alu('mov', copy, r, 32);
    g.code.branchImmediate('gt', copy, max, g.bail!);
    if (g.slip()) return;
    g.code.aluImmediate('lsh', r, 32);
    g.code.aluImmediate('rsh', r, 32);
  },
  (g, r, max) => {
    // Through the frame.
    const copy = scratch(g, r);
    g.code.store(8, 10, -96, r);
    g.code.load(8, copy, 10, -96);
    g.code.branchImmediate('gt', copy, max, g.bail!);
    g.code.load(8, r, 10, -96);
  },
  (g, r, max) => g.code.aluImmediate('rsh', r, 64 - Math.floor(Math.log2(max + 1))),
  (g, r, max) => {
    const limit = scratch(g, r);
    g.code.aluImmediate('mov', limit, max);
    g.code.branch(g.random.chance(2) ? 'gt' : 'ge', r, limit, g.bail!);
  },
  (g, r, max) => {
    const limit = scratch(g, r);
    g.code.aluImmediate('mov', limit, max);
    g.code.branch('lt', limit, r, g.bail!);
  },
  (g, r, max) => g.code.branchImmediate('set', r, ~(2 ** Math.floor(Math.log2(max + 1)) - 1), g.bail!),
  (g, r, max) => {
    // limit - r >= 0 and r >= 0.
    const room = scratch(g, r);
    g.code.branchImmediate('slt', r, 0, g.bail!);
    g.code.aluImmediate('mov', room, max);
    g.code.alu('sub', room, r);
    g.code.branchImmediate('slt', room, 0, g.bail!);
  },
  (g, r, max) => {
    // A number of the other kind of pair: a <= b, b <= max.
    const b = g.number(r);
    if (b === r) {
      g.code.aluImmediate('and', r, 1);
      return;
    }
    g.code.branch('gt', r, b, g.bail!);
    g.code.branchImmediate('gt', b, max, g.bail!);
  },
  (g, r, max) => {
    // Equal to something bounded.
    const b = scratch(g, r);
    g.code.load(1, b, 10, -97);
    g.code.aluImmediate('and', b, 2 ** Math.floor(Math.log2(max + 1)) - 1);
    g.code.branch('ne', r, b, g.bail!);
  },
];

/** A changeable register that holds a number of at most `max`, by one of the guards; undefined where the program cannot leave here. */
export function bound(g: Generator, max: number): number | undefined {
  if (g.bail === undefined || max < 0) return undefined;
  const ready = g.having('number', (belief) => belief.max !== undefined && belief.max <= max).filter((r) => !g.scope.pinned.has(r));
  if (ready.length > 0 && !g.random.chance(3)) return g.pick(ready);
  const r = g.freeNumber();
  // The guards may use these bytes of the frame.
  g.code.storeImmediate(8, 10, -104, g.random.below(300));
  g.pick(GUARDS)(g, r, max);
  g.believe(r, { kind: 'number', max });
  return r;
}

export function boundOrLeave(g: Generator, max: number): void {
  bound(g, max);
}
