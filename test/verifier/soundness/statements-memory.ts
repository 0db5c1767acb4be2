/** The grammar's statements about packets, maps, records, helpers and the context. */
import type { AtomicOperator, Size } from '../../../src/isa/instruction.ts';
import { bound } from './bounds.ts';
import type { Label } from './code.ts';
import type { Belief, Generator } from './generator.ts';
import { MAPS, packetField, valueSize } from './host.ts';
import type { Statement } from './statements.ts';

const SIZES: readonly Size[] = [1, 2, 4, 8];

/** Loads data and data_end; returns their registers. */
function loadPacket(g: Generator): { readonly data: number; readonly end: number } | undefined {
  const { code, host, scope } = g;
  const first = packetField(host.programType, 'packet');
  const last = packetField(host.programType, 'packet_end');
  if (first === undefined || last === undefined || scope.registers[6]?.kind !== 'ctx') return undefined;
  const data = g.saved();
  const end = g.destination(data);
  if (scope.pinned.has(data)) return undefined;
  code.load(first.size as Size, data, 6, first.offset);
  code.load(last.size as Size, end, 6, last.offset);
  g.believe(data, { kind: 'packet', room: 0, writable: host.programType.packetWrite !== false });
  g.believe(end, { kind: 'packet_end' });
  return { data, end };
}

/** Branches to `short` unless the packet has the `bytes` that pointer p + bytes claims; every shape of comparison. */
function packetCheck(g: Generator, data: number, end: number, bytes: number, short: Label): void {
  const { code, random } = g;
  const probe = g.destination(data, end);
  g.believe(probe, undefined);
  const enough = code.label();
  code.alu('mov', probe, data);
  switch (random.below(8)) {
    case 0:
      code.aluImmediate('add', probe, bytes);
      code.branch('gt', probe, end, short);
      return;
    case 1:
      code.aluImmediate('add', probe, bytes);
      code.branch('lt', end, probe, short);
      return;
    case 2:
      code.aluImmediate('add', probe, bytes);
      code.branch('le', probe, end, enough);
      code.jump(short);
      code.place(enough);
      return;
    case 3:
      code.aluImmediate('add', probe, bytes);
      code.branch('ge', end, probe, enough);
      code.jump(short);
      code.place(enough);
      return;
    case 4:
      // One less and the comparison that includes equality.
      code.aluImmediate('add', probe, bytes - 1);
      code.branch('ge', probe, end, short);
      return;
    case 5: {
      // By the distance.
      code.alu('mov', probe, end);
      code.alu('sub', probe, data);
      code.branchImmediate(random.chance(2) ? 'slt' : 'lt', probe, bytes, short);
      return;
    }
    case 6:
      // One too few, or one too many.
      code.aluImmediate('add', probe, g.slip() ? bytes - 1 : bytes + 1);
      code.branch('gt', probe, end, short);
      return;
    default:
      // From the other end.
      code.alu('mov', probe, end);
      code.aluImmediate('sub', probe, bytes);
      code.branch('gt', data, probe, short);
  }
}

function accessRoom(g: Generator, pointer: number, belief: Belief, displacement = 0): void {
  const { code, random } = g;
  const room = (belief.room ?? 0) + (g.slip() ? 1 : 0);
  const size = g.pick(SIZES.filter((candidate) => candidate <= room));
  if (size === undefined) return;
  const offset = displacement + (random.chance(2) ? room - size : random.below(room - size + 1));
  if (belief.writable === true && random.chance(3)) {
    code.store(size, pointer, offset, g.number(pointer));
    return;
  }
  const dst = g.destination(pointer);
  code.load(size, dst, pointer, offset, size < 8 && random.chance(5));
  g.believe(dst, { kind: 'number' });
}

function packet(g: Generator): void {
  if (g.bail === undefined) return;
  const pair = loadPacket(g);
  if (pair === undefined) return;
  const { data, end } = pair;
  const bytes = g.pick([1, 2, 4, 8, 14, 20, 34, 54, 64]);
  packetCheck(g, data, end, bytes, g.bail);
  const belief: Belief = { kind: 'packet', room: bytes, writable: g.host.programType.packetWrite !== false };
  g.believe(data, belief);
  for (let count = 1 + g.random.below(3); count > 0; count--) {
    if (g.scope.registers[data] === belief) accessRoom(g, data, belief);
  }
}

