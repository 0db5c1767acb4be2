import type { Comparison, Instruction, Register } from '../isa/instruction.ts';
import { NEGATED } from './branch.ts';
import { targetOf } from './cfg.ts';
import { type CheckDetails, checkRow } from './checks.ts';
import { definitions, loopAround, possibleContents } from './code-walk.ts';
import type { Finding, Machine } from './machine.ts';
import { type Chain, type Guard, type Path, type Root, writesOf } from './provenance.ts';
import type { Value } from './value.ts';
import { PACKET_SIZE, ZERO } from './value.ts';
import { offsetWords, rangeWords } from './words.ts';

/** The specific cause of a failed check. */
export interface Diagnosis {
  /** Stable id from the catalogue of causes. */
  readonly id: string;
  /** One sentence that replaces the check's own. */
  readonly message?: string;
}

interface Case {
  readonly machine: Machine;
  readonly finding: Finding;
  readonly path: Path;
  readonly details: CheckDetails;
  /** The register that the check is about, as it was. */
  readonly value: Value | undefined;
}

/** The most specific cause that a finding's circumstances show, by stable id, and its wording where it differs from the check's own. */
export function diagnose(machine: Machine, finding: Finding, path: Path): Diagnosis {
  const { details } = finding;
  const value = details.register === undefined ? undefined : finding.state.registers[details.register];
  const specific = DIAGNOSES[finding.kind]?.({ machine, finding, path, details, value });
  return specific ?? { id: details.id ?? checkRow(finding.kind).id };
}

type Diagnose = (c: Case) => Diagnosis | undefined;

const DIAGNOSES: Partial<Record<Finding['kind'], Diagnose>> = {
  null_access: nullAccess,
  packet_upper: packetUpper,
  packet_lower: packetLower,
  map_value_upper: (c) => argumentBuffer(c) ?? boundedRegion(c),
  map_value_lower: (c) => argumentBuffer(c) ?? boundedRegion(c),
  memory_upper: (c) => argumentBuffer(c) ?? boundedRegion(c),
  memory_lower: (c) => argumentBuffer(c) ?? boundedRegion(c),
  stack_upper: (c) => argumentBuffer(c) ?? stackBounds(c),
  stack_lower: (c) => argumentBuffer(c) ?? stackBounds(c),
  register_uninitialised: uninitialised,
  clobbered: (c) => clobberedBy(c),
  map_argument: mixedKinds,
  dereference: (c) => mixedKinds(c) ?? foreignAddress(c),
  type: mixedKinds,
  argument_type: mixedKinds,
  memory_argument: (c) => nullConstant(c) ?? mixedKinds(c),
  map_kind: wrongMap,
  size_negative: sizeRange,
  loop_unbounded: endlessLoop,
};

function register(c: Case): Register {
  return c.details.register as Register;
}

const at = (path: Path, index: number) => path.steps[index]!.pc;

// --- null -----------------------------------------------------------------------------------------------------------------------------

function nullAccess(c: Case): Diagnosis {
  const { path, details, value } = c;
  const name = `r${details.register}`;
  const root = path.pointerRoot(path.last, register(c));
  const origin = originWords(c, root);
  if (details.argument !== undefined)
    return {
      id: 'NUL-04',
      message: `${name}, argument ${details.argument} of ${helperName(c)}, may be null here: ${origin} and no check on this path rules null out.`,
    };
  if (root.index >= 0 && path.steps[root.index]!.depth < 0)
    return {
      id: 'NUL-06',
      message: `${name} may be null here: ${origin} in the caller, which passes it on without a null check, and this function does not check it either.`,
    };
  if (path.calledAt(root.index)?.name.includes('ringbuf_reserve') === true)
    return {
      id: 'NUL-05',
      message: `${name} may be null here: bpf_ringbuf_reserve at instruction ${at(path, root.index)} returns null when the buffer is full, and no check on this path rules null out.`,
    };
  const other = checkOfAnother(c, root);
  if (other?.of === 'moved')
    return {
      id: 'NUL-03',
      message: `${name} may be null plus an offset here: ${origin}. The null check at instruction ${at(path, other.index)} comes after a field's address was computed, and that is never null.`,
    };
  if (other !== undefined) {
    return {
      id: 'NUL-02',
      message: `${name} may be null here: ${origin}. The null check at instruction ${at(path, other.index)} tests ${other.of === 'earlier' ? 'the result of an earlier lookup; each lookup needs its own check' : `r${other.register}, which is another pointer`}.`,
    };
  }
  if (value?.kind === 'number' && root.kind === 'constant')
    return { id: 'NUL-01', message: `${name} is null here: instruction ${at(path, root.index)} sets it to 0 and nothing on this path changes it.` };
  if (value?.kind === 'number')
    return { id: 'NUL-01', message: `${name} is null here: ${origin}, and the branches on this path are those of a null result.` };
  return { id: 'NUL-01', message: `${name} may be null here: ${origin} and no check on this path rules null out.` };
}

