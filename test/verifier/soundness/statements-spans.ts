/** The grammar's statements about an address and a size that were bounded together, and are handed to a helper as such. */
import { bound } from './bounds.ts';
import type { Label } from './code.ts';
import type { Belief, Generator } from './generator.ts';
import { MAPS, packetField, valueSize } from './host.ts';
import type { Statement } from './statements.ts';

/** The registers of a span: an address, a size, and two that may be overwritten. */
interface Span {
  readonly address: number;
  readonly size: number;
  readonly limit: number;
  readonly probe: number;
}

function registersFor(g: Generator): Span | undefined {
  const free = [7, 8, 9, 0, 1, 2, 3, 4, 5].filter((r) => !g.scope.pinned.has(r));
  const [address, size, limit, probe] = free;
  return address === undefined || address < 7 || size === undefined || size < 7 || limit === undefined || probe === undefined
    ? undefined
    : { address, size, limit, probe };
}

/** A number of at most `max` in `r`, which the other registers of the span survive. */
function boundInto(g: Generator, r: number, max: number): boolean {
  const bounded = bound(g, max);
  if (bounded === undefined) return false;
  if (bounded !== r) g.code.alu('mov', r, bounded);
  g.believe(r, { kind: 'number', max });
  return true;
}

/** Past a header of fixed size, or a size that is less than what the program has read. */
function move(g: Generator, { address, size }: Span, bail: Label): void {
  const { code, random } = g;
  if (random.chance(3)) code.aluImmediate('add', address, random.below(20));
  if (!random.chance(3)) return;
  const less = 1 + random.below(8);
  code.branchImmediate('le', size, less, bail);
  code.aluImmediate('sub', size, less);
}

/** Leaves unless address + size is at most the limit, by one of the shapes in which people write it. */
function checkTogether(g: Generator, { address, size, limit, probe }: Span, bail: Label): void {
  const { code, random } = g;
  const by = g.slip() ? 1 : 0;
  switch (random.below(5)) {
    case 0:
      code.alu('mov', probe, address);
      code.alu('add', probe, size);
      code.branch(g.slip() ? 'ge' : 'gt', probe, limit, bail);
      break;
    case 1:
      code.alu('mov', probe, size);
      code.alu('add', probe, address);
      if (by !== 0) code.aluImmediate('sub', probe, by);
      code.branch('lt', limit, probe, bail);
      break;
    case 2:
      code.alu('mov', probe, limit);
      code.alu('sub', probe, address);
      code.branch('sgt', size, probe, bail);
      break;
    case 3: {
      // The size counts something that is not in the packet.
      const more = 1 + random.below(8);
      code.alu('mov', probe, address);
      code.alu('add', probe, size);
      code.aluImmediate('add', probe, -more);
      code.branch('gt', probe, limit, bail);
      code.branchImmediate('le', size, more, bail);
      code.aluImmediate('sub', size, more - by);
      break;
    }
    default:
      // With room for a header before it.
      code.alu('mov', probe, address);
      code.alu('add', probe, size);
      code.aluImmediate('add', probe, 4 - by * 5);
      code.branch('gt', probe, limit, bail);
  }
}

/** Reads or hands over what was checked; sometimes something was changed in between. */
function handOver(g: Generator, span: Span, bail: Label): void {
  const { code, random } = g;
  const { address, size, probe } = span;
  if (g.slip()) code.aluImmediate('add', g.pick([address, size]), 1);
  if (random.chance(3)) {
    // A size that is known to be at least so much makes the first bytes readable.
    const least = g.pick([1, 2, 4, 8]);
    code.branchImmediate('lt', size, least, bail);
    code.load(1, probe, address, least - 1 + (g.slip() ? 1 : 0));
  }
  if (random.chance(3)) {
    code.alu('mov', probe, size);
    code.aluImmediate(g.pick(['rsh', 'and'] as const), probe, 1 + random.below(3));
    code.branch('gt', probe, size, bail);
    code.alu('mov', size, probe);
  }
  const output = g.helper('bpf_ringbuf_output');
  const sum = g.helper('bpf_csum_diff');
  if (output !== undefined && (sum === undefined || random.chance(2))) {
    code.alu('mov', 3, size);
    code.alu('mov', 2, address);
    code.lddw(1, 'map_fd', MAPS.ringbuf);
    code.aluImmediate('mov', 4, 0);
    code.helper(output);
  } else if (sum !== undefined) {
    code.alu('mov', 4, size);
    code.alu('mov', 3, address);
    code.aluImmediate('mov', 1, 0);
    code.aluImmediate('mov', 2, 0);
    code.aluImmediate('mov', 5, 0);
    code.helper(sum);
  } else return;
  g.afterCall();
  g.believe(0, { kind: 'number' });
}

function forget(g: Generator, span: Span): void {
  for (const r of Object.values(span)) g.believe(r, undefined);
}

/** Behind a header of varying length, as many bytes as some field says. */
function packetSpan(g: Generator): void {
  const { code, host, scope } = g;
  const { bail } = g;
  const first = packetField(host.programType, 'packet');
  const last = packetField(host.programType, 'packet_end');
  const span = registersFor(g);
  if (bail === undefined || span === undefined || first === undefined || last === undefined || scope.registers[6]?.kind !== 'ctx') return;
  const { address, size, limit, probe } = span;
  if (!boundInto(g, address, g.pick([7, 60, 255]))) return;
  scope.pinned.add(address);
  const ready = boundInto(g, size, g.pick([8, 40, 255]));
  scope.pinned.delete(address);
  if (!ready) return;
  code.load(first.size as 4 | 8, probe, 6, first.offset);
  code.alu('add', address, probe);
  code.load(last.size as 4 | 8, limit, 6, last.offset);
  move(g, span, bail);
  checkTogether(g, span, bail);
  handOver(g, span, bail);
  forget(g, span);
}

/** The same within the value of a map. */
function valueSpan(g: Generator): void {
  const { code, scope, bail } = g;
  const span = registersFor(g);
  if (bail === undefined || span === undefined) return;
  const { address, size, limit, probe } = span;
  const bytes = valueSize(MAPS.variables);
  if (!boundInto(g, address, bytes)) return;
  scope.pinned.add(address);
  const ready = boundInto(g, size, bytes);
  scope.pinned.delete(address);
  if (!ready) return;
  code.aluImmediate('mov', limit, bytes + (g.slip() ? 1 : 0));
  move(g, span, bail);
  checkTogether(g, span, bail);
  code.lddw(probe, 'map_value', MAPS.variables, 0);
  code.alu('add', probe, address);
  code.alu('mov', address, probe);
  const belief: Belief = { kind: 'map_value', room: 0 };
  g.believe(address, belief);
  handOver(g, span, bail);
  forget(g, span);
}

export const SPAN_STATEMENTS: readonly Statement[] = [
  { name: 'packet span', weight: 2, write: packetSpan },
  { name: 'value span', weight: 1, write: valueSpan },
];
