import { extentOf, knownByte, type MemoryPlace, type Region } from '../../src/explain/memory.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { EncodeError, encode } from '../../src/isa/encode.ts';
import { RequestError } from './arguments.ts';

/** Bytes of one instruction slot. */
export const SLOT = 8;
/** Where slot 0 lies for the other side, so that what a view shows before the program has an address, too. */
export const CODE = 0x1000_0000;
/** Where the frame pointer of the program's own function stands, and how far those of the functions it calls are apart. */
const FRAMES = 0x2001_0000;
const FRAME_DISTANCE = 0x1_0000;
const PACKET = 0x3000_0000;
const CONTEXT = 0x4000_0000;
/** Values of map 0, of the next one, and of inner maps. */
const MAPS = 0x1_0000_0000;
const INNER_MAPS = 0x8000_0000_0000;
/** Bytes read in one request at most. */
const MOST_BYTES = 1 << 20;

export function addressOf(slot: number): string {
  return hexadecimal(CODE + slot * SLOT);
}

function hexadecimal(address: number): string {
  return `0x${address.toString(16)}`;
}

/** @throws RequestError where the words are no address. */
function parseAddress(words: string): number {
  if (!/^(?:0x[\da-f]{1,12}|\d{1,15})$/i.test(words)) throw new RequestError(`"${words}" is no address.`);
  return Number(words);
}

/** The slot that an address names. @throws RequestError where it lies outside every program. */
export function slotOf(words: string, offset = 0): number {
  const slot = (parseAddress(words) + offset - CODE) / SLOT;
  if (!Number.isInteger(slot)) throw new RequestError(`"${words}" is no address of an instruction.`);
  return slot;
}

/** The address of a place, for `memoryReference`. */
export function referenceTo({ region, offset }: MemoryPlace): string {
  return hexadecimal(baseOf(region) + offset);
}

function baseOf(region: Region): number {
  if (region.kind === 'stack') return FRAMES + region.frame * FRAME_DISTANCE;
  if (region.kind === 'packet') return PACKET;
  if (region.kind === 'context') return CONTEXT;
  return region.map >= 0 ? (region.map + 1) * MAPS : INNER_MAPS + (-1 - region.map) * MAPS;
}

/** A stretch of addresses, what each byte of it is (undefined: it could be any), and where it begins. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  byte(address: number): number | undefined;
}

/** The program's own bytes, after linking; none where an instruction has no encoding. */
export function encodedBytes({ program, machine }: DebugSession): Uint8Array {
  try {
    return encode(program.instructions, machine.rules.bigEndian ? 'big' : 'little');
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    return new Uint8Array();
  }
}

/** Everything that has addresses now. */
function* stretches(session: DebugSession): Generator<Stretch> {
  const { machine, state, program } = session;
  let text: Uint8Array | undefined;
  yield {
    start: CODE,
    end: CODE + program.instructions.length * SLOT,
    byte(address) {
      text ??= encodedBytes(session);
      return text[address - CODE];
    },
  };
  const regions: readonly Region[] = [
    ...state.frames.map((_, frame) => ({ kind: 'stack', frame }) as const),
    { kind: 'packet' },
    { kind: 'context' },
    ...machine.maps.flatMap(({ index }): Region[] => [
      { kind: 'map', map: index },
      { kind: 'map', map: -1 - index },
    ]),
  ];
  for (const region of regions) {
    const extent = extentOf(machine, state, region);
    const base = baseOf(region);
    if (extent === undefined) continue;
    yield { start: base + extent.start, end: base + extent.end, byte: (address) => knownByte(machine, state, region, address - base) };
  }
}

/**
 * `ReadMemoryResponse`: the bytes up to the first that the verifier does not know. Everything behind that is called unreadable, for editors show what
 * is neither readable nor unreadable as zeros, and a zero would be a claim.
 *
 * @throws RequestError for words that are no address, and where nothing lies there.
 */
export function readMemory(session: DebugSession, reference: string, offset: number, count: number) {
  if (count < 0 || count > MOST_BYTES) throw new RequestError(`Between 0 and ${MOST_BYTES} bytes can be read.`);
  const address = parseAddress(reference) + offset;
  let found: Stretch | undefined;
  for (const stretch of stretches(session)) if (address >= stretch.start && address < stretch.end) found = stretch;
  if (found === undefined) throw new RequestError(`Nothing lies at ${hexadecimal(Math.max(0, address))}.`);
  const length = Math.min(count, found.end - address);
  const bytes: number[] = [];
  for (let at = 0; at < length; at++) {
    const byte = found.byte(address + at);
    if (byte === undefined) break;
    bytes.push(byte);
  }
  const unknown = length - bytes.length;
  return { address: hexadecimal(address), data: Buffer.from(bytes).toString('base64'), ...(unknown === 0 ? {} : { unreadableBytes: unknown }) };
}
