import type { Register } from '../../isa/instruction.ts';
import { constantValue } from '../../verifier/number/index.ts';
import type { Value } from '../../verifier/value.ts';
import { argumentsOf, bracketed } from '../expression.ts';
import { returnLine, unless } from './guards.ts';
import { endingWords } from './leave.ts';
import { loweringOf } from './lowering.ts';
import type { Proposal } from './proposal.ts';
import { type Site, set } from './site.ts';

/** The place where an index is added to a pointer. */
interface Indexing {
  readonly at: number;
  readonly index: Register;
  /** Bytes from one element to the next: what the index was multiplied by before it was added. */
  readonly scale: number;
}

/** What the address of an access is made of: a base, indexes and constants. */
interface Address {
  /** Constant distance of the accessed byte from the base with its indexes. */
  readonly distance: number;
  /** Nearest to the access first. */
  readonly indexes: readonly Indexing[];
  /** The register that holds the base, before the slot at which the first index is added. */
  readonly base: { readonly at: number; readonly register: Register };
}

/** Indexes of one access that are looked at. */
const MAX_INDEXES = 4;

/** Walks back from the access over the additions to its pointer. */
function addressOf(site: Site): Address | undefined {
  let pointer = site.register;
  if (pointer === undefined) return undefined;
  let constants = site.finding.details.displacement ?? 0;
  let found: Address | undefined;
  for (const at of site.before(site.pc)) {
    const instruction = site.machine.instruction(at);
    if (instruction.kind === 'binary' && instruction.dst === pointer) {
      const { operator, source, width } = instruction;
      if (width !== 64) return found;
      if (operator === 'add' && source.kind === 'immediate') constants += source.value;
      else if (operator === 'add' && source.kind === 'register') {
        const isBase = baseOf(site, at, pointer);
        const index = isBase ? source.register : pointer;
        if (!isBase) pointer = source.register;
        const indexes: readonly Indexing[] = [...(found?.indexes ?? []), { at, index, scale: scaleOf(site, at, index) }];
        found = { distance: constants, indexes, base: { at, register: pointer } };
        if (indexes.length === MAX_INDEXES) return found;
      } else if (operator === 'mov' && source.kind === 'register') pointer = source.register;
      else return found;
    } else if ((instruction.kind === 'load' || instruction.kind === 'lddw') && instruction.dst === pointer) return found;
  }
  return found;
}

/** What the last shift or multiplication before the addition made bytes of. */
function scaleOf(site: Site, at: number, index: Register): number {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind !== 'binary' || instruction.dst !== index) continue;
    if (instruction.source.kind !== 'immediate') return 1;
    const { operator, source } = instruction;
    if (operator === 'lsh' && source.value < 16) return 1 << source.value;
    return operator === 'mul' && source.value > 0 ? source.value : 1;
  }
  return 1;
}

/** Whether at `at` the destination is the pointer, and not the number that is added to it: looks for what made it. */
function baseOf(site: Site, at: number, register: Register): boolean {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if ((instruction.kind === 'call' || instruction.kind === 'call_local') && register === 0) return true;
    if (instruction.kind === 'binary' && instruction.dst === register) {
      if (instruction.operator === 'mov' && instruction.source.kind === 'register')
        return instruction.source.register === 10 || baseOf(site, slot, instruction.source.register);
      if (instruction.operator === 'add') continue;
      return false;
    }
    if (instruction.kind === 'load' && instruction.dst === register) return instruction.size === 8;
    if (instruction.kind === 'lddw' && instruction.dst === register) return instruction.source !== 'immediate';
  }
  return true;
}

/** Bytes from a pointer to the end of what it points into, where that is the same in every state. */
function roomBehind(site: Site, values: readonly (Value | undefined)[]): number | undefined {
  const rooms = new Set(
    values.map((value) => {
      const offset = value === undefined ? undefined : constantValue(value.range);
      const size = value === undefined ? undefined : sizeOf(site, value);
      return offset === undefined || size === undefined ? undefined : size - Number(offset);
    }),
  );
  return rooms.size === 1 ? [...rooms][0] : undefined;
}

/** Offset at which what a value points into ends; frames end where r10 points to. */
function sizeOf(site: Site, value: Value): number | undefined {
  if (value.kind === 'stack') return 0;
  if (value.kind === 'map_value') return site.machine.map(value.tag)?.valueSize;
  return value.kind === 'memory' ? site.machine.memory(value.tag).size : undefined;
}