/** The packet is checked on one path only; behind the join it must be checked again. */
function halfChecked(g: Generator): void {
  const { code } = g;
  if (g.bail === undefined) return;
  const pair = loadPacket(g);
  if (pair === undefined) return;
  const { data, end } = pair;
  g.scope.pinned.add(data).add(end);
  const test = g.number(data, end);
  const join = code.label();
  const other = code.label();
  code.branchImmediate(g.comparison(), test, g.near(test), other, g.width());
  packetCheck(g, data, end, g.pick([4, 8, 14, 20, 34]), g.random.chance(2) ? g.bail : other);
  if (g.random.chance(2)) {
    code.jump(join);
    code.place(other);
    code.storeImmediate(8, 10, -248, 0);
  } else code.place(other);
  code.place(join);
  for (let r = 0; r < 6; r++) if (r !== end) g.believe(r, undefined);
  g.scope.pinned.delete(data);
  g.scope.pinned.delete(end);
  const bytes = g.pick([1, 4, 8, 14]);
  if (!g.slip()) packetCheck(g, data, end, bytes, g.bail);
  const belief: Belief = { kind: 'packet', room: bytes, writable: g.host.programType.packetWrite !== false };
  g.believe(data, belief);
  accessRoom(g, data, belief);
}

/** A header of varying length in front. */
function variablePacket(g: Generator): void {
  const { code, random } = g;
  if (g.bail === undefined) return;
  const index = bound(g, g.pick([7, 15, 60, 255, 1000]));
  if (index === undefined) return;
  const { pinned } = g.scope;
  if (pinned.has(index)) return;
  pinned.add(index);
  const pair = loadPacket(g);
  pinned.delete(index);
  if (pair === undefined) return;
  const { data, end } = pair;
  if (data === index || end === index) return;
  g.believe(data, undefined);
  if (random.chance(4)) code.aluImmediate('lsh', index, random.below(3));
  if (random.chance(2)) code.alu('add', data, index);
  else {
    code.alu('add', index, data);
    code.alu('mov', data, index);
    g.believe(index, undefined);
  }
  if (random.chance(3)) code.aluImmediate('add', data, random.below(20) - (g.slip() ? 4 : 0));
  const bytes = g.pick([1, 4, 8, 20]);
  packetCheck(g, data, end, bytes, g.bail);
  const belief: Belief = { kind: 'packet', room: bytes, writable: g.host.programType.packetWrite !== false };
  g.believe(data, belief);
  accessRoom(g, data, belief);
  if (random.chance(3)) accessRoom(g, data, { ...belief, room: 1 }, g.slip() ? -1 : 0);
}

/** Walks over the packet, pointer by pointer. */
function packetWalk(g: Generator): void {
  const { code, random } = g;
  const pair = loadPacket(g);
  if (pair === undefined || g.bail === undefined) return;
  const { data, end } = pair;
  const counter = [7, 8, 9].find((r) => r !== data && r !== end && !g.scope.pinned.has(r));
  if (counter === undefined) return;
  const step = g.pick([1, 2, 4, 8]);
  const out = code.label();
  const probe = g.destination(data, end, counter);
  const sum = g.destination(data, end, counter, probe);
  if (new Set([data, end, counter, probe, sum]).size < 5) return;
  code.aluImmediate('mov', counter, 0);
  code.aluImmediate('mov', sum, 0);
  const head = code.here();
  code.branchImmediate('ge', counter, g.pick([2, 5, 16]), out);
  code.alu('mov', probe, data);
  code.aluImmediate('add', probe, g.slip() ? step - 1 : step);
  code.branch('gt', probe, end, out);
  code.load(1, probe, data, step - 1);
  code.alu('add', sum, probe);
  code.aluImmediate('add', data, random.chance(6) ? step + 1 : step);
  code.aluImmediate('add', counter, 1);
  code.jump(head);
  code.place(out);
  g.believe(data, undefined);
  g.believe(probe, undefined);
  g.believe(counter, { kind: 'number', max: 16 });
  g.believe(sum, { kind: 'number' });
}