function helperName(c: Case): string {
  return c.path.calledAt(c.path.last)?.name ?? 'the called function';
}

function originWords(c: Case, root: Root): string {
  const prototype = c.path.calledAt(root.index);
  if (prototype === undefined) return c.details.name === undefined ? 'nothing says where it points' : `it comes from ${c.details.name}`;
  const kind = c.value?.kind === 'map_value' ? c.machine.map(c.value.tag)?.name : mapOfCall(c, root.index);
  return `it is the result of ${prototype.name}${kind === undefined ? '' : ` on map ${kind}`} at instruction ${at(c.path, root.index)}`;
}

function mapOfCall(c: Case, index: number): string | undefined {
  const { root } = c.path.chain(index, 1);
  if (root.kind !== 'constant') return undefined;
  const made = c.path.instruction(root.index);
  return made.kind === 'lddw' && (made.source === 'map_fd' || made.source === 'map_index') ? c.machine.map(made.low)?.name : undefined;
}

interface NullTest {
  readonly index: number;
  readonly register: Register;
  /** other: a pointer of another origin; moved: this one after something was added; earlier: the result of the same lookup made before. */
  readonly of: 'other' | 'moved' | 'earlier';
}

/** A null test on the path that was meant for this pointer, as it seems, but looks at another value. */
function checkOfAnother(c: Case, root: Root): NullTest | undefined {
  const { path } = c;
  const created = path.calledAt(root.index);
  for (const { index, branch, comparison } of path.branches()) {
    if (comparison !== 'ne' && comparison !== 'eq') continue;
    if (branch.source.kind !== 'immediate' || branch.source.value !== 0 || branch.width !== 64) continue;
    const tested = path.pointerRoot(index, branch.dst);
    const called = path.calledAt(tested.index);
    if (called === undefined || !('nullable' in called.returns) || called.returns.nullable !== true) continue;
    if (tested.index === root.index) {
      if (path.chain(index, branch.dst).changes.some((change) => change.operator === 'add')) return { index, register: branch.dst, of: 'moved' };
    } else if (index > root.index) return { index, register: branch.dst, of: 'other' };
    else if (called === created && mapOfCall(c, tested.index) === mapOfCall(c, root.index)) return { index, register: branch.dst, of: 'earlier' };
  }
  return undefined;
}

/** A null constant where memory is wanted. */
function nullConstant(c: Case): Diagnosis | undefined {
  const { value, details } = c;
  if (value?.kind !== 'number' || value.symbol !== ZERO || value.offset !== 0) return undefined;
  if (!possibleContents(c.machine, c.finding.instruction, register(c)).has('pointer')) return undefined;
  return {
    id: 'NUL-04',
    message: `Argument ${details.argument} of ${details.name} must point to memory; on this path r${details.register} is null.`,
  };
}

// --- packet ---------------------------------------------------------------------------------------------------------------------------

const verb = (details: CheckDetails) => (details.mode === 'write' ? 'Writes' : 'Reads');
const bytes = (count: number | bigint) => (count === 1 ? '1 byte' : `${count} bytes`);

