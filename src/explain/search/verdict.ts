import type { Margin } from './observe.ts';
import type { Vector } from './vector.ts';

/**
 * What the search can honestly say of a failed check.
 * `confirmed`: an input is known that goes wrong. `limit`: inputs came there on every way and none went wrong, so the check is likely more than the
 * verifier can prove; never read as "safe". `undetermined`: the search cannot tell. `rule`: the platform refuses it whatever the input.
 */
export type Verdict = Found & {
  /** A run was in a state that the verifier held impossible: whatever the verdict says, the verifier has a mistake. */
  readonly escape?: EscapeFound;
};

/** An input that leads where the verifier held it impossible to be. */
export interface EscapeFound {
  readonly instruction: number;
  readonly words: string;
  readonly vector: Vector;
}

type Found =
  | {
      readonly kind: 'confirmed';
      readonly words: string;
      readonly vector: Vector;
      /** `exact`: the same check at the same instruction; `here`: another violation at that instruction. */
      readonly match: 'exact' | 'here';
      readonly tries: number;
    }
  | { readonly kind: 'limit'; readonly words: string; readonly tries: number; readonly reached: number; readonly margin?: Margin }
  | {
      readonly kind: 'undetermined';
      readonly words: string;
      readonly reason: 'never_reached' | 'ways_not_covered' | 'few_inputs' | 'cancelled';
      readonly tries: number;
      readonly reached: number;
    }
  | {
      readonly kind: 'rule';
      readonly words: string;
      /** Where a run breaks it, an input that does. */
      readonly vector?: Vector;
    };

export type VerdictKind = Verdict['kind'];

/** How reports call them. */
export const VERDICT_TITLES: Readonly<Record<VerdictKind, string>> = {
  confirmed: 'CONFIRMED BUG',
  limit: 'LIKELY PRECISION LIMIT',
  undetermined: 'UNDETERMINED',
  rule: 'RULE',
};

/** `CONFIRMED BUG: packet of 20 bytes, rx_queue_index=0 -> reads byte 23 of the packet, which has 20 bytes`. */
export function verdictText(verdict: Verdict): string {
  const unsound = verdict.escape === undefined ? '' : ` ${escapeText(verdict.escape)}`;
  return `${VERDICT_TITLES[verdict.kind]}: ${verdict.words}${unsound}`;
}

/** Never hidden: what is wrong with the verifier itself, and how to show it. */
export function escapeText({ instruction, words }: Pick<EscapeFound, 'instruction' | 'words'>): string {
  return `VERIFIER BUG: at instruction ${instruction} a run is in a state that the verifier held impossible (${words}). Please report it with the program and the input.`;
}