function metadata(g: Generator): void {
  const { code, host, random } = g;
  const field = packetField(host.programType, 'packet_meta');
  const first = packetField(host.programType, 'packet');
  if (field === undefined || first === undefined || g.scope.registers[6]?.kind !== 'ctx' || g.bail === undefined) return;
  const meta = g.saved();
  const data = g.destination(meta);
  const probe = g.destination(meta, data);
  if (new Set([meta, data, probe]).size < 3 || g.scope.pinned.has(meta)) return;
  code.load(field.size as Size, meta, 6, field.offset);
  code.load(first.size as Size, data, 6, first.offset);
  const bytes = g.pick([1, 2, 4, 8]);
  code.alu('mov', probe, meta);
  code.aluImmediate('add', probe, bytes);
  code.branch('gt', probe, data, g.bail);
  const size = g.pick(SIZES.filter((candidate) => candidate <= bytes));
  code.load(size, probe, meta, bytes - size + (g.slip() ? 1 : 0));
  g.believe(probe, { kind: 'number' });
  g.believe(meta, undefined);
  g.believe(data, { kind: 'packet', room: 0 });
  if (random.chance(3)) {
    // Backwards from the data: as many bytes as were proved.
    code.load(1, probe, data, -bytes + (g.slip() ? -1 : 0));
  }
}

const NULL_CHECKS = ['right', 'right', 'right', 'copy', 'spilled', 'inverted', 'ordered'] as const;

/** A value of a map: looked up and tested in many ways. Returns the register of the value. */
function lookup(g: Generator): number | undefined {
  const { code, random, scope } = g;
  const id = g.helper('bpf_map_lookup_elem');
  if (id === undefined || g.bail === undefined) return undefined;
  const map = random.chance(2) ? MAPS.hash : MAPS.array;
  code.storeImmediate(4, 10, -132, random.below(6));
  if (random.chance(3)) code.store(4, 10, -132, g.number());
  code.alu('mov', 2, 10);
  code.aluImmediate('add', 2, -132);
  if (random.chance(6) && g.host.platform.name === 'linux') {
    // Through a map of maps.
    code.lddw(1, 'map_fd', MAPS.outer);
    code.helper(id);
    g.afterCall();
    code.branchImmediate('eq', 0, 0, g.bail);
    code.alu('mov', 1, 0);
    code.alu('mov', 2, 10);
    code.aluImmediate('add', 2, -132);
    code.helper(id);
    return checkNull(g, MAPS.array);
  }
  code.lddw(1, 'map_fd', map);
  code.helper(id);
  g.afterCall();
  const found = checkNull(g, map);
  if (found !== undefined && random.chance(3)) {
    // A second one at the same time: only this one's test counts for it.
    const keep = [7, 8, 9].find((r) => !scope.pinned.has(r) && r !== found);
    if (keep !== undefined) {
      code.alu('mov', keep, found);
      g.believe(keep, scope.registers[found]);
    }
  }
  return found;
}

function checkNull(g: Generator, map: number): number | undefined {
  const { code, scope } = g;
  g.afterCall();
  const belief: Belief = { kind: 'map_value', room: valueSize(map), writable: true };
  const shape = g.slip() ? 'none' : g.pick(NULL_CHECKS);
  const bail = g.bail!;
  switch (shape) {
    case 'right':
      code.branchImmediate('eq', 0, 0, bail);
      break;
    case 'ordered':
      code.branchImmediate('eq', 0, 0, bail);
      break;
    case 'inverted': {
      const good = code.label();
      code.branchImmediate('ne', 0, 0, good);
      code.jump(bail);
      code.place(good);
      break;
    }
    case 'copy': {
      const other = g.saved(0);
      if (scope.pinned.has(other)) return undefined;
      code.alu('mov', other, 0);
      code.branchImmediate('eq', other, 0, bail);
      g.believe(other, belief);
      break;
    }
    case 'spilled': {
      const other = g.destination(0);
      code.store(8, 10, -144, 0);
      code.branchImmediate('eq', 0, 0, bail);
      code.load(8, other, 10, -144);
      g.believe(other, belief);
      break;
    }
    default:
      break;
  }
  g.believe(0, belief);
  return 0;
}

