/** The peer's notation for what is known of a program state, as values. Written from the notation's description, readable and printed forms alike. */

/** A quantity that lines speak of. */
export type Variable =
  | { readonly of: 'register'; readonly register: number; readonly kind: string }
  /** Stack bytes first..last by absolute offset, both inclusive. */
  | { readonly of: 'stack'; readonly first: number; readonly last: number; readonly kind: string }
  | { readonly of: 'packet_size' }
  | { readonly of: 'meta_offset' }
  /** How often the loop at a label was entered. */
  | { readonly of: 'counter'; readonly label: string };

/** What has a type: a register or stack bytes. */
export type Place = { readonly of: 'register'; readonly register: number } | { readonly of: 'stack'; readonly first: number; readonly last: number };

export type Constraint =
  | { readonly form: 'bottom' }
  | { readonly form: 'type'; readonly place: Place; readonly types: readonly string[] }
  | { readonly form: 'same_type'; readonly place: Place; readonly other: Place }
  /** Bounds are inclusive; undefined: none. */
  | { readonly form: 'interval'; readonly variable: Variable; readonly low: bigint | undefined; readonly high: bigint | undefined }
  /** variable = other + offset. */
  | { readonly form: 'equal'; readonly variable: Variable; readonly other: Variable; readonly offset: bigint }
  /** variable - other <= bound. */
  | { readonly form: 'difference'; readonly variable: Variable; readonly other: Variable; readonly bound: bigint };

const PLACE = String.raw`r(?:10|\d)|s\[\d+(?:\.\.\.\d+)?\]`;
const VARIABLE = String.raw`(?:${PLACE})\.[a-z_]+|packet_size|meta_offset|pc\[[^\]]+\]`;
const INTEGER = String.raw`[-+]?\d+`;

const BOTTOM = /^_\|_$/;
const TYPE = new RegExp(`^(${PLACE})\\.type=([a-z_]+)$`);
const TYPE_SET = new RegExp(`^(${PLACE})\\.type in \\{([^}]*)\\}$`);
const SAME_TYPE = new RegExp(`^(${PLACE})\\.type=(${PLACE})\\.type$`);
const SINGLETON = new RegExp(`^(${VARIABLE})=(${INTEGER})$`);
const INTERVAL = new RegExp(`^(${VARIABLE})=\\[\\s*(${INTEGER}|-oo)\\s*,\\s*(${INTEGER}|\\+oo)\\s*\\]$`);
const EQUAL = new RegExp(`^(${VARIABLE})=(${VARIABLE})([-+]\\d+)?$`);
const DIFFERENCE = new RegExp(`^(${VARIABLE})-(${VARIABLE})<=(${INTEGER})$`);

function parsePlace(text: string): Place {
  if (text.startsWith('r')) return { of: 'register', register: Number(text.slice(1)) };
  const [first = 0, last = first] = text.slice(2, -1).split('...').map(Number);
  return { of: 'stack', first, last };
}

function parseVariable(text: string): Variable {
  if (text === 'packet_size' || text === 'meta_offset') return { of: text };
  if (text.startsWith('pc[')) return { of: 'counter', label: text.slice(3, -1) };
  const dot = text.lastIndexOf('.');
  return { ...parsePlace(text.slice(0, dot)), kind: text.slice(dot + 1) };
}

const bound = (text: string): bigint | undefined => (text.endsWith('oo') ? undefined : BigInt(text.replace('+', '')));

/** Parses one line. Throws Error with the line where it is none. */
export function parseConstraint(line: string): Constraint {
  const text = line.trim();
  if (BOTTOM.test(text)) return { form: 'bottom' };
  let match = SAME_TYPE.exec(text);
  if (match !== null) return { form: 'same_type', place: parsePlace(match[1]!), other: parsePlace(match[2]!) };
  match = TYPE.exec(text);
  if (match !== null) return { form: 'type', place: parsePlace(match[1]!), types: [match[2]!] };
  match = TYPE_SET.exec(text);
  if (match !== null) return { form: 'type', place: parsePlace(match[1]!), types: match[2]!.split(',').map((type) => type.trim()) };
  match = SINGLETON.exec(text);
  if (match !== null) return { form: 'interval', variable: parseVariable(match[1]!), low: bound(match[2]!), high: bound(match[2]!) };
  match = INTERVAL.exec(text);
  if (match !== null) return { form: 'interval', variable: parseVariable(match[1]!), low: bound(match[2]!), high: bound(match[3]!) };
  match = DIFFERENCE.exec(text);
  if (match !== null) return { form: 'difference', variable: parseVariable(match[1]!), other: parseVariable(match[2]!), bound: BigInt(match[3]!) };
  match = EQUAL.exec(text);
  if (match !== null) return { form: 'equal', variable: parseVariable(match[1]!), other: parseVariable(match[2]!), offset: bound(match[3] ?? '0')! };
  throw new Error(`no constraint: ${line}`);
}
