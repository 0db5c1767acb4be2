import { leq } from '../verifier/number/index.ts';
import type { Value } from '../verifier/value.ts';
import type { Fact, FactKind } from './facts.ts';
import { isUnknown } from './words.ts';

/**
 * `lost`: nothing is known any more. `weaker`: less is known of the same thing. `changed`: something else is known. `gained`: it is new.
 */
export type ChangeKind = 'lost' | 'weaker' | 'changed' | 'gained';

/** A fact that differs between two points. */
export interface FactChange {
  readonly change: ChangeKind;
  readonly kind: FactKind;
  readonly subject: string;
  /** Words before; undefined for what is new. */
  readonly before: string | undefined;
  /** Words after; undefined for what is lost without a trace. */
  readonly after: string | undefined;
}

const ORDER: readonly ChangeKind[] = ['lost', 'weaker', 'changed', 'gained'];

/** The facts that differ, those that were lost first, then in the order of the facts. */
export function diffFacts(before: readonly Fact[], after: readonly Fact[]): readonly FactChange[] {
  const earlier = new Map(before.map((fact) => [fact.subject, fact]));
  const later = new Map(after.map((fact) => [fact.subject, fact]));
  const changes: FactChange[] = [];
  for (const old of before) {
    const now = later.get(old.subject);
    if (now !== undefined && now.words === old.words) continue;
    changes.push({ change: changeOf(old, now), kind: old.kind, subject: old.subject, before: old.words, after: now?.words });
  }
  for (const now of after) {
    // A place of which nothing was known and nothing is known is no news.
    if (!earlier.has(now.subject) && now.value?.kind !== 'invalid')
      changes.push({ change: 'gained', kind: now.kind, subject: now.subject, before: undefined, after: now.words });
  }
  return ORDER.flatMap((order) => changes.filter(({ change }) => change === order));
}

function changeOf(old: Fact, now: Fact | undefined): ChangeKind {
  if (now === undefined) return 'lost';
  if (old.value === undefined || now.value === undefined) return 'changed';
  if (isUnknown(now.value) && !isUnknown(old.value)) return 'lost';
  if ((now.proved ?? 0) < (old.proved ?? 0) && leq(old.value.range, now.value.range)) return 'weaker';
  return isWeaker(old.value, now.value) ? 'weaker' : 'changed';
}

/** Whether the new value stands for strictly more than the old one. */
function isWeaker(old: Value, now: Value): boolean {
  if (old.kind !== now.kind || old.tag !== now.tag) return false;
  if (old.nullable && !now.nullable) return false;
  if (!leq(old.range, now.range)) return false;
  return !leq(now.range, old.range) || (now.nullable && !old.nullable);
}