/** The expressions that index on a line of C, in the order in which they stand: `i * 2` of `v->t[i * 2]`. */
function indexTexts(site: Site): readonly string[] {
  // `buffer + pos` as an argument of a helper.
  const added = /\+\s*([A-Za-z_]\w*)$/.exec(site.argument(site.register ?? 0) ?? '')?.[1];
  return added === undefined ? bracketed(site.line) : [added];
}

const VARIABLE = /^[A-Za-z_][\w.>-]*$/;

/** How C calls the index number `place` from the last; a variable has to be made of one that is more than a name. */
function spelledIndex(site: Site, place: number, of: number): { readonly name: string; readonly given: boolean; readonly before: readonly string[] } {
  const texts = indexTexts(site);
  const text = of === 1 && texts.length === 1 ? texts[0] : texts.length === of ? texts.at(-1 - place) : texts.find((each) => VARIABLE.test(each));
  if (text === undefined) return { name: 'index', given: false, before: [] };
  return VARIABLE.test(text) ? { name: text, given: true, before: [] } : { name: 'index', given: true, before: [`__u64 index = ${text};`] };
}

/** A bound on an index: a comparison that leaves, or a mask that wraps. */
export function* indexChecks(site: Site): Generator<Proposal> {
  const address = addressOf(site);
  const { width } = site.finding.details;
  if (address === undefined || typeof width !== 'number') return;
  const room = roomBehind(site, site.valuesAt(address.base.at, address.base.register));
  if (room === undefined) return;
  for (const [place, indexing] of address.indexes.entries()) {
    const others = address.indexes.filter((each) => each !== indexing).map((each) => largest(site, each));
    if (others.includes(undefined)) continue;
    const most = others.reduce<number>((rest, other) => rest - other!, room - address.distance - width);
    if (most >= 0) yield* boundsOn(site, indexing, most, spelledIndex(site, place, address.indexes.length));
  }
}

/** The most bytes that an index adds, where the verifier bounds it. */
function largest(site: Site, { at, index }: Indexing): number | undefined {
  const values = site.valuesAt(at, index);
  if (values.length === 0 || values.some((value) => value?.kind !== 'number' || value.range.smin < 0 || value.range.smax > MAX_ROOM))
    return undefined;
  return Math.max(...values.map((value) => Number(value!.range.smax)));
}

/** Bytes of the largest region that an index is bounded in. */
const MAX_ROOM = 0x4000_0000;

function* boundsOn(site: Site, { at, index, scale }: Indexing, most: number, spelled: ReturnType<typeof spelledIndex>): Generator<Proposal> {
  const { name, given, before } = spelled;
  const elements = Math.floor(most / scale);
  const unit = !given || scale === 1 ? '' : ` (${elements * scale} bytes)`;
  yield {
    pattern: 'index_check',
    title: `Leave when ${name} is ${site.failure.id === SIGNED ? 'negative or ' : ''}above ${elements}${unit}`,
    edits: [{ at, insert: unless(site, index, 'le', most) }],
    c: [...before, ...guardLines(site, { at, index }, name, elements)],
    effect: `An index out of range ${endingWords(site.leaving)}; those in range do what they did.`,
    changesBehaviour: false,
  };
  if (((most + 1) & most) === 0 && most > 0 && (most + 1) % scale === 0) {
    yield {
      pattern: 'index_mask',
      title: `Mask ${name} with ${elements}`,
      edits: [{ at, insert: [{ kind: 'binary', operator: 'and', width: 64, dst: index, source: { kind: 'immediate', value: most } }] }],
      c: [...before, `${name} &= ${elements};`],
      effect: 'An index out of range wraps around to one in range instead of ending the program.',
      changesBehaviour: false,
    };
  }
  yield* widerCompare(site, at, index, name);
}

/** The cause of an index that passed a comparison of signed numbers by being negative. */
const SIGNED = 'MAP-04';

/** The guard in C. Where the compiler took a check of the source away from the access, one more of the same kind would share its fate. */
function guardLines(site: Site, { at, index }: Pick<Indexing, 'at' | 'index'>, name: string, most: number): readonly string[] {
  if (loweringOf(site) !== undefined)
    return [`__u64 checked = ${name};   /* and index with it */`, 'asm volatile("" : "+r"(checked));', `if (checked > ${most}) ${returnLine(site)}`];
  if (site.failure.id === SIGNED) return [`if (${name} < 0 || ${name} > ${most}) ${returnLine(site)}`];
  const mayBeNegative = site.valuesAt(at, index).some((value) => value?.kind !== 'number' || value.range.smin < 0);
  return [`if (${mayBeNegative ? '(__u64)' : ''}${name} > ${most}) ${returnLine(site)}`];
}