function packetUpper(c: Case): Diagnosis {
  const { path, details, value } = c;
  const subject = details.argument === undefined && path.calledAt(path.last) !== undefined ? `${helperName(c)} accesses` : verb(details);
  const checks = path.packetChecks();
  const check = checks[checks.length - 1];
  const loop = loopAround(c.machine, c.finding.instruction);
  if (loop !== undefined) {
    const carried = carriedInLoop(c, loop);
    if (carried === 'variable')
      return {
        id: 'LOOP-03',
        message: `${subject} the packet at a pointer that each turn of the loop moves by a number from the program's data; after the last move nothing compares it with data_end.`,
      };
    const insideCheck = checks.some((index) => loop.has(at(path, index))) || testsPacketEnd(c, loop);
    if (carried === 'constant' && !insideCheck)
      return {
        id: 'PKT-06',
        message: `${subject} the packet at a position that moves with each turn of the loop, but no turn compares it with data_end.`,
      };
  }
  const missing = details.distance === undefined ? '' : `; ${bytes(details.distance)} missing`;
  if (value !== undefined && value.symbol !== ZERO) {
    const [addend] = path.addends(path.last, register(c));
    const range = rangeWords(value.range.smin, value.range.smax);
    const moved =
      addend === undefined
        ? ''
        : `; instruction ${at(path, addend.index)} added a number known only at run time and nothing compares the sum with data_end afterwards`;
    return {
      id: 'PKT-03',
      message: `${subject} ${details.width === undefined ? 'the packet' : `${bytes(Number(details.width))} of the packet`} at a variable offset (${range}${displacementWords(details)})${moved}.`,
    };
  }
  if (check !== undefined || Number(details.limit ?? 0) > 0) {
    const proved = Number(details.limit ?? 0);
    const where = check === undefined ? '' : ` by the comparison with data_end at instruction ${at(path, check)}`;
    return {
      id: 'PKT-02',
      message: `${subject} packet bytes up to byte ${details.max ?? 'an unknown end'}, but ${proved === 0 ? 'none is' : proved === 1 ? 'only the first is' : `only the first ${proved} are`} proved${where}${missing}.`,
    };
  }
  return {
    id: 'PKT-01',
    message: `${subject} packet bytes up to byte ${details.max ?? 'an unknown end'}, but nothing on this path compares the packet with data_end${missing}.`,
  };
}

/** Whether the loop has a branch on a register that holds the packet's end. */
function testsPacketEnd({ machine, finding }: Case, loop: ReadonlySet<number>): boolean {
  const isEnd = (name: Register) => {
    const value = finding.state.registers[name];
    return value?.kind === 'packet' && value.symbol === PACKET_SIZE;
  };
  for (const slot of loop) {
    const branch = machine.instruction(slot);
    if (branch.kind === 'branch' && branch.source.kind === 'register' && (isEnd(branch.dst) || isEnd(branch.source.register))) return true;
  }
  return false;
}

function displacementWords({ displacement }: CheckDetails): string {
  return displacement === undefined || displacement === 0 ? '' : ` plus ${displacement}`;
}

function packetLower(c: Case): Diagnosis {
  const { details, value } = c;
  const low = value === undefined ? details.min : value.range.smin;
  return {
    id: 'PKT-03',
    message: `${verb(details)} before the start of the packet: the offset may be ${low === undefined ? 'negative' : low < -65535 ? 'negative' : `as low as ${details.min}`}.`,
  };
}

/** How the loop moves the accessed pointer, or the number added to it, from turn to turn. */
function carriedInLoop(c: Case, loop: ReadonlySet<number>): 'constant' | 'variable' | undefined {
  const { machine, path } = c;
  const names = new Set<Register>();
  const collect = (index: number, name: Register) => {
    const { carriers, amounts } = path.chain(index, name);
    for (const carrier of carriers) names.add(carrier.register);
    for (const amount of amounts) names.add(amount);
  };
  collect(path.last, register(c));
  let pointer: { index: number; register: Register } = { index: path.last, register: register(c) };
  for (const addend of path.addends(path.last, register(c))) {
    collect(addend.index, addend.register);
    const sum = path.instruction(addend.index);
    if (sum.kind !== 'binary' || sum.source.kind !== 'register') break;
    pointer = { index: addend.index, register: addend.register === sum.dst ? sum.source.register : sum.dst };
    collect(pointer.index, pointer.register);
  }
  let found: 'constant' | 'variable' | undefined;
  for (const name of names) {
    const moves: Instruction[] = [];
    let redefined = false;
    for (const slot of loop) {
      const instruction = machine.instruction(slot);
      const { sets, clobbers } = writesOf(instruction);
      if (sets !== name && !(clobbers && name >= 1 && name <= 5)) continue;
      if (instruction.kind === 'binary' && instruction.dst === name && (instruction.operator === 'add' || instruction.operator === 'sub'))
        moves.push(instruction);
      else redefined = true;
    }
    if (redefined || moves.length === 0) continue;
    if (moves.some((move) => move.kind === 'binary' && move.source.kind === 'register')) return 'variable';
    found = 'constant';
  }
  return found;
}

