import { spanWords } from '../words.ts';

/** The attributes of `scalar(id=1,smin=0,umax=63,var_off=(0x0; 0x3f))`; several may share one number: `smax=umax=63`. */
function attributesOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  // Commas inside inner brackets belong to their attribute.
  for (const part of text.match(/(?:[^,(]|\([^)]*\))+/g) ?? []) {
    const words = part.split('=');
    const value = words.pop()!;
    for (const name of words) found.set(name.trim(), value);
  }
  return found;
}

function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^-?(?:0x[\da-f]+|\d+)$/i.test(text)) return undefined;
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

const SIGNED_MIN = -(2n ** 63n);
const SIGNED_MAX = 2n ** 63n - 1n;
const UNSIGNED_MAX = 2n ** 64n - 1n;

/** The narrower of the unsigned and the signed bounds; older kernels name them `umax_value`. */
function boundsOf(attributes: ReadonlyMap<string, string>): { readonly min: bigint; readonly max: bigint } {
  const get = (name: string) => integer(attributes.get(name)) ?? integer(attributes.get(`${name}_value`));
  const [umin, umax] = [get('umin') ?? 0n, get('umax') ?? UNSIGNED_MAX];
  const [smin, smax] = [get('smin') ?? SIGNED_MIN, get('smax') ?? SIGNED_MAX];
  return umax - umin <= smax - smin ? { min: umin, max: umax } : { min: smin, max: smax };
}

function numberWords(attributes: ReadonlyMap<string, string>): string {
  const { min, max } = boundsOf(attributes);
  if (min === 0n && max === 0xffff_ffffn) return 'any 32-bit number';
  return max - min === UNSIGNED_MAX ? 'any number' : spanWords(min, max);
}

/** ` + 14`, ` + (14..74)`: the fixed part of the offset is added to the variable one. */
function offsetWords(attributes: ReadonlyMap<string, string>): string {
  const fixed = integer(attributes.get('off')) ?? 0n;
  const variable = ['umax', 'umax_value', 'var_off', 'smin'].some((name) => attributes.has(name));
  if (!variable) return fixed < 0n ? ` - ${-fixed}` : ` + ${fixed}`;
  const { min, max } = boundsOf(attributes);
  return ` + (${spanWords(min + fixed, max + fixed)})`;
}

type Words = (attributes: ReadonlyMap<string, string>) => string;

const mapWords: Words = (attributes) => {
  const size = attributes.get('vs');
  return `value of map ${attributes.get('map') ?? ''}${offsetWords(attributes)}${size === undefined ? '' : ` of ${size} bytes`}`;
};

const recordWords: Words = (attributes) => `record${offsetWords(attributes)} of ${attributes.get('sz') ?? '?'} bytes`;

/** What the kernel calls a register's content, in the words that this debugger uses of its own. */
const KINDS: Readonly<Record<string, Words>> = {
  scalar: numberWords,
  Pscalar: numberWords,
  inv: numberWords,
  invP: numberWords,
  ctx: (attributes) => `context${offsetWords(attributes)}`,
  pkt: (attributes) => {
    const proved = (integer(attributes.get('r')) ?? 0n) - (integer(attributes.get('off')) ?? 0n);
    return `packet${offsetWords(attributes)}, ${proved > 0n ? proved : 0n} ${proved === 1n ? 'byte' : 'bytes'} proved`;
  },
  pkt_end: () => 'end of the packet',
  pkt_meta: () => 'packet metadata',
  map_ptr: (attributes) => `map ${attributes.get('map') ?? ''}`.trimEnd(),
  map_value: mapWords,
  ringbuf_mem: recordWords,
  mem: recordWords,
};

/** A register's content in the kernel's log, in plain words: `scalar(umax=63,...)` is `0..63`; what is not known is left as it is. */
export function kernelValueWords(text: string): string {
  const precise = text.replace(/^P(?=\d|-|scalar)/, '');
  const constant = integer(precise) ?? integer(/^(?:inv|scalar|Pscalar)P?(-?\d+)$/.exec(precise)?.[1]);
  if (constant !== undefined) return `${constant}`;
  if (/^fp(?:-\d+)?$/.test(precise)) return `address of ${precise}`;
  if (precise === 'fp0') return 'address of fp';
  const found = /^(\w+)(?:\((.*)\))?$/.exec(precise);
  if (found === null) return text;
  const kind = found[1]!.replace(/_or_null$/, '');
  const words = KINDS[kind];
  return words === undefined ? text : `${words(attributesOf(found[2] ?? ''))}${kind === found[1] ? '' : ', may be null'}`;
}
