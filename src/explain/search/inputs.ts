import type { ProgramType } from '../../platform/platform.ts';
import { FRAMES } from './frames.ts';
import { Random } from './random.ts';
import type { RunInput, RunnableProgram } from './runner.ts';

/** A comparison that a run made, of two numbers that differ: making them equal opens the other way. */
export interface Comparison {
  readonly left: bigint;
  readonly right: bigint;
}

const MAX_PACKET = 1600;
const EMPTY = new Uint8Array(0);

/** Makes inputs: fresh ones, and changed copies of those that came somewhere new. */
export class InputMaker {
  private readonly program: RunnableProgram;
  private readonly numbers: readonly bigint[];
  private readonly random: Random;
  /** Keys that programs looked up, by map index. */
  private readonly keys = new Map<number, Set<string>>();
  private readonly shared: boolean;
  private readonly usesPacket: boolean;
  private readonly hasMetadata: boolean;

  /** @param shared whether some inputs come with others who write to map values meanwhile. */
  constructor(program: RunnableProgram, numbers: readonly bigint[], seed: number, shared = false) {
    this.program = program;
    this.shared = shared;
    this.numbers = numbers;
    this.random = new Random(seed);
    const { fields } = program.programType.context;
    this.usesPacket = fields.some(({ kind }) => kind === 'packet') || program.programType.legacyPacketAccess === true;
    this.hasMetadata = fields.some(({ kind }) => kind === 'packet_meta');
    for (const [index, map] of program.maps.entries())
      if (map.data !== undefined && !map.readOnly) this.keys.set(index, new Set(['00'.repeat(map.keySize)]));
  }

  /** A key of a map that a run asked for: from now on inputs say what stands there. */
  noteKey(map: number, key: string): void {
    let keys = this.keys.get(map);
    if (keys === undefined) {
      keys = new Set();
      this.keys.set(map, keys);
    }
    if (keys.size < MAX_KEYS) keys.add(key);
  }

  fresh(): RunInput {
    const { random } = this;
    const metadata = this.hasMetadata && random.oneIn(2) ? this.bytes(4 * random.below(9)) : EMPTY;
    return {
      packet: this.usesPacket ? this.packet() : EMPTY,
      metadata,
      context: this.context(this.program.programType),
      maps: this.maps(),
      seed: random.word(),
      ...(this.shared && random.oneIn(2) ? { shared: true } : {}),
    };
  }

  /** A changed copy: what a comparison asked for, other numbers, another length, other helper results. */
  mutate(input: RunInput, comparisons: readonly Comparison[]): RunInput {
    const { random } = this;
    const changed = copyOf(input);
    for (let changes = 1 + random.below(3); changes > 0; changes--) {
      const comparison = random.oneIn(3) ? undefined : random.pick(comparisons);
      if (comparison !== undefined && this.satisfy(changed, comparison)) continue;
      const target = random.pick(targetsOf(changed));
      if (target !== undefined && target.length > 0 && !random.oneIn(4)) this.overwrite(target);
      else if (this.usesPacket && random.oneIn(2)) changed.packet = this.resize(changed.packet);
      else changed.seed = random.word();
    }
    return changed;
  }

  /** Writes one side of a comparison where the other stands in the input, in either byte order. */
  private satisfy(input: Changeable, { left, right }: Comparison): boolean {
    const { random } = this;
    const [from, to] = random.oneIn(2) ? [left, right] : [right, left];
    const wanted = random.oneIn(3) ? to + (random.oneIn(2) ? 1n : -1n) : to;
    const widths = WIDTHS.filter((width) => from < 1n << BigInt(8 * width));
    const start = random.below(widths.length || 1);
    for (let turn = 0; turn < widths.length; turn++) {
      const width = widths[(start + turn) % widths.length]!;
      for (const little of random.oneIn(2) ? [true, false] : [false, true]) {
        const places = targetsOf(input).flatMap((bytes) => find(bytes, encode(from, width, little)).map((at) => ({ bytes, at })));
        const place = random.pick(places);
        if (place === undefined) continue;
        place.bytes.set(encode(wanted, width, little), place.at);
        return true;
      }
    }
    return false;
  }

  private overwrite(bytes: Uint8Array): void {
    const { random } = this;
    const width = Math.min(random.pick(WIDTHS)!, bytes.length);
    const at = random.oneIn(3) ? random.below(bytes.length - width + 1) : Math.floor(random.below(bytes.length - width + 1) / width) * width;
    bytes.set(encode(this.number(), width, !random.oneIn(3)), at);
  }

  private number(): bigint {
    const { random } = this;
    switch (random.below(4)) {
      case 0:
        return BigInt(random.below(128));
      case 1:
        return (BigInt(random.word()) << 32n) | BigInt(random.word());
      default:
        return random.pick(this.numbers) ?? 0n;
    }
  }

