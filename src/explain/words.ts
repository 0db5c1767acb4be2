import { provedBytes } from '../verifier/describe.ts';
import type { Machine } from '../verifier/machine.ts';
import { constantValue, format, type Int, type Scalar, TOP } from '../verifier/number/index.ts';
import type { State } from '../verifier/state.ts';
import { DYNPTR, META_OFFSET, PACKET_SIZE, type Value, ZERO } from '../verifier/value.ts';

const U32_MAX = 0xffff_ffff;
/** Bounds beyond this size say nothing to a person. */
const HUGE = 2n ** 47n;
/** Larger factors are said as their known low bits, where at all. */
const LARGEST_FACTOR = 65536n;

/** A set of numbers in words: `17`, `0..63`, `at least 5`, `0..252, a multiple of 4`, `any number`. */
export function numberWords(scalar: Scalar): string {
  const constant = constantValue(scalar);
  if (constant !== undefined) return `${constant}`;
  if (scalar === TOP) return 'any number';
  const range = rangeOf(scalar);
  const extra = extraWords(scalar);
  if (range === undefined) return extra === '' ? 'any number' : extra;
  return extra === '' ? range : `${range}, ${extra}`;
}

/** A range of distances or sizes in words. */
export function spanWords(min: Int, max: Int): string {
  if (min === max) return `${min}`;
  if (BigInt(min) < -HUGE) return BigInt(max) > HUGE ? 'anything' : `at most ${max}`;
  return BigInt(max) > HUGE ? `at least ${min}` : `${min}..${max}`;
}

function rangeOf(scalar: Scalar): string | undefined {
  const { smin, smax, umin, umax } = scalar;
  if (umin === 0 && umax === U32_MAX) return 'any 32-bit number';
  const signed = BigInt(smax) - BigInt(smin);
  const unsigned = BigInt(umax) - BigInt(umin);
  if (unsigned < signed && BigInt(umax) <= HUGE) return `${umin}..${umax}`;
  const low = BigInt(smin) < -HUGE;
  const high = BigInt(smax) > HUGE;
  if (!low && !high) return `${smin}..${smax}`;
  if (low && high) return umin === 0 ? undefined : umin === 1 ? 'any number but 0' : `unsigned at least ${umin}`;
  return low ? `at most ${smax}` : `at least ${smin}`;
}

/** What the range does not say: the factor that all values share, and the low half where only that is bounded. */
function extraWords(scalar: Scalar): string {
  const words: string[] = [];
  const factor = /multiple of (\d+)/.exec(format(scalar));
  if (factor !== null && BigInt(factor[1]!) <= LARGEST_FACTOR) words.push(`a multiple of ${factor[1]}`);
  const bounded = scalar.u32min > 0 || scalar.u32max < U32_MAX;
  if (bounded && BigInt(scalar.umax) > BigInt(U32_MAX) && BigInt(scalar.smax) - BigInt(scalar.smin) > HUGE)
    words.push(`low 32 bits ${spanWords(scalar.u32min, scalar.u32max)}`);
  return words.join(', ');
}

/** ` + 14`, ` + (0..60)`, ` - 8`: a distance from the start of a region. */
function distance(value: Value): string {
  const constant = constantValue(value.range);
  if (constant === undefined) return ` + (${spanWords(value.range.smin, value.range.smax)})`;
  return constant < 0 ? ` - ${-BigInt(constant)}` : ` + ${constant}`;
}

/** `fp-8`; variable distances as `fp+(-16..-1)`. */
export function framePlace(value: Value): string {
  const constant = constantValue(value.range);
  if (constant === undefined) return `fp+(${spanWords(value.range.smin, value.range.smax)})`;
  return constant === 0 ? 'fp' : constant < 0 ? `fp${constant}` : `fp+${constant}`;
}

const INVALID_WORDS: Record<NonNullable<Value['reason']>, string> = {
  clobbered: 'destroyed by a call',
  stale_packet: 'packet pointer from before the packet moved',
  released: 'released',
  frame_gone: 'address in a frame that is gone',
  mixed: 'different things on different paths',
};

type Word = (machine: Machine, value: Value, state: State) => string;

const WORDS: Record<Value['kind'], Word> = {
  number: (_, value) => (value.symbol === PACKET_SIZE && value.offset === 0 ? 'length of the packet' : numberWords(value.range)),
  ctx: (_, value) => `context${distance(value)}`,
  stack: (_, value, state) =>
    value.tag === state.frames.length - 1 ? `address of ${framePlace(value)}` : `address of ${framePlace(value)} in a caller's frame`,
  packet(_, value, state) {
    if (value.symbol === PACKET_SIZE)
      return `end of the packet${value.offset === 0 ? '' : ` ${value.offset < 0 ? '-' : '+'} ${value.offset < 0 ? -BigInt(value.offset) : value.offset}`}`;
    if (value.symbol === META_OFFSET) return `packet metadata${value.offset === 0 ? '' : ` + ${value.offset}`}`;
    return `packet${distance(value)}, ${provedBytes(state, value)}`;
  },
  map_value(machine, value) {
    const map = machine.map(value.tag);
    const inner = value.tag < 0 ? 'an inner map like ' : '';
    return `value of map ${inner}${map?.name}${distance(value)} of ${map?.valueSize} bytes`;
  },
  map: (machine, value) => (value.tag < 0 ? `inner map like ${machine.map(value.tag)?.name}` : `map ${machine.map(value.tag)?.name}`),
  memory(machine, value) {
    const { size, readOnly, name } = machine.memory(value.tag);
    return `${name === undefined ? 'record' : `struct ${name}`}${distance(value)} of ${size} bytes${readOnly ? ', read-only' : ''}`;
  },
  socket: () => 'socket',
  btf: (_, value) => (value.tag === DYNPTR ? 'dynptr of the host' : 'kernel object'),
  object: (machine, value) => machine.objectName(value.tag),
  code: (machine, value) => `function ${machine.program.functions.find((range) => range.start === value.tag)?.name ?? `at instruction ${value.tag}`}`,
  any: () => 'a number on one path, a pointer on another',
  invalid: (_, value) => INVALID_WORDS[value.reason ?? 'mixed'],
};

/** A value in words: `packet + 0, 14 bytes proved`, `value of map m + 0 of 8 bytes, may be null`, `0..63`. */
export function valueWords(machine: Machine, value: Value, state: State): string {
  const words = WORDS[value.kind](machine, value, state);
  return value.nullable ? `${words}, may be null` : words;
}

/** Whether the value is the whole of what it names: nothing is known of it beyond that. */
export function isUnknown(value: Value): boolean {
  return value.kind === 'invalid' || value.kind === 'any' || (value.kind === 'number' && value.range === TOP && value.symbol !== ZERO);
}
