import type { ReturnRange } from '../platform/platform.ts';

/** safety: the program can go wrong. policy: the platform forbids it although it is defined. portability: accepted here, refused by another platform. */
export type Severity = 'safety' | 'policy' | 'portability';

/** Outcome of verifying one program; plain values that survive structured cloning and JSON. */
export interface VerificationReport {
  readonly section: string;
  readonly program: string;
  readonly platform: 'windows' | 'linux';
  readonly programType: string;
  /** `error`: it could not be judged (unlinkable, unsupported, out of time or memory, cancelled). */
  readonly verdict: 'accepted' | 'rejected' | 'error';
  /** Failed checks of severity safety or policy, root causes first, in order of the exploration. */
  readonly failures: readonly Failure[];
  /** Portability remarks and unreachable code. */
  readonly warnings: readonly Failure[];
  /** Slots of the linked program. */
  readonly instructions: number;
  readonly milliseconds: number;
  /** Precision setting that decided. */
  readonly precision: number;
  /** Abstract states computed, counted per block entry. */
  readonly statesVisited: number;
  /** Largest trip count proved over all loops; 0 without loops. */
  readonly maxLoopCount: number;
  /** Verdict `rejected`: why not everything was explored, so that other checks may fail too; a sentence. Absent where everything was. */
  readonly unfinished?: string;
  /** For verdict `error`. */
  readonly error?: {
    readonly kind: 'link' | 'decode' | 'limit' | 'cancelled' | 'unsupported';
    readonly message: string;
    readonly instruction?: number;
  };
}

export interface Failure {
  /** Stable id from the catalogue of causes ("PKT-01"), documented in docs and by `explain`. */
  readonly id: string;
  readonly severity: Severity;
  /** Slot in the linked program. */
  readonly instruction: number;
  /** Call sites (slots) from the entry to the frame of the failure; empty in the entry function. */
  readonly callStack: readonly number[];
  readonly check: Check;
  /** One sentence for people: what the code does, what is known, what is missing. */
  readonly message: string;
  /** PREVAIL's wording, for level=normal/informational compatibility: "Invalid type (r3.type == number)". */
  readonly classic: string;
  /** By how much the inequality fails, where it is one. */
  readonly distance?: { readonly amount: string; readonly unit: 'bytes' | 'values' };
  /** The other platform, for portability. */
  readonly otherPlatform?: 'windows' | 'linux';
  /** Blocks (first slots) of one path on which the check fails, from the entry. */
  readonly path: readonly number[];
}

/** A requirement of one instruction, as data. */
export interface Check {
  readonly kind: string;
  readonly instruction: number;
  readonly register?: number;
  readonly text: string;
  readonly range?: ReturnRange;
}
