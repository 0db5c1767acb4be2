import type { Instruction, Register } from '../../isa/instruction.ts';
import { helperByName } from '../../platform/find.ts';
import type { HelperPrototype } from '../../platform/platform.ts';
import { constantValue } from '../../verifier/number/index.ts';
import { argumentsOf } from '../expression.ts';
import { returnLine, unless } from './guards.ts';
import { leavingWords, shortPacketWords } from './leave.ts';
import type { Proposal } from './proposal.ts';
import { addTo, load, move, one, type Site, set, store, zero } from './site.ts';
import { RELOAD_DATA, RELOAD_END } from './spelling.ts';

const sentence = (words: string) => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

// --- what was never set --------------------------------------------------------------------------------------------------------------------

/** A value for a register that has none on some path. */
export function* registerValues(site: Site): Generator<Proposal> {
  const { register, pc, leaving, instruction } = site;
  if (register === undefined) return;
  const line = site.source.at(pc);
  if (instruction.kind === 'exit') {
    yield {
      pattern: 'initialise',
      title: `Return ${leaving.name}`,
      edits: [{ at: pc, insert: [set(0, leaving.value)] }],
      c: [returnLine(site)],
      effect: sentence(leavingWords(leaving)),
      changesBehaviour: false,
    };
    return;
  }
  const name = /(\w+)\s*[;),]/.exec(line?.text ?? '')?.[1];
  const entry: Proposal = {
    pattern: 'initialise',
    title: `Set ${name ?? `r${register}`} to 0 where the function begins`,
    edits: [{ at: site.range.start, insert: [set(register, 0)] }],
    c: [`... ${name ?? 'variable'} = 0;   /* where it is declared */`],
    effect: 'On the path that set nothing the value is 0.',
    changesBehaviour: false,
  };
  // The function's own arguments would be lost.
  if (register === 0 || register > 5 || !isArgument(site, register)) yield entry;
  yield { ...entry, title: `Set r${register} to 0 before it is read`, edits: [{ at: pc, insert: [set(register, 0)] }], changesBehaviour: true };
}

/** Whether a function may be reading the register as what its caller passed. */
function isArgument(site: Site, register: number): boolean {
  if (site.range.start === 0) return register === 1;
  return (site.verification.liveness?.atBlock[site.verification.graph?.blockAt.get(site.range.start) ?? 0] ?? 0) === 0 ? false : register <= 5;
}

/** Zeros for stack bytes that are read or passed on without having been written. */
export function* stackZeros(site: Site): Generator<Proposal> {
  const first = site.finding.details.min;
  if (first === undefined) return;
  const name = /^&?(\w+)$/.exec(site.argument(site.register ?? 0) ?? '')?.[1] ?? 'value';
  const propose = (slots: readonly number[]): Proposal => ({
    pattern: 'initialise',
    title: `Clear the stack bytes ${slots.map((slot) => `fp${slot} to fp${slot + 7}`).join(', ')} first`,
    edits: [{ at: site.range.start, insert: slots.map((slot) => zero(10, slot)) }],
    c: [`__builtin_memset(&${name}, 0, sizeof(${name}));   /* first: padding counts */`],
    effect: 'Bytes that nothing wrote are 0.',
    changesBehaviour: false,
    widen(again) {
      const place = /fp(-\d+)/.exec(again.message)?.[1];
      const slot = place === undefined ? undefined : Math.floor(Number(place) / 8) * 8;
      return slot === undefined || slots.includes(slot) || slots.length >= MAX_CLEARED ? undefined : propose([...slots, slot]);
    },
  });
  yield propose([Math.floor(Number(first) / 8) * 8]);
}

const MAX_CLEARED = 64;

/** A number instead of a pointer as result. */
export function* numericResults(site: Site): Generator<Proposal> {
  const { leaving, pc } = site;
  yield {
    pattern: 'result',
    title: `Return ${leaving.name} instead`,
    edits: [{ at: pc, insert: [set(0, leaving.value)] }],
    c: [returnLine(site)],
    effect: sentence(leavingWords(leaving).replace('returns', 'always returns')),
    changesBehaviour: true,
  };
}

// --- what a helper took away ----------------------------------------------------------------------------------------------------------------