// --- regions of known size ------------------------------------------------------------------------------------------------------------

/** Buffers handed to helpers: the key or value of a map, or memory with a size. */
function argumentBuffer(c: Case): Diagnosis | undefined {
  const { path, details, finding, value } = c;
  const called = path.calledAt(path.last);
  if (called === undefined || details.register === undefined) return undefined;
  const argument = called.arguments[details.register - 1];
  if (argument === undefined) return undefined;
  const region = regionWords(c);
  const missing = details.distance === undefined ? '' : `; ${bytes(details.distance)} missing`;
  const width = details.width;
  if (argument.kind === 'map_key' || argument.kind === 'map_value' || argument.kind === 'map_value_out') {
    const what = argument.kind === 'map_key' ? 'key' : 'value';
    return {
      id: 'HLP-01',
      message: `Argument ${details.register} of ${called.name} must point to a ${what} of ${bytes(Number(width))}, but the buffer ends earlier: ${region}${missing}.`,
    };
  }
  const sizeRegister = argument.sizeArgument === undefined ? details.register + 1 : argument.sizeArgument + 1;
  const size = finding.state.registers[sizeRegister];
  if (argument.kind.startsWith('memory') && size !== undefined && size.kind === 'number' && size.range.smax >= UNBOUNDED)
    return {
      id: 'HLP-06',
      message: `The size passed as argument ${sizeRegister} of ${called.name} has no upper bound that fits the buffer: ${region}.`,
    };
  return {
    id: 'HLP-08',
    message: `${called.name} may ${details.mode === 'write' ? 'write' : 'read'} ${size === undefined || size.symbol === ZERO ? '' : 'up to '}${bytes(Number(width))} at argument ${details.register}, but ${region}${value?.symbol === ZERO ? missing : ''}.`,
  };
}

/** Sizes from here on come from a number that nothing bounds: any 31-bit or 32-bit value. */
const UNBOUNDED = 0x7fff_ffff;

function regionWords({ finding, details, machine, value }: Case): string {
  if (finding.kind === 'stack_upper' || finding.kind === 'stack_lower') {
    const low = details.min ?? 0;
    return low < 0 && low >= -Number(details.limit ?? 0)
      ? `the stack frame ends ${bytes(-Number(low))} after fp${low}`
      : `it starts outside the stack frame`;
  }
  const name = value?.kind === 'map_value' ? valueWords(machine.map(value.tag)?.name) : 'the record';
  const into =
    value === undefined || value.symbol === ZERO ? '' : ` and the argument points ${rangeWords(value.range.smin, value.range.smax)} bytes into it`;
  return `${name} has ${bytes(Number(details.limit))}${into}`;
}

function stackBounds(c: Case): Diagnosis {
  const { details, value } = c;
  if (value === undefined || (value.symbol === ZERO && !movesInLoop(c))) return { id: 'STK-01' };
  const { smin, smax } = value.range;
  if (value.symbol === ZERO)
    return {
      id: 'STK-02',
      message: `${verb(details)} ${bytes(Number(details.width))} of the stack at fp${details.min}, outside the ${details.limit}-byte frame: nothing stops the loop before its index leaves the buffer.`,
    };
  return {
    id: 'STK-02',
    message: `${verb(details)} ${bytes(Number(details.width))} of the stack at a variable offset from the frame pointer (${rangeWords(smin, smax)}${displacementWords(details)}), which may lie outside the ${details.limit}-byte frame.`,
  };
}

/** Global variables live in maps named after their section. */
const valueWords = (map: string | undefined) => (map?.includes('.') === true ? `the global data in ${map}` : `a value of map ${map}`);