  private resize(packet: Uint8Array): Uint8Array {
    const { random } = this;
    const length = this.length(packet.length);
    const bytes = new Uint8Array(length);
    bytes.set(packet.subarray(0, length));
    if (length > packet.length && random.oneIn(2)) for (let at = packet.length; at < length; at++) bytes[at] = random.word();
    return bytes;
  }

  private length(around: number): number {
    const { random } = this;
    const constant = random.pick(this.numbers)!;
    switch (random.below(5)) {
      case 0:
        return random.below(128);
      case 1:
        return Math.max(0, around - 1 - random.below(8));
      case 2:
        return constant <= BigInt(MAX_PACKET) ? Number(constant) : around;
      case 3:
        return Math.min(around, random.below(around + 1));
      default:
        return around + random.below(40);
    }
  }

  private packet(): Uint8Array {
    const { random } = this;
    if (random.oneIn(3)) return this.bytes(this.length(64));
    const frame = random.pick(FRAMES)!;
    if (random.oneIn(3)) return frame.slice();
    return this.resize(frame);
  }

  private context({ context }: ProgramType): Uint8Array {
    const bytes = new Uint8Array(context.size);
    for (let at = 0; at < bytes.length; at += 4) bytes.set(encode(this.number(), Math.min(4, bytes.length - at), true), at);
    return bytes;
  }

  private maps(): Map<number, Map<string, Uint8Array>> {
    const maps = new Map<number, Map<string, Uint8Array>>();
    for (const [index, keys] of this.keys) {
      const map = this.program.maps[index]!;
      const entries = new Map<string, Uint8Array>();
      for (const key of keys) {
        if (this.random.oneIn(3)) continue;
        const value = map.data !== undefined && this.random.oneIn(2) ? map.data.slice(0, map.valueSize) : this.bytes(map.valueSize);
        entries.set(key, value);
      }
      if (entries.size > 0) maps.set(index, entries);
    }
    return maps;
  }

  /** Words that guards are written for, and others. */
  private bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    if (this.random.oneIn(4)) return bytes;
    if (this.random.oneIn(8)) return bytes.fill(0x41 + this.random.below(26));
    for (let at = 0; at < length; ) {
      const width = Math.min(this.random.pick(WIDTHS)!, length - at);
      bytes.set(encode(this.random.oneIn(3) ? 0n : this.number(), width, true), at);
      at += width;
    }
    return bytes;
  }
}

const MAX_KEYS = 32;
const WIDTHS: readonly number[] = [4, 2, 1, 8];

interface Changeable {
  packet: Uint8Array;
  metadata: Uint8Array;
  context: Uint8Array;
  maps: Map<number, Map<string, Uint8Array>>;
  seed: number;
  readonly shared?: boolean;
}

/** A copy whose bytes may be changed. */
export function copyOf(input: RunInput): Changeable {
  const { shared } = input;
  const maps = new Map([...input.maps].map(([index, entries]) => [index, new Map([...entries].map(([key, value]) => [key, value.slice()]))]));
  return {
    packet: input.packet.slice(),
    metadata: input.metadata.slice(),
    context: input.context.slice(),
    maps,
    seed: input.seed,
    ...(shared === undefined ? {} : { shared }),
  };
}

function targetsOf({ packet, context, metadata, maps }: Changeable): Uint8Array[] {
  return [packet, context, metadata, ...[...maps.values()].flatMap((entries) => [...entries.values()])].filter(({ length }) => length > 0);
}

/** Bytes of one part that a sweep goes over. */
const SWEPT = 96;
const SWEPT_BYTES: readonly number[] = [0xff, 0x7f, 0];

/** Copies of an input with one byte changed, byte after byte: lengths and offsets in headers are found by what they do. */
export function* sweepOf(input: RunInput): Generator<RunInput> {
  const parts = targetsOf(copyOf(input)).length;
  for (const byte of SWEPT_BYTES) {
    for (let part = 0; part < parts; part++) {
      for (let at = 0; at < SWEPT; at++) {
        const copy = copyOf(input);
        const bytes = targetsOf(copy)[part]!;
        if (at >= bytes.length) break;
        if (bytes[at] === byte) continue;
        bytes[at] = byte;
        yield copy;
      }
    }
  }
}

function encode(value: bigint, width: number, little: boolean): Uint8Array {
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(8 * width, value);
  for (let index = 0; index < width; index++, rest >>= 8n) bytes[little ? index : width - 1 - index] = Number(rest & 0xffn);
  return bytes;
}

/** Places where a pattern stands, at most a few. */
function find(bytes: Uint8Array, pattern: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 0; at + pattern.length <= bytes.length && places.length < 8; at++) {
    let same = 0;
    while (same < pattern.length && bytes[at + same] === pattern[same]) same++;
    if (same === pattern.length) places.push(at);
  }
  return places;
}
