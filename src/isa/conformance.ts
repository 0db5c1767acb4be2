import { decode } from './decode.ts';
import type { InstructionList } from './instruction.ts';
import { ParseError } from './parse.ts';
import { assemble } from './parse-conformance.ts';

/** One case of the public instruction-set conformance suite (`.data` file). */
export interface ConformanceCase {
  /** Program from `-- raw` or else `-- asm`. */
  readonly instructions: InstructionList;
  /** Bytes of `-- mem`: r1 points to them and r2 is their number; both 0 where absent. */
  readonly memory: Uint8Array | undefined;
  /** r0 at exit, unsigned 64 bits. */
  readonly result: bigint | undefined;
  /** The exact error; the empty string where any refusal will do. */
  readonly error: string | undefined;
}

type Section = 'asm' | 'result' | 'mem' | 'raw' | 'error' | 'ignored';

/** A directive is any line with `--` in it; the first of these words that occurs in the line names the section. */
const DIRECTIVES: readonly (readonly [word: string, section: Section])[] = [
  ['asm', 'asm'],
  ['result', 'result'],
  ['mem', 'mem'],
  ['raw', 'raw'],
  ['no register offset', 'ignored'],
  [' c', 'ignored'],
  ['error', 'error'],
];

/** Reads hexadecimal bytes separated by any blanks, as the plugin protocol passes programs and memory. Throws ParseError. */
export function parseHexBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  // Runners separate bytes by blanks, line ends or commas, and some end what they write with a NUL.
  for (const word of text.split(/[\s,\0]+/)) {
    if (word === '') continue;
    const written = word.replace(/^0x/i, '');
    const digits = written.length === 1 ? `0${written}` : written;
    if (!/^([0-9a-f]{2})+$/i.test(digits)) throw new ParseError(word, 'hexadecimal bytes expected');
    for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16));
  }
  return Uint8Array.from(bytes);
}

/** Raw sections hold one u64 per slot (0x or decimal), or the two-digit hexadecimal bytes of the negative cases. */
function rawProgram(words: readonly string[]): InstructionList {
  if (words.every((word) => /^[0-9a-f]{2}$/i.test(word))) return decode(parseHexBytes(words.join(' ')), 'little');
  const bytes = new Uint8Array(words.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, number(word), true);
  return decode(bytes, 'little');
}

function number(word: string): bigint {
  if (!/^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(word)) throw new ParseError(word, 'number expected');
  return BigInt.asUintN(64, BigInt(word));
}

/** Parses a case. Throws ParseError where the text is malformed and DecodeError where `-- raw` holds no valid program. */
export function parseConformanceCase(text: string): ConformanceCase {
  const sections = new Map<Section, string[]>();
  let current: string[] | undefined;
  for (const [position, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trimEnd();
    if (line.includes('--')) {
      const section = DIRECTIVES.find(([word]) => line.includes(word))?.[1];
      if (section === undefined) throw new ParseError(line, 'unknown directive', position);
      current = [];
      sections.set(section, current);
    } else if (line.trim() !== '') current?.push(line.trim());
  }
  const rawWords = sections.get('raw')?.flatMap((line) => line.split(/\s+/));
  const assembly = sections.get('asm');
  if (rawWords === undefined && assembly === undefined) throw new ParseError('', 'a case needs -- asm or -- raw');
  const memory = sections.get('mem');
  const result = sections.get('result')?.at(-1);
  const error = sections.get('error');
  return {
    instructions: rawWords === undefined ? assemble((assembly ?? []).join('\n')) : rawProgram(rawWords),
    memory: memory === undefined ? undefined : parseHexBytes(memory.join(' ')),
    result: result === undefined ? undefined : number(result),
    error: error === undefined ? undefined : (error.at(-1) ?? ''),
  };
}