/** A 32-bit comparison that was meant for the whole register. */
function* widerCompare(site: Site, at: number, index: Register, name: string): Generator<Proposal> {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind === 'branch' && instruction.width === 32 && instruction.dst === index) {
      yield {
        pattern: 'wide_compare',
        title: `Make the comparison at instruction ${slot} a 64-bit one`,
        edits: [{ at: slot, replace: { ...instruction, width: 64 } }],
        c: [`__u64 ${name};  /* and asm volatile("" : "+r"(${name})); before the test */`],
        effect: 'Numbers whose low half alone is in range are refused as well.',
        changesBehaviour: false,
      };
    }
    if ('dst' in instruction && instruction.dst === index && instruction.kind !== 'branch' && instruction.kind !== 'store') return;
  }
}

/** The call as the line has it, with another size. */
function callWith(site: Site, name: string, size: Register, room: number): string {
  const texts = argumentsOf(site.line, name);
  if (texts === undefined) return `${name}(... ${room} ...);   /* or sizeof the buffer */`;
  const buffer = texts[size - 2]!.replace(/^(?:\([^()]*\)\s*)*&?/, '');
  // An array or a variable of the frame, or a member: sizeof tells how large it is. Of a pointer it would not.
  const isWhole = /(?:->|\.)\w+$/.test(buffer) || (/^\w+$/.test(buffer) && site.value(size - 1)?.kind === 'stack');
  return `${name}(${texts.with(size - 1, isWhole ? `sizeof(${buffer})` : `${room}`).join(', ')});`;
}

/** A size argument in range. */
export function* sizeChecks(site: Site): Generator<Proposal> {
  const { register, pc } = site;
  if (register === undefined || site.instruction.kind !== 'call') return;
  const prototype = site.machine.findHelper(site.instruction.helper);
  const sizes = new Set(['size', 'size_or_zero']);
  const at = sizes.has(prototype?.arguments[register - 1]?.kind ?? '')
    ? register
    : sizes.has(prototype?.arguments[register]?.kind ?? '')
      ? register + 1
      : undefined;
  if (prototype === undefined || at === undefined) return;
  const room = roomBehind(site, [site.value(at - 1)]);
  const size = at as Register;
  const passed = site.value(size);
  const zero = prototype.arguments[at - 1]!.kind === 'size' && !(passed?.kind === 'number' && passed.range.umin > 0);
  const nonzero = zero ? unless(site, size, 'ne', 0) : [];
  const name = /^\w+$/.exec(site.argument(at) ?? '')?.[0] ?? 'size';
  const shown = name === 'size' ? 'the size' : name;
  const effect = `A size out of range ${endingWords(site.leaving)}.`;
  if (room !== undefined && room <= 0) return;
  if (room !== undefined && passed?.kind === 'number' && constantValue(passed.range) !== undefined) {
    yield {
      pattern: 'size_check',
      title: `Pass ${room} as argument ${size}, the size of the buffer`,
      edits: [{ at: pc, insert: [set(size, room)] }],
      c: [callWith(site, prototype.name, size, room)],
      effect: `The helper touches no more than the buffer. Or make the buffer ${constantValue(passed.range)} bytes long.`,
      changesBehaviour: false,
    };
    return;
  }
  if (zero) {
    yield {
      pattern: 'size_check',
      title: `Leave when ${shown} is 0`,
      edits: [{ at: pc, insert: nonzero }],
      c: [`if (${name} == 0) ${returnLine(site)}`],
      effect,
      changesBehaviour: false,
    };
  }
  if (room === undefined) return;
  yield {
    pattern: 'size_check',
    title: `Leave when ${shown} is ${zero ? '0 or ' : ''}above ${room}`,
    edits: [{ at: pc, insert: [...nonzero, ...unless(site, size, 'le', room)] }],
    c: [`if (${zero ? `${name} == 0 || ` : ''}(__u64)${name} > ${room}) ${returnLine(site)}`],
    effect,
    changesBehaviour: false,
  };
}

/** A divisor that is not 0. */
export function* divisorChecks(site: Site): Generator<Proposal> {
  const { register, pc, instruction } = site;
  if (register === undefined || instruction.kind !== 'binary') return;
  yield {
    pattern: 'divisor_check',
    title: `Leave when the divisor is 0`,
    edits: [{ at: pc, insert: unless(site, register, 'ne', 0, instruction.width) }],
    c: [`if (divisor == 0) ${returnLine(site)}`],
    effect: `A divisor of 0 ${endingWords(site.leaving)}, where it gave 0 before.`,
    changesBehaviour: true,
  };
}
