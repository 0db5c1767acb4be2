import type { InstructionList, LoadImmediate } from '../../isa/instruction.ts';
import type { HelperPrototype, MapKind, Platform, ProgramType } from '../../platform/platform.ts';
import type { CheckedFault } from './fault.ts';
import type { CheckedState } from './state.ts';
import type { Region, Value } from './value.ts';

/** A map as programs see it. */
export interface CheckedMap {
  readonly name: string;
  readonly kind: MapKind;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly readOnly?: boolean;
  /** Global data: the first value's bytes. */
  readonly data?: Uint8Array;
  /** Maps of maps: index of the inner map's template. */
  readonly inner?: number;
}

/** What the run needs to know about a program; `programType` undefined: a program over raw memory, without a context. */
export interface CheckedProgram {
  /** Linked instructions; entry at slot 0. */
  readonly instructions: InstructionList;
  readonly platform: Platform;
  readonly programType?: ProgramType;
  readonly attachType?: string;
  readonly maps: readonly CheckedMap[];
  /** Prototype of a helper id; undefined: no such helper for this program. */
  readonly helper: (id: number) => HelperPrototype | undefined;
  /** Prototype of a function called by BTF id, as the linked instruction names it. */
  readonly kfunc?: (btfId: number) => HelperPrototype | undefined;
  /** What a `variable` load denotes; default: the address of a kernel object. */
  readonly variable?: (load: LoadImmediate) => bigint | undefined;
}

/** What varies from run to run. Everything left out is drawn from the seed. */
export interface CheckedInput {
  /** data to data_end. */
  readonly packet?: Uint8Array;
  /** Bytes between data_meta and data, at most 255. */
  readonly metadata?: Uint8Array;
  /** Bytes of the context; pointer fields are ignored. */
  readonly context?: Uint8Array;
  /** Entries by map index: key bytes in lower-case hexadecimal to value bytes; arrays have little-endian u32 keys. */
  readonly maps?: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
  /** Programs over raw memory: r1 points to these bytes and r2 is their number. */
  readonly memory?: Uint8Array;
  /** Helper results and whatever else is left open. */
  readonly seed?: number;
  /** Others write to map values meanwhile: what the program read once may be something else when it reads again, unless it holds a lock. */
  readonly shared?: boolean;
}

/** What a helper call does after its arguments passed every check; undefined: the default, a random result that the prototype allows. */
export type HelperModel = (call: HelperCallView) => Value | undefined;

export interface HelperCallView {
  readonly prototype: HelperPrototype;
  readonly pc: number;
  /** r1..r5 at the call. */
  readonly arguments: readonly (Value | undefined)[];
  readonly state: CheckedState;
  readonly map: CheckedMap | undefined;
}

export interface CheckedOptions {
  /** Default 100,000. */
  readonly instructionLimit?: number;
  /** A zero divisor is a fault; by default x / 0 = 0 and x % 0 = x (RFC 9669). */
  readonly faultOnDivisionByZero?: boolean;
  /** Uses of addresses as numbers are no faults; default: what the program type says. */
  readonly allowPointerLeaks?: boolean;
  readonly helperModel?: HelperModel;
  /** Before each instruction. */
  readonly onStep?: (pc: number, state: CheckedState) => void;
  /** Each memory access that passed its checks; `offset` from the region's start, `size` the region's bytes: `size - offset - width` is the margin. */
  readonly onAccess?: (pc: number, region: Region, offset: bigint, width: number, mode: 'read' | 'write') => void;
  /** Each comparison of two numbers, as 64 or 32 bits unsigned. */
  readonly onCompare?: (pc: number, left: bigint, right: bigint, taken: boolean) => void;
}

/** How a run ended. `steps` counts executed instructions. */
export type CheckedOutcome =
  | { readonly kind: 'exit'; readonly r0: bigint; readonly steps: number }
  /** A tail call left the program. */
  | { readonly kind: 'tail_call'; readonly steps: number }
  | { readonly kind: 'fault'; readonly fault: CheckedFault; readonly steps: number }
  | { readonly kind: 'limit'; readonly instruction: number; readonly steps: number };