const SIGNED_UPPER: ReadonlySet<string> = new Set(['slt', 'sle']);
const UPPER: ReadonlySet<string> = new Set(['lt', 'le', 'slt', 'sle', 'eq']);

/** The offset is a constant only because the loop was followed turn by turn. */
function movesInLoop(c: Case): boolean {
  const loop = loopAround(c.machine, c.finding.instruction);
  return loop !== undefined && carriedInLoop(c, loop) !== undefined;
}

/** An access to a map value or record outside its bytes. */
function boundedRegion(c: Case): Diagnosis {
  const { details, value, finding, path } = c;
  const lower = finding.kind === 'map_value_lower' || finding.kind === 'memory_lower';
  const region = finding.kind.startsWith('map_value') ? valueWords(details.name) : 'a record';
  const size = Number(details.limit);
  const counted = value?.symbol === ZERO && movesInLoop(c);
  if (value === undefined || (value.symbol === ZERO && !counted)) {
    if (lower)
      return { id: 'MAP-01', message: `${verb(details)} ${bytes(Number(details.width))} at offset ${details.min}, before the start of ${region}.` };
    return {
      id: 'MAP-01',
      message: `${verb(details)} ${bytes(Number(details.width))} at offset ${details.min} of ${region}, which has ${bytes(size)}; ${bytes(details.distance ?? 0)} too far.`,
    };
  }
  const index = indexOf(c);
  const guards = index === undefined ? [] : guardsOf(c, index);
  // A counter that goes up in steps is bounded by != as well.
  const upper = guards.filter((guard) => UPPER.has(guard.comparison) || (counted && guard.comparison === 'ne'));
  const latest = upper[upper.length - 1];
  const where = (guard: Guard) => `the check at instruction ${guard.pc}`;
  const overshoot = details.distance;
  const body = `${verb(details)} ${bytes(Number(details.width))} at ${offsetWords(details.min, details.max)} of ${region}, which has ${bytes(size)}`;
  if (latest === undefined) {
    const mask = index?.chain.changes.find((change) => change.operator === 'and' && change.constant !== undefined);
    if (!lower && mask !== undefined && overshoot !== undefined && overshoot < UNBOUNDED)
      return {
        id: 'MAP-07',
        message: `${body}: the mask at instruction ${at(path, mask.index)} keeps 0 to ${mask.constant}; ${bytes(overshoot)} too far.`,
      };
    const reread = index === undefined ? undefined : path.guardsOfSource(index.chain.root, path.last).find((guard) => UPPER.has(guard.comparison));
    if (reread !== undefined)
      return {
        id: 'MAP-08',
        message: `${body}: instruction ${at(path, index!.chain.root.index)} reads the index again from memory after ${where(reread)} tested an earlier read, and it may have changed in between.`,
      };
    if (lower && (details.min ?? 0) >= -FAR)
      return { id: 'MAP-04', message: `${body}: the index is a signed number that may be negative, and nothing on this path rules that out.` };
    return { id: 'MAP-02', message: `${body}, and nothing on this path bounds the index.` };
  }
  // What fails of a loop is its first turn that goes too far: how far the others would go, a limit that varies does not tell.
  if (!lower && counted && latest.limit === undefined)
    return { id: 'MAP-03', message: `${body}: ${where(latest)} lets the loop go on past the end.` };
  if (!lower && overshoot !== undefined && overshoot <= stride(index!.chain))
    return {
      id: 'MAP-03',
      message: `${body}: ${where(latest)} lets the index reach one element past the end (off by one; ${bytes(overshoot)} too far).`,
    };
  if (lower && SIGNED_UPPER.has(latest.comparison))
    return { id: 'MAP-04', message: `${body}: ${where(latest)} is a signed comparison without a lower bound, so negative numbers pass it.` };
  const far = lower ? (details.min ?? 0) < -FAR : (overshoot ?? 0) > FAR;
  if (latest.width === 32 && !narrowed(index!.chain) && far)
    return {
      id: 'MAP-05',
      message: `${body}: ${where(latest)} compares only the low 32 bits of the index, but all 64 bits are used.`,
    };
  if (lower && !far && changedSince(index!.chain, latest))
    return { id: 'MAP-08', message: `${body}: the index was changed after ${where(latest)}, so what was checked is not what is used.` };
  if (lower) return { id: 'MAP-04', message: `${body}: ${where(latest)} bounds the index only from above, so it may be negative.` };
  if (changedSince(index!.chain, latest))
    return {
      id: 'MAP-08',
      message: `${body}: the index was changed after ${where(latest)} (reloaded or scaled), so what was checked is not what is used; ${bytes(overshoot ?? 0)} too far.`,
    };
  return { id: 'MAP-03', message: `${body}: ${where(latest)} lets the index grow too large; ${bytes(overshoot ?? 0)} too far.` };
}