/** Two values at the same time, each with a test of its own, in either order; now and then one test is left out. */
function twoLookups(g: Generator): void {
  const { code, random, scope } = g;
  const id = g.helper('bpf_map_lookup_elem');
  const first = [7, 8, 9].find((r) => !scope.pinned.has(r));
  if (id === undefined || g.bail === undefined || first === undefined) return;
  const map = random.chance(2) ? MAPS.hash : MAPS.array;
  for (const round of [0, 1]) {
    code.storeImmediate(4, 10, -132, random.below(6));
    code.alu('mov', 2, 10);
    code.aluImmediate('add', 2, -132);
    code.lddw(1, 'map_fd', map);
    code.helper(id);
    g.afterCall();
    if (round === 0) code.alu('mov', first, 0);
  }
  const omitted = g.slip() ? random.below(2) : -1;
  const order = random.chance(2) ? [0, first] : [first, 0];
  const none = code.label();
  for (const [index, r] of order.entries()) if (index !== omitted) code.branchImmediate('eq', r, 0, random.chance(2) ? g.bail : none);
  const belief: Belief = { kind: 'map_value', room: valueSize(map), writable: true };
  code.load(1, 1, 0, random.below(valueSize(map)));
  code.load(1, 2, first, random.below(valueSize(map)));
  g.believe(0, belief);
  accessRoom(g, first, belief);
  code.place(none);
  g.afterCall();
  for (let r = 0; r < 10; r++) if (r === first || !scope.pinned.has(r)) g.believe(r, undefined);
}

function mapValue(g: Generator): void {
  const value = lookup(g);
  if (value === undefined) return;
  accessRoom(g, value, g.scope.registers[value]!);
}

/** Any pointer with room left: used again, moved, or indexed. */
function useAgain(g: Generator): void {
  const { code, random, scope } = g;
  const pointers = [...g.having('map_value'), ...g.having('packet'), ...g.having('record')].filter((r) => (scope.registers[r]!.room ?? 0) > 0);
  if (pointers.length === 0) return;
  const pointer = g.pick(pointers);
  const belief = scope.registers[pointer]!;
  if (random.chance(3) && !scope.pinned.has(pointer)) {
    const by = random.below(belief.room!);
    code.aluImmediate('add', pointer, by);
    g.believe(pointer, { ...belief, room: belief.room! - by });
  }
  accessRoom(g, pointer, scope.registers[pointer]!);
}

/** base + bounded index. */
function indexed(g: Generator): void {
  const { code, random, scope } = g;
  if (g.bail === undefined) return;
  const candidates = [...g.having('map_value'), ...g.having('packet'), ...g.having('record')].filter((r) => (scope.registers[r]!.room ?? 0) > 4);
  let base = candidates.length > 0 ? g.pick(candidates) : undefined;
  if (base === undefined) {
    base = g.destination();
    const readOnly = random.chance(2);
    const map = readOnly ? MAPS.constants : MAPS.variables;
    code.lddw(base, 'map_value', map, 0);
    g.believe(base, { kind: 'map_value', room: valueSize(map), writable: !readOnly });
  }
  const belief = scope.registers[base]!;
  const size = g.pick(SIZES.filter((candidate) => candidate <= belief.room!));
  const scale = g.pick([1, 1, 2, 4, 8]);
  const most = Math.floor((belief.room! - size) / scale) + (g.slip() ? 1 : 0);
  scope.pinned.add(base);
  const index = bound(g, most);
  scope.pinned.delete(base);
  if (index === undefined || index === base || scope.registers[base]?.kind !== belief.kind) return;
  if (scale > 1) {
    if (random.chance(2)) code.aluImmediate('mul', index, scale);
    else code.aluImmediate('lsh', index, Math.log2(scale));
    g.believe(index, { kind: 'number' });
  }
  const pointer = g.destination(base, index);
  if (scope.pinned.has(pointer)) return;
  if (random.chance(2)) {
    code.alu('mov', pointer, base);
    code.alu('add', pointer, index);
  } else {
    code.alu('mov', pointer, index);
    code.alu('add', pointer, base);
  }
  g.believe(pointer, { ...belief, room: size });
  if (belief.writable === true && random.chance(2)) code.store(size, pointer, 0, g.number(pointer));
  else {
    const dst = g.destination(pointer);
    code.load(size, dst, pointer, 0);
    g.believe(dst, { kind: 'number' });
  }
}

function globals(g: Generator): void {
  const { code, random } = g;
  const map = random.chance(2) ? MAPS.constants : MAPS.variables;
  const at = 4 * random.below(valueSize(map) / 4);
  const pointer = g.destination();
  code.lddw(pointer, 'map_value', map, at);
  const belief: Belief = { kind: 'map_value', room: valueSize(map) - at, writable: map === MAPS.variables };
  g.believe(pointer, belief);
  accessRoom(g, pointer, belief);
}

