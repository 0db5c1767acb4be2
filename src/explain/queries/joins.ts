import { diffFacts } from '../diff.ts';
import { factsOf } from '../facts.ts';
import type { DebugSession } from '../session.ts';

/**
 * `kept`: known behind the join as on every way. `lost`: this path knew it, and nothing is known behind. `weaker`: less is known. `widened`: less, in a
 * loop whose turns were merged. `merged`: another way knows otherwise, and this one loses nothing by being merged with it. `apart`: another way knows
 * otherwise, and the verifier keeps its states apart from this one.
 */
export type JoinStatus = 'kept' | 'weaker' | 'widened' | 'lost' | 'merged' | 'apart';

/** What merging made of one place. */
export interface JoinRow {
  readonly subject: string;
  readonly status: JoinStatus;
  /** What each way knew, in the order of `waysIn`; null where nothing. */
  readonly ways: readonly (string | null)[];
  /** What the state that the path goes on with knows. */
  readonly result: string | null;
}

const ORDER: readonly JoinStatus[] = ['lost', 'widened', 'weaker', 'merged', 'apart', 'kept'];

/** The facts at the head of the current block beside those of each way into it, what was lost first; none where no ways meet. */
export function joinRows(session: DebugSession): readonly JoinRow[] {
  const head = session.head;
  const ways = session.waysHere();
  if (head === undefined || ways.length === 0) return [];
  const { machine, node } = session;
  const result = factsOf(machine, head);
  const known = ways.map(({ arrived }) => factsOf(machine, arrived));
  const current = session.waysIn().findIndex((way) => way.current);
  const changes = new Map(diffFacts(known[current] ?? [], result).map(({ subject, change }) => [subject, change]));
  const weaker = head.generalisations > 0 ? 'widened' : 'weaker';
  const other = node.processed.length > 1 ? 'apart' : 'merged';
  const live = session.verification.liveness!.atBlock[node.block.id]!;
  const subjects = [...new Set([...result, ...known.flat()].map(({ subject }) => subject))];
  const rows = subjects.flatMap((subject): JoinRow[] => {
    const register = /^r(\d)$/.exec(subject);
    const after = result.find((fact) => fact.subject === subject);
    // What nobody reads any more is no loss.
    if (after === undefined && (register === null ? subject.startsWith('fp') : (live & (1 << Number(register[1]))) === 0)) return [];
    const words = known.map((facts) => facts.find((fact) => fact.subject === subject)?.words ?? null);
    const mine = known[current];
    const change = mine === undefined ? undefined : changes.get(subject);
    const differs = words.some((one) => one !== (after?.words ?? null));
    const status = change === 'lost' ? 'lost' : change === 'weaker' || change === 'changed' ? weaker : differs ? other : 'kept';
    return [{ subject, status, ways: words, result: after?.words ?? null }];
  });
  return ORDER.flatMap((status) => rows.filter((row) => row.status === status));
}
