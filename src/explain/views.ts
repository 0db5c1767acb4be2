import type { Failure } from '../verifier/report.ts';
import type { Decision } from './decision.ts';
import type { FactChange } from './diff.ts';
import type { Requirement } from './requirements.ts';
import type { SourceLine } from './source.ts';

/** A failed check with its number in the report, from 1. */
export interface NumberedFailure {
  readonly number: number;
  readonly failure: Failure;
}

/** What joins meant for the state at the head of a block. */
export interface JoinView {
  /** Edges over which the verifier entered the block. */
  readonly ways: number;
  /** States it kept apart there. */
  readonly states: number;
  /** Facts that this path alone would know and the merged state does not, or knows otherwise. */
  readonly changes: readonly FactChange[];
}

/** Everything a screen shows about one instruction on the path; plain values. */
export interface StepView {
  /** Instructions of the path before this one. */
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly function: string;
  /** Calls that are active, 0 in the program's own function. */
  readonly depth: number;
  readonly join: JoinView | undefined;
  readonly requirements: readonly Requirement[];
  /** Failed checks at this instruction. */
  readonly failures: readonly NumberedFailure[];
  /** A check fails here, and the verifier goes on as if it had held. */
  readonly assumed: boolean;
  /** What the instruction changes; undefined where the path ends with it. */
  readonly changes: readonly FactChange[] | undefined;
  /** For what chooses the way: where this path goes on. */
  readonly decision: Decision | undefined;
  /** Why the path ends here. */
  readonly end: string | undefined;
}

/** A branch, call or return on the path. */
export interface PathEntry {
  readonly index: number;
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly text: string;
  readonly decision: Decision;
  readonly current: boolean;
}

/** One instruction on the path. */
export interface PathStep {
  readonly index: number;
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
}

/** A way into the current block that the verifier took. */
export interface WayIn {
  readonly number: number;
  /** The instruction that leads here; undefined for the program's entry. */
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly decision: Decision | undefined;
  /** It is the way of the current path. */
  readonly current: boolean;
  /** Facts that hold on this way and were lost or weakened by merging. */
  readonly lost: readonly FactChange[];
}

/** A way out of the current block that the verifier saw as possible. */
export interface WayOut {
  readonly number: number;
  /** The instruction that it leads to. */
  readonly pc: number;
  readonly source: SourceLine | undefined;
  readonly decision: Decision;
  /** The current path takes it. */
  readonly current: boolean;
}

export interface ListedInstruction {
  readonly pc: number;
  readonly text: string;
  readonly source: SourceLine | undefined;
  readonly current: boolean;
  /** No state of the verifier reaches it. */
  readonly unreached: boolean;
  readonly failures: readonly NumberedFailure[];
}
