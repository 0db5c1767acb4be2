/** What a region is; the words are those of the verifier's value kinds. */
export type RegionKind = 'ctx' | 'stack' | 'packet' | 'map_value' | 'map' | 'memory' | 'socket' | 'btf' | 'code';

/** Why a region must not be used any more. */
export type RegionEnd = 'released' | 'stale_packet' | 'frame_gone';

const NO_BYTES = new Uint8Array(0);

/** Space between the made-up addresses of regions, wide enough that no offset in use leads from one into another. */
const ADDRESS_STEP = 1n << 36n;

/** One object that pointers point into. Offsets count from `origin` in `bytes`: a packet's metadata and a frame's cells lie at negative ones. */
export class Region {
  readonly kind: RegionKind;
  readonly id: number;
  /** For people: "map counters", "the packet". */
  readonly name: string;
  /** map, map_value: index of the map; stack: frame number; code: slot; otherwise 0. */
  readonly tag: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly origin: number;
  readonly writable: boolean;
  /** The kind of an object is unknown (kernel pointers behind typed arguments): reads cannot fault, and it may be used as a number. */
  readonly lenient: boolean;
  ended: RegionEnd | undefined;
  /** Stack only: what each byte holds, and whole values that bytes cannot express. */
  readonly cells: Uint8Array;
  readonly spilled: Map<number, Value>;

  constructor(
    kind: RegionKind,
    id: number,
    name: string,
    options: {
      readonly bytes?: Uint8Array;
      readonly origin?: number;
      readonly tag?: number;
      readonly writable?: boolean;
      readonly lenient?: boolean;
    } = {},
  ) {
    this.kind = kind;
    this.id = id;
    this.name = name;
    this.bytes = options.bytes ?? NO_BYTES;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.origin = options.origin ?? 0;
    this.tag = options.tag ?? 0;
    this.writable = options.writable ?? true;
    this.lenient = options.lenient ?? false;
    this.cells = kind === 'stack' ? new Uint8Array(this.bytes.length) : NO_BYTES;
    this.spilled = new Map();
  }

  /** A number for the address of offset 0: never 0, different for every region. */
  get address(): bigint {
    return ADDRESS_STEP * BigInt(this.id + 1);
  }
}

/** States of a stack byte. */
export const UNWRITTEN = 0;
export const NUMERIC = 1;
/** Part of a pointer; the whole is in `spilled` where all eight bytes are there. */
export const POINTER = 2;

/** A register's content: a number (64 bits, unsigned) or a pointer (region and signed offset). */
export class Value {
  readonly region: Region | undefined;
  readonly bits: bigint;
  /** A number that is a null pointer, possibly moved: its use as an address is a null access, not an access through a number. */
  readonly fromNull: boolean;
  constructor(region: Region | undefined, bits: bigint, fromNull = false) {
    this.region = region;
    this.bits = bits;
    this.fromNull = fromNull;
  }

  /** The number, or the address for pointers, as unsigned 64 bits. */
  get address(): bigint {
    return this.region === undefined ? this.bits : BigInt.asUintN(64, this.region.address + this.bits);
  }
}

/** What a call leaves in r1..r5. */
export const CLOBBERED = new Value(undefined, 0n);
export const ZERO = new Value(undefined, 0n);
export const NULL = new Value(undefined, 0n, true);

export function numberValue(bits: bigint): Value {
  return new Value(undefined, BigInt.asUintN(64, bits));
}

export function pointerTo(region: Region, offset = 0n): Value {
  return new Value(region, offset);
}

const KIND_WORDS: Readonly<Record<RegionKind, string>> = {
  ctx: 'a pointer to the context',
  stack: 'a pointer to the stack',
  packet: 'a pointer into the packet',
  map_value: 'a pointer to a map value',
  map: 'a map',
  memory: 'a pointer to a record',
  socket: 'a socket',
  btf: 'a pointer to a kernel object',
  code: 'the address of a function',
};

/** The value in words: "the number 5", "a pointer into the packet + 14". */
export function describe(value: Value): string {
  const { region, bits } = value;
  if (region === undefined) return value.fromNull ? 'null' : `the number ${BigInt.asIntN(64, bits)}`;
  return `${KIND_WORDS[region.kind]}${bits === 0n ? '' : ` ${bits < 0n ? '-' : '+'} ${bits < 0n ? -bits : bits}`}`;
}