/** Reserves a record, fills it, gives it back; sometimes it leaks. */
function record(g: Generator, depth: number): void {
  const { code, random, scope } = g;
  const reserve = g.helper('bpf_ringbuf_reserve');
  const submit = g.helper('bpf_ringbuf_submit');
  const discard = g.helper('bpf_ringbuf_discard');
  if (reserve === undefined || submit === undefined || discard === undefined || g.holding || depth > 2) return;
  const held = [7, 8, 9].find((r) => !scope.pinned.has(r));
  if (held === undefined) return;
  const size = g.pick([8, 16, 24, 40]);
  code.lddw(1, 'map_fd', MAPS.ringbuf);
  code.aluImmediate('mov', 2, size);
  code.aluImmediate('mov', 3, 0);
  code.helper(reserve);
  g.afterCall();
  const none = code.label();
  code.branchImmediate('eq', 0, 0, none);
  code.alu('mov', held, 0);
  g.believe(held, { kind: 'record', room: size, writable: true });
  const { bail } = g;
  const { loopDepth } = g;
  if (!g.slip()) g.bail = undefined;
  g.holding = true;
  scope.pinned.add(held);
  for (let count = 1 + random.below(2); count > 0; count--) accessRoom(g, held, { kind: 'record', room: size, writable: true });
  if (g.scope.registers[held] !== undefined && random.chance(2)) {
    const r = g.number();
    const next = code.label();
    code.branchImmediate(g.comparison(), r, g.near(r), next);
    arithmeticBetween(g, r);
    code.place(next);
  }
  g.bail = bail;
  g.loopDepth = loopDepth;
  g.holding = false;
  scope.pinned.delete(held);
  if (!g.slip()) {
    code.alu('mov', 1, held);
    code.aluImmediate('mov', 2, 0);
    code.helper(random.chance(2) ? submit : discard);
  }
  g.afterCall();
  code.place(none);
  for (let r = 0; r <= 5; r++) g.believe(r, undefined);
  g.believe(held, undefined);
}

function arithmeticBetween(g: Generator, r: number): void {
  if (!g.scope.pinned.has(r)) g.code.aluImmediate('xor', r, 1);
}

const ATOMICS: readonly AtomicOperator[] = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];

function atomicValue(g: Generator): void {
  const { code, random, scope } = g;
  const values = g.having('map_value', (belief) => belief.writable === true && (belief.room ?? 0) >= 8);
  const value = values.length > 0 ? g.pick(values) : lookup(g);
  if (value === undefined || scope.registers[value] === undefined) return;
  const size = g.pick([4, 8] as const);
  const room = scope.registers[value]!.room!;
  if (room < size) return;
  const offset = size * random.below(Math.floor(room / size));
  const operator = g.pick(ATOMICS);
  if (operator === 'cmpxchg' && (value === 0 || scope.pinned.has(0))) return;
  if (operator === 'cmpxchg') g.freshNumber(0);
  const src = g.freeNumber(0, value);
  if (src === value) return;
  const fetch = operator === 'xchg' || operator === 'cmpxchg' || random.chance(2);
  code.atomic(operator, fetch, size, value, offset, src);
  if (fetch) g.believe(operator === 'cmpxchg' ? 0 : src, { kind: 'number' });
}

const PLAIN_HELPERS = ['bpf_get_prandom_u32', 'bpf_ktime_get_ns', 'bpf_get_smp_processor_id', 'bpf_get_current_pid_tgid'];

function plainHelper(g: Generator): void {
  const id = g.helper(g.pick(PLAIN_HELPERS));
  if (id === undefined) return;
  g.code.helper(id);
  g.afterCall();
  g.believe(0, { kind: 'number' });
}

