import type { InstructionList } from '../../isa/instruction.ts';
import type { HelperPrototype, MapKind, Platform, ProgramType } from '../../platform/platform.ts';
import type { Verification } from '../../verifier/index.ts';
import type { MapFacts } from '../../verifier/machine.ts';

/**
 * What the search needs of whoever runs programs with every access checked. The engine's checked interpreter (`runChecked`) fits; it is handed in,
 * because explaining stands beside the engines and not above them.
 */
export type Run = (program: RunnableProgram, input: RunInput, options: RunOptions) => RunOutcome;

export interface RunnableMap {
  readonly name: string;
  readonly kind: MapKind;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly readOnly: boolean;
  readonly data?: Uint8Array;
  readonly inner?: number;
}

export interface RunnableProgram {
  readonly instructions: InstructionList;
  readonly platform: Platform;
  readonly programType: ProgramType;
  readonly attachType?: string;
  readonly maps: readonly RunnableMap[];
  readonly helper: (id: number) => HelperPrototype | undefined;
  readonly kfunc: (btfId: number) => HelperPrototype | undefined;
}

/** One input. Helper results, and whatever is left out, are drawn from the seed: the same input gives the same run. */
export interface RunInput {
  /** data to data_end. */
  readonly packet: Uint8Array;
  /** data_meta to data. */
  readonly metadata: Uint8Array;
  readonly context: Uint8Array;
  /** Values by map index and key (lower-case hexadecimal). */
  readonly maps: ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>;
  readonly seed: number;
  /** Others write to map values between the program's reads. */
  readonly shared?: boolean;
}

export interface RunRegion {
  readonly kind: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Index in `bytes` of offset 0. */
  readonly origin: number;
}

export interface RunValue {
  /** undefined: the value is a number. */
  readonly region: RunRegion | undefined;
  readonly bits: bigint;
}

/** The part of a running program's state that the search looks at. */
export interface RunState {
  readonly registers: readonly (RunValue | undefined)[];
  readonly frames: readonly { readonly callSite: number }[];
  /** Map values met so far, by map index and key; null: known to be absent. */
  readonly values: ReadonlyMap<number, ReadonlyMap<string, RunRegion | null>>;
}

export interface RunOptions {
  readonly instructionLimit?: number;
  readonly faultOnDivisionByZero?: boolean;
  readonly allowPointerLeaks?: boolean;
  readonly onStep?: (pc: number, state: RunState) => void;
  readonly onAccess?: (pc: number, region: RunRegion, index: bigint, width: number, mode: 'read' | 'write') => void;
  readonly onCompare?: (pc: number, left: bigint, right: bigint, taken: boolean) => void;
}

/** A violated rule, by the name of the verifier's check. */
export interface RunFault {
  readonly kind: string;
  readonly instruction: number;
  readonly callStack: readonly number[];
  readonly message: string;
  readonly register?: number;
  readonly access?: {
    readonly region: string;
    readonly offset: bigint;
    readonly width: number;
    readonly size: number;
    readonly mode: 'read' | 'write';
  };
}

export type RunOutcome =
  | { readonly kind: 'exit'; readonly r0: bigint; readonly steps: number }
  | { readonly kind: 'tail_call'; readonly steps: number }
  | { readonly kind: 'fault'; readonly fault: RunFault; readonly steps: number }
  | { readonly kind: 'limit'; readonly instruction: number; readonly steps: number };

function runnableMap({ name, kind, keySize, valueSize, maxEntries, readOnly, data, inner }: MapFacts): RunnableMap {
  return {
    name,
    kind,
    keySize,
    valueSize,
    maxEntries,
    readOnly,
    ...(data === undefined ? {} : { data }),
    ...(inner === undefined ? {} : { inner }),
  };
}

/** The program as the verifier saw it: the same instructions, maps, helpers and program type. */
export function runnableProgram({ machine }: Verification): RunnableProgram {
  const { rules, maps } = machine;
  return {
    instructions: machine.instructions,
    platform: rules.platform,
    programType: rules.programType,
    ...(rules.attachType === undefined ? {} : { attachType: rules.attachType }),
    maps: maps.map(runnableMap),
    helper: machine.findHelper,
    kfunc: machine.findKfunc,
  };
}

/** What the verification did not complain about is no fault of a run either. */
export function runOptions({ machine }: Verification): RunOptions {
  return { faultOnDivisionByZero: !machine.rules.allowDivisionByZero, allowPointerLeaks: machine.rules.allowLeaks };
}
