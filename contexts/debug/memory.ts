import { extentOf, knownByte, type MemoryPlace, namedPlace, placeWords } from '../../src/explain/memory.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { debuggerOf } from './debugger.ts';
import { count as counted } from './render.ts';

interface Dump {
  readonly pc: number;
  readonly place: string;
  readonly offset: number;
  /** Null where a byte could be any. */
  readonly bytes: readonly (number | null)[];
  /** Bytes behind the last one shown; of the packet nobody knows how many there are. */
  readonly more: number;
}

const ROW = 16;
const DEFAULT_BYTES = 64;
const MOST_BYTES = 65_536;

export const command = defineCommand({
  tags: [
    {
      name: 'place',
      type: 'string',
      required: true,
      help: 'A register that points there (r2), a stack byte (fp-16), packet, ctx, or the name of a map for its values.',
    },
    { name: 'count', type: 'integer', help: `How many bytes.\nThe default is what there is, at most ${DEFAULT_BYTES}.` },
  ],
  remarks:
    'Two hexadecimal digits for a byte that the verifier knows: of constants on the stack and of read-only data. ?? for one that could be any, or was never written.',
  examples: ['memory fp-16', 'memory r2 8', 'memory .rodata 32'],
  run({ place, count }, { state }) {
    const { session } = debuggerOf(state);
    return dump(session, placeNamed(session, place), count);
  },
  text: dumpText,
  json: ({ pc, place, offset, bytes }) => ({ schema: 1, instruction: pc, place, offset, bytes }),
});

/** @throws CommandError where the words name no memory. */
function placeNamed({ machine, state }: DebugSession, words: string): MemoryPlace {
  const found = namedPlace(machine, state, words) ?? namedPlace(machine, state, `map ${words}`);
  if (found === undefined) throw new CommandError('debug', `"${words}" leads to no memory whose place is known here.`);
  return found;
}

function dump({ machine, state, pc }: DebugSession, place: MemoryPlace, wanted: number | undefined): Dump {
  const extent = extentOf(machine, state, place.region);
  const inside = extent !== undefined && place.offset >= extent.start && place.offset < extent.end;
  if (!inside) throw new CommandError('debug', `${placeWords(machine, place)} lies outside its memory.`);
  const room = extent.end - place.offset;
  const length = Math.max(0, Math.min(room, wanted ?? DEFAULT_BYTES, MOST_BYTES));
  const bytes = Array.from({ length }, (_, index) => knownByte(machine, state, place.region, place.offset + index) ?? null);
  const more = place.region.kind === 'packet' ? 0 : room - length;
  return { pc, place: placeWords(machine, place), offset: place.offset, bytes, more };
}

function dumpText({ pc, place, offset, bytes, more }: Dump): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const part = bytes.slice(at, at + ROW);
    const digits = part.map((byte) => byte?.toString(16).padStart(2, '0') ?? '??');
    const groups = [digits.slice(0, ROW / 2).join(' '), digits.slice(ROW / 2).join(' ')].join('  ');
    rows.push(`${String(offset + at).padStart(8)}  ${groups.padEnd(ROW * 3 + 1)} ${part.map(letter).join('')}`.trimEnd());
  }
  const known = bytes.filter((byte) => byte !== null).length;
  const behind = more === 0 ? '' : `, ${counted(more, 'more follows', 'more follow')}`;
  return `${place}, before instruction ${pc}:\n${rows.join('\n')}\n${counted(bytes.length, 'byte', 'bytes')}, ${known} known${behind}.\n`;
}

function letter(byte: number | null): string {
  if (byte === null) return '?';
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}