/** Helpers that read or write a buffer of a given size. */
function sizedHelper(g: Generator): void {
  const { code, random, scope } = g;
  const reading = random.chance(2);
  const names = reading ? ['bpf_ringbuf_output', 'bpf_csum_diff'] : ['bpf_get_current_comm', 'bpf_skb_load_bytes', 'bpf_probe_read_kernel'];
  const name = g.pick(names);
  const id = g.helper(name);
  if (id === undefined) return;
  const room = 8 * (1 + random.below(5));
  const base = 152 + room;
  let size: number | undefined;
  if (random.chance(2)) size = bound(g, g.slip() ? room + 1 : room);
  if (size !== undefined && (scope.pinned.has(size) || size <= 5)) {
    const kept = [7, 8, 9].find((r) => !scope.pinned.has(r));
    if (kept === undefined) return;
    code.alu('mov', kept, size);
    g.believe(kept, scope.registers[size]);
    size = kept;
  }
  const filled = reading || random.chance(2);
  if (filled) for (let at = base; at > base - room; at -= 8) code.storeImmediate(8, 10, -at, random.below(9));
  const setSize = (r: number) =>
    size === undefined ? code.aluImmediate('mov', r, random.chance(3) ? room : 1 + random.below(room)) : code.alu('mov', r, size);
  const atLeastOne = (r: number) => {
    if (size !== undefined && g.bail !== undefined && !g.slip()) code.branchImmediate('eq', r, 0, g.bail);
  };
  const setBuffer = (r: number) => {
    code.alu('mov', r, 10);
    code.aluImmediate('add', r, -base);
  };
  switch (name) {
    case 'bpf_ringbuf_output':
      setSize(3);
      setBuffer(2);
      code.lddw(1, 'map_fd', MAPS.ringbuf);
      code.aluImmediate('mov', 4, 0);
      break;
    case 'bpf_csum_diff':
      setSize(4);
      setBuffer(3);
      code.aluImmediate('mov', 1, 0);
      code.aluImmediate('mov', 2, 0);
      code.aluImmediate('mov', 5, 0);
      break;
    case 'bpf_get_current_comm':
      setSize(2);
      atLeastOne(2);
      setBuffer(1);
      break;
    case 'bpf_probe_read_kernel':
      setSize(2);
      setBuffer(1);
      code.aluImmediate('mov', 3, 0);
      break;
    default:
      if (scope.registers[6]?.kind !== 'ctx') return;
      setSize(4);
      atLeastOne(4);
      setBuffer(3);
      code.alu('mov', 1, 6);
      code.aluImmediate('mov', 2, random.below(30));
  }
  code.helper(id);
  g.afterCall();
  g.believe(0, { kind: 'number' });
  if (!filled && size !== undefined && !g.slip()) return;
  if (!filled && size === undefined && !g.slip()) return;
  const width = g.pick(SIZES);
  const dst = g.destination();
  code.load(width, dst, 10, -base + width * random.below(room / width));
  g.believe(dst, { kind: 'number' });
}

function updateMap(g: Generator): void {
  const { code, random } = g;
  const id = g.helper('bpf_map_update_elem');
  if (id === undefined) return;
  const map = random.chance(2) ? MAPS.hash : MAPS.array;
  code.storeImmediate(4, 10, -132, random.below(6));
  const values = g.having('map_value', (belief) => (belief.room ?? 0) >= valueSize(map));
  const bytes = valueSize(map);
  if (values.length > 0) code.alu('mov', 3, g.pick(values));
  else {
    for (let at = 216; at > 216 - bytes + (g.slip() ? 8 : 0); at -= 8) code.storeImmediate(8, 10, -at, random.below(9));
    code.alu('mov', 3, 10);
    code.aluImmediate('add', 3, -216);
  }
  code.alu('mov', 2, 10);
  code.aluImmediate('add', 2, -132);
  code.lddw(1, 'map_fd', map);
  code.aluImmediate('mov', 4, 0);
  code.helper(id);
  g.afterCall();
  g.believe(0, { kind: 'number' });
}

/** A helper that moves the packet: what pointed into it is dead. */
function resize(g: Generator): void {
  const { code, random, scope } = g;
  if (scope.registers[6]?.kind !== 'ctx') return;
  const xdp = g.helper(g.pick(['bpf_xdp_adjust_head', 'bpf_xdp_adjust_tail', 'bpf_xdp_adjust_meta']));
  const other = g.helper('bpf_skb_pull_data');
  const id = xdp ?? other;
  if (id === undefined) return;
  code.alu('mov', 1, 6);
  code.aluImmediate('mov', 2, random.below(16) - 8);
  code.helper(id);
  g.afterCall();
  g.believe(0, { kind: 'number' });
  if (g.slip()) return;
  for (let r = 0; r < 10; r++) if (scope.registers[r]?.kind.startsWith('packet') === true) g.believe(r, undefined);
  for (const [at, belief] of scope.spills) if (belief.kind.startsWith('packet')) scope.spills.delete(at);
}

