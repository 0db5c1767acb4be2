/** A message reduced to what stays the same when numbers, registers and names change. */
export interface Normalised {
  /** Words in order; numbers are `#`, registers `rn`. */
  readonly words: readonly string[];
  /** What the numbers and registers said: "proved some", "kept register", "one byte". Weak evidence. */
  readonly features: ReadonlySet<string>;
}

/** Most lines of a log that are looked at; the reason stands at its end, or after "Verification failed". */
const MAX_LINES = 40;
const MAX_LENGTH = 4000;

/**
 * Reduces a pasted message: one line, several joined by ` / `, or the end of a kernel log. Instruction, source and state lines are left out,
 * as are the causal path and the excerpts in a report of Linux 7.3.
 */
export function normalise(text: string): Normalised {
  const kept = significantLines(text).join(' \n ').slice(-MAX_LENGTH).toLowerCase();
  return { words: wordsOf(kept), features: featuresOf(kept) };
}

/** "12: (79) r0 = ...", "; source @ file:3", "from 3 to 7: R0=...", "processed 12 insns ...", "3: R1=ctx()". */
const NOISE = [
  /^\d+: \([0-9a-f]{2}\)/i,
  /^;/,
  /^from \d+ to \d+:/i,
  /^processed \d+ insns/i,
  /^\d+: r\d+(_w)?=/i,
  /^(verification time|stack depth) /i,
];
/** Sections of a report that repeat code. */
const CODE_SECTION = /^(at|causal path|active lock|instruction context):$/i;
const TEXT_SECTION = /^(reason|suggestion):$/i;

function significantLines(text: string): readonly string[] {
  const lines = text
    .split(/\r?\n| \/ /)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const kept: string[] = [];
  let inCode = false;
  for (const line of lines) {
    if (CODE_SECTION.test(line)) inCode = true;
    else if (TEXT_SECTION.test(line) || /^verification failed:/i.test(line)) inCode = false;
    if (inCode || TEXT_SECTION.test(line) || NOISE.some((pattern) => pattern.test(line))) continue;
    kept.push(line);
  }
  // A log of nothing but instructions still says something by its words.
  return (kept.length > 0 ? kept : lines).slice(-MAX_LINES);
}

function wordsOf(text: string): readonly string[] {
  return (
    text
      // What is in front of a message: "12:", "8/10:", "error:", "Verification failed:".
      .replace(/^(\d+(\/\d+)*( \(counter\))?:|error:|verification failed:)\s*/gm, '')
      .replace(/\.offset[+-]\d+/g, '.offset')
      .replace(/\b[rw](\d{1,2})\b(?!_)/g, 'rn')
      .replace(/\b\w+#\d+\b/g, 'named')
      .replace(/\bbpf_(?!exit|atomic|ld_|alu|context|loop|spin_lock-ed|rcu_read_lock-ed)\w+/g, 'named')
      .replace(/0x[0-9a-f]+|-?\b\d+\b/g, '#')
      .split(/[^a-z0-9_#!&|+*<>=-]+/)
      .flatMap((word) => (word.includes('=') ? word.split(/(?<=[a-z_])=(?=[a-z#])/) : [word]))
      .map((word) => word.replace(/^[-=+*|&]+$/, ''))
      .filter((word) => word !== '' && word !== '-')
  );
}

type Feature = readonly [pattern: RegExp, feature: (match: RegExpExecArray) => string | undefined];

/** Clues in the numbers. Each is a weak hint that orders entries with the same words. */
const FEATURES: readonly Feature[] = [
  // PREVAIL: a constant displacement is a field of a struct; none, in a loop over bytes, is a pointer that moves.
  [/valid_access\(r\d+\.offset([+-]\d+)?,/, (match) => (match[1] === undefined ? 'no displacement' : 'displacement')],
  [/width=(\d+)\)/, (match) => (match[1] === '1' ? 'one byte' : 'several bytes')],
  [/width=r\d+/, () => 'variable width'],
  [/\) for (read|write)/, (match) => `for ${match[1]}`],
  [/^\d+(\/\d+)+:/m, () => 'in a called function'],
  // Linux: what was proved of the packet, and whether something variable was added.
  [/\br=(\d+)\)/, (match) => (match[1] === '0' ? 'nothing proved' : 'some proved')],
  [/\(id=(\d+),/, (match) => (match[1] === '0' ? 'nothing added' : 'variable added')],
  [/,off=(\d+),r=/, (match) => (match[1] === '0' ? 'at zero' : 'further on')],
  [/value_size=(\d+) off=(\d+)/, (match) => valueOffset(Number(match[1]), Number(match[2]))],
  [/stack r10\b/, () => 'frame pointer'],
  [/off=-(\d+) size=(\d+)/, (match) => (Number(match[2]) > Number(match[1]) ? 'past the top' : 'below')],
  [/off -\d+\+\d+ size/, () => 'bytes of the stack'],
  // Registers: r0 is the result, r1 to r5 are lost in calls, r6 to r9 survive them.
  [/\br(\d+)(\.type| !read_ok)/, (match) => registerClass(Number(match[1]))],
];

function valueOffset(size: number, offset: number): string {
  if (offset === size) return 'just past the end';
  return offset > size && (offset & (offset + 1)) === 0 ? 'end of a mask' : 'elsewhere';
}

function registerClass(register: number): string {
  if (register === 0) return 'result register';
  return register <= 5 ? 'scratch register' : register === 10 ? 'frame register' : 'kept register';
}

function featuresOf(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [pattern, feature] of FEATURES) {
    const match = pattern.exec(text);
    const name = match === null ? undefined : feature(match);
    if (name !== undefined) found.add(name);
  }
  return found;
}
