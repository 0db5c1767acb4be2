import type { Register } from '../../isa/instruction.ts';
import type { HelperPrototype } from '../../platform/platform.ts';
import { CheckFailure } from './fault.ts';
import type { CheckedInput, CheckedOptions, CheckedProgram } from './program.ts';
import { Random } from './random.ts';
import { CLOBBERED, pointerTo, Region, type RegionKind, type Value } from './value.ts';

/** A callback that a helper is running: how it goes on when the callback returns. */
export interface CallbackRun {
  readonly prototype: HelperPrototype;
  /** Prepares the registers of the next invocation; false: no more. */
  readonly next: (state: CheckedState) => boolean;
  /** What the helper returns after `count` invocations. */
  readonly result: (count: number, state: CheckedState) => Value;
  readonly slot: number;
  count: number;
}

export interface Frame {
  readonly stack: Region;
  /** Slot of the call that made it; -1 for the entry. */
  readonly callSite: number;
  /** r6..r9 of the caller. */
  readonly saved: readonly (Value | undefined)[];
  readonly callback: CallbackRun | undefined;
  mayGoto: number;
}

/** Something acquired and not yet released. */
export interface Reference {
  readonly region: Region;
  /** Objects on the stack, which stay where they are when they end: their place in the frame. */
  readonly place?: bigint;
  readonly instruction: number;
  readonly name: string;
}

/** A dynptr or an iterator that a call has made on the stack and none has ended. */
export interface StackObject {
  readonly region: Region;
  readonly place: bigint;
  /** Iterators over numbers: what comes next, and where it ends. */
  next: bigint;
  readonly end: bigint;
}

/** The whole concrete state of a run. */
export class CheckedState {
  readonly program: CheckedProgram;
  readonly input: CheckedInput;
  readonly options: CheckedOptions;
  readonly random: Random;
  readonly registers: (Value | undefined)[] = new Array<Value | undefined>(11).fill(undefined);
  readonly frames: Frame[] = [];
  readonly context: Region | undefined;
  packet: Region | undefined;
  references: Reference[] = [];
  /** Places of map values that the program has read (region and index), where others may write to them. */
  readonly readOnce = new Set<string>();
  private readonly objects = new Map<Region, Map<bigint, StackObject>>();
  /** The map value or record whose spin lock is held. */
  lock: Region | undefined;
  readonly allowLeaks: boolean;
  readonly isLinux: boolean;
  /** Values by map index and key, made when first asked for; `null`: known to be absent. */
  readonly values = new Map<number, Map<string, Region | null>>();
  private readonly mapRegions = new Map<number, Region>();
  private readonly codeRegions = new Map<number, Region>();
  private nextId = 0;

  constructor(program: CheckedProgram, input: CheckedInput, options: CheckedOptions) {
    this.program = program;
    this.input = input;
    this.options = options;
    this.random = new Random(input.seed ?? 1);
    this.allowLeaks = options.allowPointerLeaks ?? program.programType?.allowPointerLeaks ?? program.programType === undefined;
    this.isLinux = program.platform.name === 'linux';
    const layout = program.programType?.context;
    if (layout !== undefined && layout.size > 0) this.context = this.contextRegion(layout.size);
    this.packet = this.packetRegion(input.packet ?? new Uint8Array(0), input.metadata ?? new Uint8Array(0));
    this.pushFrame(-1, undefined);
  }

  region(kind: RegionKind, name: string, options: ConstructorParameters<typeof Region>[3] = {}): Region {
    return new Region(kind, this.nextId++, name, options);
  }

  private contextRegion(size: number): Region {
    const bytes = new Uint8Array(size);
    if (this.input.context === undefined) this.random.fill(bytes);
    else bytes.set(this.input.context.subarray(0, size));
    return this.region('ctx', 'the context', { bytes });
  }

  packetRegion(packet: Uint8Array, metadata: Uint8Array): Region {
    const bytes = new Uint8Array(metadata.length + packet.length);
    bytes.set(metadata);
    bytes.set(packet, metadata.length);
    return this.region('packet', 'the packet', {
      bytes,
      origin: metadata.length,
      writable: this.program.programType === undefined || this.program.programType.packetWrite === true,
    });
  }

  get packetSize(): number {
    return this.packet === undefined ? 0 : this.packet.bytes.length - this.packet.origin;
  }

  get stackSize(): number {
    return this.program.platform.limits.stackSize;
  }

  get frame(): Frame {
    return this.frames[this.frames.length - 1]!;
  }

  /** Call sites from the entry to the current frame. */
  get callStack(): number[] {
    return this.frames.slice(1).map(({ callSite }) => callSite);
  }

  pushFrame(callSite: number, callback: CallbackRun | undefined): void {
    const number = this.frames.length;
    const stack = this.region('stack', number === 0 ? 'the stack' : `the stack of frame ${number}`, {
      bytes: new Uint8Array(this.stackSize),
      origin: this.stackSize,
      tag: number,
    });
    this.frames.push({ stack, callSite, saved: this.registers.slice(6, 10), callback, mayGoto: MAY_GOTO_TURNS });
    this.registers[10] = pointerTo(stack);
  }

