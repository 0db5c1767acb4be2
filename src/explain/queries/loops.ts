import type { LoopTurn } from '../../verifier/explore.ts';
import { diffFacts, type FactChange } from '../diff.ts';
import { factsOf } from '../facts.ts';
import type { DebugSession } from '../session.ts';

/** One state that came to a loop's head, and what the verifier went on with. */
export interface RecordedTurn {
  readonly number: number;
  /** Over a back edge; else the loop is entered. */
  readonly again: boolean;
  /** `kept`: it went on with just this state. `merged`: with one that stands for an earlier one, too. `widened`: with one whose growing bounds were moved on at once. */
  readonly kind: 'kept' | 'merged' | 'widened';
  /** What is known on arrival that was not on the arrival before, or otherwise. */
  readonly arrived: readonly FactChange[];
  /** What merging or widening lost or weakened. */
  readonly lost: readonly FactChange[];
}

export interface LoopRecord {
  /** First slot of the loop's head. */
  readonly head: number;
  readonly turns: readonly RecordedTurn[];
  /** Turns beyond those kept. */
  readonly more: number;
  /** Number of the first turn whose widening lost something or, where none did, whose merging did. */
  readonly loser: number | undefined;
  /** What was known on the first arrival. */
  readonly first: readonly string[];
}

/** Turns kept of a record. */
const MAX_TURNS = 200;

/** The head of the innermost loop that contains an instruction, by its first slot; undefined where no loop does. */
export function loopHeadAt(session: DebugSession, pc: number): number | undefined {
  const { graph } = session.verification;
  const found = graph?.blocks.find((block) => pc >= block.start && pc <= block.last);
  if (graph === undefined || found === undefined) return undefined;
  const heads = graph.blocks.filter(
    ({ functionStart, order, loopEnd }) => functionStart === found.functionStart && loopEnd >= 0 && found.order >= order && found.order <= loopEnd,
  );
  return heads.sort((a, b) => b.order - a.order)[0]?.start;
}

/** Listens to a verification and keeps the turns of one loop, those of the first chain of calls that comes there. */
export class LoopRecorder {
  private readonly session: DebugSession;
  private readonly head: number;
  private context: LoopTurn['node']['context'] | undefined;
  private readonly turns: RecordedTurn[] = [];
  private last: LoopTurn['arrived'] | undefined;
  private first: readonly string[] = [];
  private more = 0;

  constructor(session: DebugSession, head: number) {
    this.session = session;
    this.head = head;
  }

  /** For `VerifyOptions.onLoopHead`; states are looked at while they are as they were. */
  readonly listen = ({ node, arrived, merged, widened, result }: LoopTurn): void => {
    if (node.block.start !== this.head) return;
    this.context ??= node.context;
    if (node.context !== this.context) return;
    if (this.turns.length >= MAX_TURNS) {
      this.more++;
      return;
    }
    const { machine } = this.session;
    const facts = factsOf(machine, arrived);
    if (this.last === undefined) this.first = facts.map(({ subject, words }) => `${subject}: ${words}`);
    const changes = this.last === undefined ? [] : diffFacts(factsOf(machine, this.last), facts);
    const lost = diffFacts(facts, factsOf(machine, result)).filter(({ change }) => change === 'lost' || change === 'weaker');
    this.turns.push({
      number: this.turns.length + 1,
      again: arrived.back,
      kind: merged === undefined ? 'kept' : widened ? 'widened' : 'merged',
      arrived: changes,
      lost,
    });
    this.last = arrived.clone();
  };

  private losing(wanted: RecordedTurn['kind']): RecordedTurn | undefined {
    return this.turns.find(({ kind, lost }) => kind === wanted && lost.length > 0);
  }

  record(): LoopRecord {
    return {
      head: this.head,
      turns: this.turns,
      more: this.more,
      loser: (this.losing('widened') ?? this.losing('merged'))?.number,
      first: this.first,
    };
  }
}