/** Loads the packet's pointers again after a helper that moves the packet, and checks its length again. */
export function* reloads(site: Site): Generator<Proposal> {
  const { register, pc } = site;
  const { details } = site.finding;
  const { fields } = site.machine.rules.context;
  const data = fields.find(({ kind }) => kind === 'packet');
  const end = fields.find(({ kind }) => kind === 'packet_end');
  const { instruction, contextArgument } = site;
  const place = contextArgument === undefined ? undefined : site.freeStack(1)?.[0];
  if (register === undefined || data === undefined || end === undefined || contextArgument === undefined || place === undefined) return;
  const width =
    typeof details.width === 'number' ? details.width : instruction.kind === 'load' || instruction.kind === 'store' ? instruction.size : 0;
  const displacement = details.displacement ?? (instruction.kind === 'load' || instruction.kind === 'store' ? instruction.offset : 0);
  const free = site.freeRegisters(pc).filter((candidate) => candidate !== register);
  const [scratch, other] = free;
  const offset = offsetBefore(site, register);
  if (scratch === undefined || other === undefined || width === 0 || offset === undefined) return;
  const size = (field: { readonly size: number }) => (field.size === 4 ? 4 : 8);
  const propose = (bytes: number): Proposal => ({
    pattern: 'reload',
    title: 'Load data and data_end again after the call, and check the length again',
    edits: [
      { at: site.range.start, insert: [store(10, place, contextArgument)] },
      {
        at: pc,
        insert: [
          load(scratch, 10, place, 8),
          load(register, scratch, data.offset, size(data)),
          load(scratch, scratch, end.offset, size(end)),
          ...(offset === 0 ? [] : [addTo(register, offset)]),
          move(other, register),
          addTo(other, bytes),
          ...unless(site, other, 'le', { register: scratch }),
        ],
      },
    ],
    c: [RELOAD_DATA, RELOAD_END, `if (data + ${offset + bytes} > data_end) ${returnLine(site)}`],
    effect: `A packet that is now too short ${shortPacketWords(site.leaving)}.`,
    changesBehaviour: false,
    widen(again) {
      const more = again.check.kind === 'packet_upper' ? Number(again.distance?.amount ?? 0) : 0;
      return more > 0 && bytes + more < 4096 ? propose(bytes + more) : undefined;
    },
  });
  yield propose(displacement + width);
}

/** Where in the packet a register pointed before the call that made it stale; undefined where that varies. */
function offsetBefore(site: Site, register: Register): number | undefined {
  const at = (slots: readonly number[]) => new Set(slots.flatMap((slot) => site.constantOffsets(slot, register)));
  const near = at(movingCalls(site, [...site.before(site.pc)]));
  // Where paths meet before the use, the call may be on any of them.
  const [offset, ...others] = near.size > 0 ? near : at(movingCalls(site, [...site.program.instructions.keys()]));
  return others.length > 0 || Number.isNaN(offset) ? undefined : offset;
}

/** Those of the slots that call what moves the packet: a helper, or a function of the program that calls one. */
function movingCalls({ program, machine }: Site, slots: readonly number[]): readonly number[] {
  const visited = new Set<number>();
  const moves = (slot: number): boolean => {
    const instruction = program.instructions[slot];
    if (instruction?.kind === 'call') return machine.findHelper(instruction.helper)?.changesPacket === true;
    if (instruction?.kind !== 'call_local') return false;
    const callee = program.functions.find(({ start }) => start === slot + 1 + instruction.offset);
    if (callee === undefined || visited.has(callee.start)) return false;
    visited.add(callee.start);
    return Array.from({ length: callee.end - callee.start }, (_, index) => callee.start + index).some(moves);
  };
  return slots.filter((slot) => {
    visited.clear();
    return moves(slot);
  });
}

// --- what must be given back -----------------------------------------------------------------------------------------------------------------

/** How what a call gave out is given back. */
interface Release {
  /** Names of the calls that give it out. */
  readonly acquires: RegExp;
  /** The function that takes it back, with the groups of `acquires`. */
  readonly name: string;
  /** It takes a second argument. */
  readonly flags: boolean;
  /** Argument of the acquiring call at which an object on the stack is made of it; absent: it is the call's result. */
  readonly object?: Register;
  readonly effect: string;
}

const RECORD = 'The record is thrown away; submit it instead where user space should see it.';
const RELEASES: readonly Release[] = [
  { acquires: /^bpf_ringbuf_reserve$/, name: 'bpf_ringbuf_discard', flags: true, effect: RECORD },
  { acquires: /^bpf_ringbuf_reserve_dynptr$/, name: 'bpf_ringbuf_discard_dynptr', flags: true, object: 4, effect: RECORD },
  { acquires: /^bpf_skc?_lookup_|^bpf_map_lookup_elem$/, name: 'bpf_sk_release', flags: false, effect: 'The socket is released.' },
  { acquires: /^(bpf_iter_\w+)_new$/, name: '$1_destroy', flags: false, object: 1, effect: 'The iterator ends with the loop, however that is left.' },
];

/** Slots of the calls that give something back. */
function releasingCalls(site: Site): readonly number[] {
  return [...site.program.instructions.entries()].flatMap(([at, instruction]) => (calledBy(site, instruction)?.releases === undefined ? [] : [at]));
}

function calledBy({ machine }: Site, instruction: Instruction | undefined): HelperPrototype | undefined {
  return instruction === undefined ? undefined : machine.calledBy(instruction);
}

