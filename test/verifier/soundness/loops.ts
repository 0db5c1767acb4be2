/** Loops that end, in the shapes compilers and people write, and a few that do not. */
import { bound } from './bounds.ts';
import { cloneScope, type Generator, joinScopes } from './generator.ts';

export type Loop = (g: Generator, depth: number) => void;

/** A register that the body leaves alone. */
function counterOf(g: Generator): number | undefined {
  const free = [7, 8, 9].filter((r) => !g.scope.pinned.has(r));
  return free.length === 0 ? undefined : g.pick(free);
}

/** What the body leaves must hold on entry as well: the scope at the head is what both agree on, so the body starts with few beliefs. */
function body(g: Generator, depth: number, pinned: readonly number[]): void {
  for (const r of pinned) g.scope.pinned.add(r);
  const before = cloneScope(g.scope);
  g.scope.spills.clear();
  for (let r = 0; r < 10; r++) if (!g.scope.pinned.has(r)) g.believe(r, undefined);
  g.block(1 + g.random.below(3), depth + 1);
  g.scope = joinScopes(before, g.scope);
  for (const r of pinned) g.scope.pinned.delete(r);
}

function turns(g: Generator): number {
  return g.pick([1, 2, 3, 4, 5, 8, 10, 16, 33]);
}

export const LOOPS: readonly Loop[] = [
  function topTested(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code, random } = g;
    const out = code.label();
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    const width = g.width();
    code.branchImmediate(random.chance(2) ? 'ge' : 'sgt', i, turns(g), out, width);
    body(g, depth, [i]);
    if (!g.slip()) code.aluImmediate('add', i, 1 + random.below(3), width);
    code.jump(head);
    code.place(out);
  },
  function bottomTested(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code, random } = g;
    code.aluImmediate('mov', i, random.below(2));
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    body(g, depth, [i]);
    code.aluImmediate('add', i, 1 + random.below(3));
    code.branchImmediate(random.chance(2) ? 'lt' : 'slt', i, turns(g), head, g.width());
  },
  function untilEqual(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code } = g;
    const step = g.pick([1, 1, 1, 2, 4]);
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    body(g, depth, [i]);
    code.aluImmediate('add', i, step);
    code.branchImmediate('ne', i, step * turns(g) + (g.slip() ? 1 : 0), head);
  },
  function countDown(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code, random } = g;
    code.aluImmediate('mov', i, turns(g));
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    body(g, depth, [i]);
    code.aluImmediate('add', i, -1);
    code.branchImmediate(random.chance(2) ? 'ne' : 'sgt', i, 0, head);
  },
  function variableLimit(g, depth) {
    const limit = bound(g, 31);
    const i = counterOf(g);
    if (limit === undefined || i === undefined || i === limit) return;
    const { code, random } = g;
    const out = code.label();
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 32 });
    const saved = -112;
    code.store(8, 10, saved, limit);
    const head = code.here();
    const held = g.destination(i);
    g.believe(held, undefined);
    code.load(8, held, 10, saved);
    code.branch(random.chance(2) ? 'ge' : 'sge', i, held, out);
    body(g, depth, [i]);
    code.aluImmediate('add', i, 1);
    code.jump(head);
    code.place(out);
    g.believe(held, undefined);
  },
  function dataDependentStep(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code, random } = g;
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 100 });
    const head = code.here();
    body(g, depth, [i]);
    const step = g.freeNumber(i);
    if (g.scope.pinned.has(step) || step === i) return;
    code.aluImmediate('and', step, 3);
    if (!g.slip()) code.aluImmediate('add', step, 1);
    code.alu('add', i, step);
    code.branchImmediate(random.chance(2) ? 'lt' : 'le', i, turns(g), head);
    g.believe(step, { kind: 'number', max: 4 });
  },
  function counterInFrame(g, depth) {
    const { code, random } = g;
    const at = -120 - 8 * g.loopDepth;
    code.storeImmediate(8, 10, at, 0);
    const head = code.here();
    const before = cloneScope(g.scope);
    for (let r = 0; r < 10; r++) if (!g.scope.pinned.has(r)) g.believe(r, undefined);
    g.scope.spills.clear();
    g.block(1 + random.below(2), depth + 1);
    const i = g.destination();
    code.load(8, i, 10, at);
    code.aluImmediate('add', i, 1);
    code.store(8, 10, at, i);
    code.branchImmediate('lt', i, turns(g), head);
    g.believe(i, { kind: 'number', max: 64 });
    g.scope = joinScopes(before, g.scope);
  },
  function leftInTheMiddle(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code } = g;
    const out = code.label();
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    body(g, depth, [i]);
    code.branchImmediate('eq', i, turns(g), out);
    const r = g.number();
    code.branchImmediate(g.comparison(), r, g.near(r), out);
    code.aluImmediate('add', i, 1);
    code.branchImmediate('le', i, turns(g), head);
    code.place(out);
  },
  function twoWaysAround(g, depth) {
    const i = counterOf(g);
    if (i === undefined) return;
    const { code } = g;
    const out = code.label();
    const other = code.label();
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number', max: 64 });
    const head = code.here();
    code.branchImmediate('ge', i, turns(g), out);
    g.scope.pinned.add(i);
    g.block(1, depth + 1);
    const r = g.number(i);
    g.scope.pinned.delete(i);
    code.branchImmediate(g.comparison(), r, g.near(r), other);
    code.aluImmediate('add', i, 1);
    code.jump(head);
    code.place(other);
    // Without this the other way around makes no progress.
    if (!g.random.chance(4)) code.aluImmediate('add', i, 2);
    code.jump(head);
    code.place(out);
    for (let at = 0; at < 10; at++) if (!g.scope.pinned.has(at)) g.believe(at, undefined);
    g.scope.spills.clear();
    g.scope.written.clear();
  },
  function wrappingStep(g, depth) {
    const i = counterOf(g);
    if (i === undefined || g.slips === 0) return;
    const { code } = g;
    const out = code.label();
    const step = g.destination(i);
    code.aluImmediate('mov', i, 0);
    g.believe(i, { kind: 'number' });
    const head = code.here();
    code.wide(step, g.constant64());
    g.believe(step, undefined);
    code.alu('add', i, step);
    body(g, depth, [i]);
    const r = g.number();
    code.branchImmediate(g.comparison(), r, g.near(r), out);
    code.jump(head);
    code.place(out);
  },
  function forever(g, depth) {
    if (g.slips === 0) return;
    const { code } = g;
    const head = code.here();
    body(g, depth, []);
    const r = g.number();
    code.branchImmediate(g.comparison(), r, g.near(r), head);
  },
];
