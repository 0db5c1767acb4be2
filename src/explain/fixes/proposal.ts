import type { Failure } from '../../verifier/report.ts';
import type { Edit } from './edit.ts';

/** A change that may repair a failed check; whether it does is for the verifier to say. */
export interface Proposal {
  readonly pattern: PatternName;
  /** `Check the packet's length before reading 14 bytes of it`. */
  readonly title: string;
  /** Empty: only a text can help. */
  readonly edits: readonly Edit[];
  /** C to write, one line each. */
  readonly c: readonly string[];
  /** What it means for input that went wrong before. */
  readonly effect: string;
  /** Input that went well before may have another result. */
  readonly changesBehaviour: boolean;
  /** Where the same check fails again after the edits: a wider version of the proposal, undefined where there is none. */
  readonly widen?: (again: Failure) => Proposal | undefined;
}

export type PatternName =
  | 'null_check'
  | 'packet_check'
  | 'index_check'
  | 'index_mask'
  | 'wide_compare'
  | 'size_check'
  | 'initialise'
  | 'reload'
  | 'release'
  | 'result'
  | 'divisor_check'
  | 'loop_cap';