/** An error of this many bytes is more than an index that is a little too large. */
const FAR = 0xffff;

interface Index {
  readonly register: Register;
  readonly index: number;
  readonly chain: Chain;
}

/** The variable number in the accessed address; of several the one that goes too far. */
function indexOf({ path, details, value }: Case): Index | undefined {
  let found: Index | undefined;
  for (const addend of path.addends(path.last, details.register as Register)) {
    const chain = path.chain(addend.index, addend.register);
    if (chain.root.kind === 'constant' && value?.symbol !== ZERO) continue;
    found ??= { ...addend, chain };
    if (details.distance === undefined || largestMasked(chain) >= details.distance) return { ...addend, chain };
  }
  return found;
}

/** The most bytes that an index adds which a mask bounds; of others it may be any number. */
function largestMasked(chain: Chain): number {
  const mask = chain.changes.find(({ operator, constant }) => operator === 'and' && constant !== undefined && constant >= 0);
  return mask === undefined ? Number.POSITIVE_INFINITY : mask.constant! * stride(chain);
}

function guardsOf({ path }: Case, index: Index): Guard[] {
  return path.guardsOf(index.chain.root, path.last).filter((guard) => guard.limit !== undefined || guard.comparison !== 'ne');
}

/** Bytes by which the address moves when the index grows by one. */
function stride(chain: Chain): number {
  let factor = 1;
  for (const { operator, constant } of chain.changes) {
    if (constant === undefined) continue;
    // A pair of shifts by 32 extends a sign or clears the upper half.
    if (operator === 'lsh' && constant < 32) factor *= 2 ** constant;
    else if (operator === 'mul') factor *= constant;
  }
  return factor;
}

/** Whether the use's history goes through a change that the guarded value had not undergone. */
function changedSince(chain: Chain, guard: Guard): boolean {
  const seen = new Set(guard.changes.map((change) => change.index));
  return chain.changes.some((change) => !seen.has(change.index));
}

/** Whether the used value had its upper half cleared or its sign extended. */
function narrowed(chain: Chain): boolean {
  return chain.changes.some((change) => change.kind === 'truncated' || change.kind === 'sign_extended');
}

// --- registers ------------------------------------------------------------------------------------------------------------------------

function uninitialised(c: Case): Diagnosis | undefined {
  const { path, machine, finding } = c;
  const name = register(c);
  // The finding itself tells what became of the value.
  if (finding.details.note !== undefined) return undefined;
  const from = path.definition(path.last, name);
  if (from >= 0) return clobberedBy(c);
  if (definitions(machine, finding.instruction, name).some((slot) => writesOf(machine.instruction(slot)).sets === name))
    return { id: 'UNI-02', message: `r${name} is read here, but this path does not set it; only another branch does.` };
  return undefined;
}

function clobberedBy({ path, details }: Case): Diagnosis | undefined {
  const name = details.register as Register;
  const from = path.definition(path.last, name);
  const called = from < 0 ? undefined : (path.calledAt(from)?.name ?? 'a function');
  if (called === undefined) return undefined;
  if (name === 0) return { id: 'UNI-01', message: `r0 is read here, but ${called} at instruction ${at(path, from)} returns nothing.` };
  return {
    id: 'UNI-03',
    message: `r${name} was destroyed by the call of ${called} at instruction ${at(path, from)}: calls keep only r6 to r9 and r10.`,
  };
}