  /** Leaves the current frame: its stack dies, r6..r9 and r10 are the caller's again. */
  popFrame(): Frame {
    const frame = this.frames.pop()!;
    frame.stack.ended = 'frame_gone';
    for (let index = 0; index < 4; index++) this.registers[6 + index] = frame.saved[index];
    this.registers[10] = pointerTo(this.frame.stack);
    return frame;
  }

  /** What calls leave in r1..r5. */
  clobber(): void {
    for (let register = 1; register <= 5; register++) if (this.registers[register] !== undefined) this.registers[register] = CLOBBERED;
  }

  /** The value of a register that is about to be used. Throws where it has none, or one that died. */
  read(register: Register): Value {
    const value = this.registers[register];
    if (value === undefined) throw new CheckFailure('register_uninitialised', `r${register} is read, but nothing has set it`, register);
    if (value === CLOBBERED) throw new CheckFailure('clobbered', `r${register} is read, but a call destroyed it`, register);
    const ended = value.region?.ended;
    if (ended === undefined) return value;
    const [kind, why] = ENDED[ended];
    throw new CheckFailure(kind, `r${register} is read, but ${why}`, register);
  }

  /** The value of a register that is only copied: an address that leads nowhere any more does no harm by itself. */
  copied(register: Register): Value {
    const value = this.registers[register];
    const ended = value?.region?.ended;
    return value !== undefined && (ended === 'released' || ended === 'stale_packet') ? value : this.read(register);
  }

  mapPointer(index: number): Value {
    let region = this.mapRegions.get(index);
    if (region === undefined) {
      region = this.region('map', `map ${this.program.maps[index]?.name ?? index}`, { tag: index });
      this.mapRegions.set(index, region);
    }
    return pointerTo(region);
  }

  codePointer(slot: number): Value {
    let region = this.codeRegions.get(slot);
    if (region === undefined) {
      region = this.region('code', `the function at ${slot}`, { tag: slot });
      this.codeRegions.set(slot, region);
    }
    return pointerTo(region);
  }

  /** A kernel object of unknown layout. */
  kernelPointer(): Value {
    return pointerTo(this.region('btf', 'a kernel object', { lenient: true }));
  }

  /** The value of a map at a key, where the run's input or an earlier call put one; undefined: undecided. */
  valueAt(map: number, key: string): Region | null | undefined {
    const known = this.values.get(map)?.get(key);
    if (known !== undefined) return known;
    const given = this.input.maps?.get(map)?.get(key);
    return given === undefined ? undefined : this.putValue(map, key, given);
  }

  /** Makes the region of a value with (up to value-size) bytes of its own. */
  putValue(map: number, key: string, content: Uint8Array | undefined): Region {
    const { name, valueSize, readOnly } = this.program.maps[map]!;
    const bytes = new Uint8Array(valueSize);
    if (content === undefined) this.random.fill(bytes);
    else bytes.set(content.subarray(0, valueSize));
    const region = this.region('map_value', `a value of map ${name}`, { bytes, tag: map, writable: readOnly !== true });
    this.setValue(map, key, region);
    return region;
  }

  setValue(map: number, key: string, region: Region | null): void {
    let values = this.values.get(map);
    if (values === undefined) {
      values = new Map();
      this.values.set(map, values);
    }
    values.set(key, region);
  }

  /** The dynptr or iterator that stands where a pointer points. */
  objectAt({ region, bits }: Value): StackObject | undefined {
    return region === undefined ? undefined : this.objects.get(region)?.get(bits);
  }

  putObject({ region, bits: place }: Value, next = 0n, end = 0n): void {
    if (region === undefined) return;
    const inFrame = this.objects.get(region) ?? new Map<bigint, StackObject>();
    this.objects.set(region, inFrame.set(place, { region, place, next, end }));
  }

  endObject({ region, bits }: Value): void {
    if (region !== undefined) this.objects.get(region)?.delete(bits);
  }

  /** A helper moved the packet's bytes: every old pointer is stale, and an equal packet stands elsewhere, cut or grown at either end. */
  movePacket(headDelta: number, tailDelta: number): void {
    const old = this.packet;
    if (old === undefined) return;
    old.ended = 'stale_packet';
    const data = old.bytes.subarray(old.origin);
    const size = Math.max(data.length - headDelta + tailDelta, 0);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at++) bytes[at] = data[at + headDelta] ?? 0;
    this.packet = this.packetRegion(bytes, old.bytes.subarray(0, headDelta === 0 ? old.origin : 0));
  }
}

const ENDED = {
  stale_packet: ['stale_packet', 'a helper has moved the packet since'],
  released: ['use_after_release', 'what it points to was released'],
  frame_gone: ['register_uninitialised', 'it points into the frame of a function that has returned'],
} as const;

/** Turns of a may_goto loop before the jump is taken: enough to see the loop run. */
const MAY_GOTO_TURNS = 64;