/** The call of a function by its name; of kernel functions one that the program calls somewhere, because they are known by their BTF. */
function callOf(site: Site, name: string): Instruction | undefined {
  const helper = helperByName(site.machine.rules.platform, name, site.machine.rules.programType);
  if (helper !== undefined) return { kind: 'call', helper: helper.id };
  return site.program.instructions.find((instruction) => instruction?.kind === 'call_btf' && calledBy(site, instruction)?.name === name);
}

/** What the source calls the object at an argument of the call, as an argument: `&it`. */
function objectText(site: Site, at: number, name: string, argument: Register): string {
  return argumentsOf(site.source.at(at)?.text ?? '', name)?.[argument - 1] ?? '&object';
}

/** Runs the code with what a stack slot keeps in r1, unless that is 0. */
function whereKept(slot: number, code: readonly Instruction[]): readonly Instruction[] {
  const skip: Instruction = { kind: 'branch', comparison: 'eq', width: 64, dst: 1, source: { kind: 'immediate', value: 0 }, offset: code.length };
  return [load(1, 10, slot, 8), skip, ...code];
}

/** Gives back, at the exit, what is still held. */
export function* releases(site: Site): Generator<Proposal> {
  const acquired = Number(site.finding.details.limit);
  const name = calledBy(site, site.program.instructions[acquired])?.name ?? '';
  const row = RELEASES.find(({ acquires }) => acquires.test(name));
  const places = site.range.start === 0 ? site.freeStack(2) : undefined;
  if (row === undefined || site.instruction.kind !== 'exit' || places === undefined) return;
  const releaser = name.replace(row.acquires, row.name);
  const release = callOf(site, row.object === undefined ? row.name : releaser);
  const object = row.object === undefined ? undefined : objectPlace(site, acquired, row.object);
  if (release === undefined || (row.object !== undefined && object === undefined)) return;
  const [kept, result] = places as readonly [number, number];
  const give: readonly Instruction[] = [
    store(10, result, 0),
    ...(object === undefined ? [] : [move(1, 10), addTo(1, object)]),
    ...(row.flags ? [set(2, 0)] : []),
    release,
    load(0, 10, result, 8),
  ];
  const what =
    row.object === undefined
      ? (/(\w+)\s*=/.exec(site.source.at(acquired)?.text ?? '')?.[1] ?? 'record')
      : objectText(site, acquired, name, row.object);
  yield {
    pattern: 'release',
    title: `Give back what ${name} ${row.object === undefined ? 'returned' : 'made'} before the program ends`,
    edits: [
      { at: 0, insert: [zero(10, kept)] },
      { at: acquired + 1, insert: [row.object === undefined ? store(10, kept, 0) : one(10, kept)] },
      // What is given back on the way must not be given back twice. Ahead of the call: behind it other paths may join.
      ...releasingCalls(site).map((at) => ({ at, insert: [zero(10, kept)] })),
      { at: site.pc, insert: whereKept(kept, give) },
    ],
    c: [`${row.object === undefined ? row.name : releaser}(${what}${row.flags ? ', 0' : ''});   /* before each return that lacks it */`],
    effect: row.effect,
    changesBehaviour: false,
  };
}

/** Unlocks, at the exit, what is still locked. */
export function* unlocks(site: Site): Generator<Proposal> {
  const calls = (name: string) =>
    [...site.program.instructions.entries()].flatMap(([at, instruction]) => (calledBy(site, instruction)?.name === name ? [at] : []));
  const [first, ...others] = calls('bpf_spin_lock');
  const release = callOf(site, 'bpf_spin_unlock');
  const places = site.range.start === 0 ? site.freeStack(2) : undefined;
  if (first === undefined || others.length > 0 || release === undefined || site.instruction.kind !== 'exit' || places === undefined) return;
  const [kept, result] = places as readonly [number, number];
  const give: readonly Instruction[] = [store(10, result, 0), release, load(0, 10, result, 8)];
  yield {
    pattern: 'release',
    title: 'Unlock before the program ends',
    edits: [
      { at: 0, insert: [zero(10, kept)] },
      { at: first, insert: [store(10, kept, 1)] },
      ...calls('bpf_spin_unlock').map((at) => ({ at, insert: [zero(10, kept)] })),
      { at: site.pc, insert: whereKept(kept, give) },
    ],
    c: [`bpf_spin_unlock(${objectText(site, first, 'bpf_spin_lock', 1)});   /* before each return that lacks it */`],
    effect: 'The lock is free again, however the program ends.',
    changesBehaviour: false,
  };
}

/** Offset from r10 of the object that a call makes at an argument. */
function objectPlace(site: Site, at: number, argument: Register): number | undefined {
  const offsets = new Set(site.valuesAt(at, argument).map((value) => (value?.kind === 'stack' ? constantValue(value.range) : undefined)));
  const [offset] = offsets;
  return offsets.size !== 1 || offset === undefined ? undefined : Number(offset);
}
