import type { Verification } from '../../verifier/index.ts';
import type { Comparison } from './inputs.ts';
import type { Run, RunInput, RunnableProgram, RunOptions, RunOutcome, RunRegion, RunState } from './runner.ts';
import type { Target } from './target.ts';

/** How close an access came to the end of its region, in bytes; 0: its last byte was the region's last. */
export interface Margin {
  readonly bytes: number;
  /** "offset 63 of 64 of a value of map m". */
  readonly words: string;
}

/** How close one access came. @param index in the region's bytes. */
export function marginOf(region: RunRegion, index: number, width: number): Margin {
  const last = index - region.origin + width - 1;
  const words =
    region.kind === 'stack'
      ? `fp${last} in a stack frame of ${region.bytes.length} bytes`
      : `byte ${last} of ${region.name}, which has ${region.bytes.length - region.origin}`;
  return { bytes: region.bytes.length - index - width, words };
}

/** What one run showed. */
export interface Observation {
  readonly outcome: RunOutcome;
  readonly reached: boolean;
  readonly match: 'exact' | 'here' | undefined;
  /** It did something that no run before it did. */
  readonly isNew: boolean;
  readonly comparisons: readonly Comparison[];
  /** What it showed without breaking a rule of the run, in words. */
  readonly witness: string | undefined;
  /** Bytes of the packet behind the last one that the instruction touched; undefined where it touched none. */
  readonly packetSpare: number | undefined;
}

const MAX_COMPARISONS = 64;

/** Runs a program on inputs, and remembers over all of them what was reached and how close it was. */
export class Observer {
  readonly program: RunnableProgram;
  private readonly run: Run;
  private readonly options: RunOptions;
  private readonly target: Target;
  private readonly limit: number;
  /** First slot of the block of the failing instruction, and the last slots of those that lead into it. */
  private readonly head: number;
  private readonly leading: ReadonlySet<number>;
  private readonly entered = new Set<number>();
  private readonly edges = new Set<number>();
  private readonly onKey: (map: number, key: string) => void;
  timesReached = 0;
  margin: Margin | undefined;
  /** Violations at other instructions: where runs ended before they could come here. */
  readonly faultsElsewhere = new Map<string, string>();

  constructor(
    run: Run,
    program: RunnableProgram,
    options: RunOptions,
    target: Target,
    { graph }: Verification,
    limit: number,
    onKey: (map: number, key: string) => void,
  ) {
    this.run = run;
    this.program = program;
    this.options = options;
    this.target = target;
    this.limit = limit;
    this.onKey = onKey;
    const { instruction } = target.failure;
    const block = graph?.blocks.find(({ start, last }) => start <= instruction && instruction <= last);
    this.head = block?.start ?? instruction;
    this.leading = new Set(
      block === undefined ? [] : graph!.blocks.filter(({ successors }) => successors.includes(block.id)).map(({ last }) => last),
    );
  }

  /** Blocks that lead to the failing instruction, and from how many of them runs came. */
  get waysIn(): { readonly seen: number; readonly all: number } {
    return { seen: this.entered.size, all: this.leading.size };
  }

  observe(input: RunInput): Observation {
    const { target, head } = this;
    const { instruction } = target.failure;
    let reached = false;
    let isNew = false;
    let witness: string | undefined;
    let packetSpare: number | undefined;
    let previous = -1;
    let last: RunState | undefined;
    const comparisons: Comparison[] = [];
    const outcome = this.run(this.program, input, {
      ...this.options,
      instructionLimit: this.limit,
      onStep: (pc, state) => {
        last = state;
        const edge = previous * EDGE_STEP + pc;
        if (!this.edges.has(edge)) {
          this.edges.add(edge);
          isNew = true;
        }
        if (pc === head && this.leading.has(previous)) this.entered.add(previous);
        if (pc === instruction && target.atCalls(state.frames)) {
          reached = true;
          if (target.proof === 'reached') witness = `comes to instruction ${pc}. ${target.failure.message}`;
        }
        previous = pc;
      },
      onAccess: (pc, region, index, width) => {
        if (pc !== instruction) return;
        witness ??= target.witness(region, Number(index), this.program.programType.context);
        const margin = marginOf(region, Number(index), width);
        if (region.kind === 'packet') packetSpare = Math.min(margin.bytes, packetSpare ?? margin.bytes);
        if (this.margin === undefined || margin.bytes < this.margin.bytes) this.margin = margin;
      },
      onCompare: (_, left, right) => {
        if (left !== right && comparisons.length < MAX_COMPARISONS) comparisons.push({ left, right });
      },
    });
    for (const [map, entries] of last?.values ?? []) for (const key of entries.keys()) this.onKey(map, key);
    if (reached) this.timesReached++;
    const match = target.judge(outcome, witness !== undefined);
    if (match === undefined && outcome.kind === 'fault' && this.faultsElsewhere.size < MAX_ELSEWHERE)
      this.faultsElsewhere.set(`${outcome.fault.instruction}:${outcome.fault.kind}`, outcome.fault.message);
    return { outcome, reached, match, isNew, comparisons, witness, packetSpare };
  }
}

const MAX_ELSEWHERE = 8;
/** Larger than any slot number. */
const EDGE_STEP = 2 ** 21;