/** A value of the wrong kind that is right on another path to the same instruction. */
function mixedKinds(c: Case): Diagnosis | undefined {
  const { machine, finding, details, value } = c;
  if (details.register === undefined || value === undefined) return undefined;
  const contents = possibleContents(machine, finding.instruction, register(c));
  if (!contents.has('number') || !contents.has('pointer')) return undefined;
  const use = details.argument === undefined ? 'is used here' : `is argument ${details.argument} of ${details.name}`;
  return {
    id: 'TYP-07',
    message: `r${details.register} ${use}, but where paths join it holds ${value.kind === 'number' ? 'a number on this one and a pointer or map' : 'a pointer or map on this one and a number'} on another.`,
  };
}

/** A number used as an address, with where it came from. */
function foreignAddress(c: Case): Diagnosis | undefined {
  const { path, details, value, machine } = c;
  if (value?.kind !== 'number') return undefined;
  const { root } = path.chain(path.last, register(c));
  if (root.kind !== 'load') return undefined;
  const read = `r${details.register} is a number that instruction ${at(path, root.index)} loaded from memory`;
  const advice = machine.rules.allowLeaks ? '; memory of the kernel or of a process is read with bpf_probe_read_kernel or bpf_probe_read_user' : '';
  return { id: 'TYP-01', message: `${read}; only a pointer the verifier knows can be dereferenced${advice}.` };
}

// --- helpers --------------------------------------------------------------------------------------------------------------------------

function wrongMap({ path }: Case): Diagnosis | undefined {
  const kinds = path.calledAt(path.last)?.mapKinds;
  return kinds?.includes('prog_array') === true ? { id: 'HLP-04' } : undefined;
}

/** A size that may be negative: bounded from above only, or not at all. */
function sizeRange(c: Case): Diagnosis {
  const { details, path } = c;
  const what = `The size passed as argument ${details.argument} of ${details.name}`;
  const chain = path.chain(path.last, register(c));
  const guards = path.guardsOf(chain.root, path.last).filter((guard) => SIGNED_UPPER.has(guard.comparison));
  const guard = guards[guards.length - 1];
  if (guard !== undefined || (details.max !== undefined && details.max < UNBOUNDED)) {
    const check = guard === undefined ? '' : ` The check at instruction ${guard.pc} is signed and bounds it only from above.`;
    return { id: 'HLP-07', message: `${what} may be negative (${rangeWords(details.min, details.max)}), which counts as a huge size.${check}` };
  }
  return { id: 'HLP-06', message: `${what} is unbounded: no check on this path limits it.` };
}

// --- loops ----------------------------------------------------------------------------------------------------------------------------

const SYMBOLS: Record<Comparison, string> = {
  eq: '==',
  ne: '!=',
  gt: '>',
  ge: '>=',
  lt: '<',
  le: '<=',
  sgt: 's>',
  sge: 's>=',
  slt: 's<',
  sle: 's<=',
  set: '&',
  nset: 'has no bit of',
};

/** Says on what the loop's end depends. */
function endlessLoop(c: Case): Diagnosis {
  const { machine, finding, details } = c;
  const head = finding.instruction;
  const start = `The loop at instruction ${head}`;
  const loop = loopAround(machine, head);
  const exits: string[] = [];
  for (const slot of loop ?? []) {
    const branch = machine.instruction(slot);
    if (branch.kind !== 'branch') continue;
    const taken = loop!.has(targetOf(slot, branch));
    if (taken && loop!.has(slot + 1)) continue;
    const name = (register: Register) => `${branch.width === 32 ? 'w' : 'r'}${register}`;
    const comparison = taken ? branch.comparison : NEGATED[branch.comparison];
    const { source } = branch;
    const other = source.kind === 'register' ? name(source.register) : `${source.value}`;
    const bound = source.kind === 'register' ? boundWords(finding.state.registers[source.register], other) : '';
    exits.push(`while ${name(branch.dst)} ${SYMBOLS[comparison]} ${other} (instruction ${slot}${bound})`);
  }
  const condition = exits.length === 0 ? ' has no way out' : ` runs ${exits.slice(0, 3).join(' and ')}`;
  const reason =
    details.max === undefined ? 'nothing was found that moves towards a fixed bound in every turn' : 'this allows more turns than any host executes';
  return { id: 'LOOP-02', message: `${start}${condition}; ${reason}.` };
}

function boundWords(value: Value | undefined, name: string): string {
  if (value === undefined || value.kind !== 'number') return '';
  return `; ${name} may be ${rangeWords(value.range.smin, value.range.smax)}`;
}