function legacyLoad(g: Generator): void {
  const { code, random, scope } = g;
  if (g.host.programType.legacyPacketAccess !== true || scope.registers[6]?.kind !== 'ctx') return;
  const size = g.pick([1, 2, 4] as const);
  if (random.chance(2)) code.emit({ kind: 'packet', size, imm: random.below(40) });
  else code.emit({ kind: 'packet', size, imm: random.below(40), index: g.number() as 0 });
  g.afterCall();
  g.believe(0, { kind: 'number' });
}

/** A callback by bpf_loop that writes to this frame. */
function callback(g: Generator): void {
  const { code, random } = g;
  const id = g.helper('bpf_loop');
  if (id === undefined || g.subprograms.length >= 4 || g.current >= 0) return;
  const body = code.label();
  const over = code.label();
  code.storeImmediate(8, 10, -232, random.below(5));
  code.aluImmediate('mov', 1, random.below(12));
  code.address(2, body);
  code.alu('mov', 3, 10);
  code.aluImmediate('add', 3, -232);
  code.aluImmediate('mov', 4, 0);
  code.helper(id);
  g.afterCall();
  const kept = g.destination();
  code.load(8, kept, 10, -232);
  g.believe(kept, { kind: 'number' });
  code.jump(over);
  code.place(body);
  code.load(8, 4, 2, 0);
  switch (random.below(3)) {
    case 0:
      code.aluImmediate('add', 4, 1);
      break;
    case 1:
      code.alu('add', 4, 1);
      break;
    default:
      code.aluImmediate('mov', 4, random.below(100));
  }
  code.store(8, 2, 0, 4);
  code.aluImmediate('mov', 0, 0);
  if (random.chance(3)) {
    const go = code.label();
    code.branchImmediate('ne', 1, 3, go);
    code.aluImmediate('mov', 0, 1);
    code.place(go);
  }
  code.exit();
  code.place(over);
}

/** Pointers compared with each other, subtracted, or leaked. */
function pointers(g: Generator): void {
  const { code, random, scope } = g;
  const known = scope.registers.flatMap((belief, r) => (belief !== undefined && belief.kind !== 'number' ? [r] : []));
  if (known.length === 0) return;
  const a = g.pick(known);
  const b = g.pick(known.filter((r) => scope.registers[r]!.kind.slice(0, 6) === scope.registers[a]!.kind.slice(0, 6)));
  if (random.chance(2)) {
    const dst = g.destination(a, b);
    if (dst === a || dst === b) return;
    code.alu('mov', dst, a);
    code.alu('sub', dst, b);
    g.believe(dst, { kind: 'number' });
    return;
  }
  if (g.bail === undefined) return;
  const next = code.label();
  code.branch(g.pick(['eq', 'ne', 'gt', 'le'] as const), a, b, random.chance(2) ? g.bail : next, 64);
  if (random.chance(2)) arithmeticBetween(g, g.number());
  code.place(next);
}

export const MEMORY_STATEMENTS: readonly Statement[] = [
  { name: 'packet', weight: 6, write: packet },
  { name: 'packet at a varying offset', weight: 4, write: variablePacket },
  { name: 'half-checked packet', weight: 3, write: halfChecked },
  { name: 'two lookups', weight: 2, write: twoLookups },
  { name: 'packet walk', weight: 2, write: packetWalk },
  { name: 'metadata', weight: 1, write: metadata },
  { name: 'map value', weight: 5, write: mapValue },
  { name: 'pointer again', weight: 6, write: useAgain },
  { name: 'indexed', weight: 5, write: indexed },
  { name: 'global data', weight: 3, write: globals },
  { name: 'record', weight: 2, write: record },
  { name: 'map atomic', weight: 2, write: atomicValue },
  { name: 'plain helper', weight: 3, write: plainHelper },
  { name: 'sized helper', weight: 3, write: sizedHelper },
  { name: 'map update', weight: 2, write: updateMap },
  { name: 'packet resize', weight: 2, write: resize },
  { name: 'legacy packet load', weight: 1, write: legacyLoad },
  { name: 'callback', weight: 2, write: callback },
  { name: 'pointers', weight: 2, write: pointers },
];
