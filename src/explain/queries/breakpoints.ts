import { parseWatched, type Watched, watchedName, watchedWords } from '../aspect.ts';
import { type Answer, type Proposition, parseProposition } from '../prove.ts';
import type { DebugSession } from '../session.ts';
import { losesAtJoin } from './motion.ts';

/**
 * When a motion stops. `widening`: at a loop head whose state stands for several turns because they were merged. `join`: where ways meet and something
 * is lost. `failure`: before an instruction of which a check fails.
 */
export type BreakPlace =
  | { readonly kind: 'instruction'; readonly pc: number }
  | { readonly kind: 'line'; readonly line: number }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'helper'; readonly helper: string }
  | { readonly kind: 'join' | 'widening' | 'failure' }
  | { readonly kind: 'watch'; readonly watched: Watched };

/** `must`: the verifier can prove it there. `may`: it cannot rule it out. */
export interface Condition {
  readonly mode: 'must' | 'may';
  readonly text: string;
  readonly proposition: Proposition;
}

export interface Breakpoint {
  readonly place: BreakPlace;
  readonly condition: Condition | undefined;
}

const WHOLE_WORDS = ['join', 'widening', 'failure'] as const;

/**
 * Reads `12`, `line 13`, `function f`, `helper:1`, `join`, each also with `if must r6 <= 63` or `if may r0 == 0` behind it; a bare `if` means `may`, as
 * the program could be there with that value. Undefined where the words are none of these.
 */
export function parseBreakpoint(words: readonly string[]): Breakpoint | undefined {
  const at = words.findIndex((word) => word.toLowerCase() === 'if');
  const place = parsePlace(at < 0 ? words : words.slice(0, at));
  if (place === undefined) return undefined;
  if (at < 0) return { place, condition: undefined };
  const condition = parseCondition(words.slice(at + 1).join(' '));
  return condition === undefined ? undefined : { place, condition };
}

function parsePlace(words: readonly string[]): BreakPlace | undefined {
  // `helper:1` and `helper 1` are the same.
  const [first = '', second, ...more] = words.flatMap((word) => (/^(?:helper|line|function):./i.test(word) ? word.split(/:(.*)/, 2) : [word]));
  if (more.length > 0 || first === '') return undefined;
  const name = first.toLowerCase();
  if (second === undefined) {
    if (/^\d+$/.test(first)) return { kind: 'instruction', pc: Number(first) };
    const kind = WHOLE_WORDS.find((word) => word.startsWith(name));
    return kind === undefined ? undefined : { kind };
  }
  if ('line'.startsWith(name)) return /^\d+$/.test(second) ? { kind: 'line', line: Number(second) } : undefined;
  if ('function'.startsWith(name)) return { kind: 'function', name: second };
  return 'helper'.startsWith(name) ? { kind: 'helper', helper: second } : undefined;
}

/** Reads `must r6 <= 63`, also as `must(r6 <= 63)`, `may r0 == 0`, or a bare comparison, which means `may`; undefined for other words. */
export function parseCondition(words: string): Condition | undefined {
  const found = /^\s*(must|may)\b(.*)$/i.exec(words);
  const rest = (found?.[2] ?? words).trim();
  const text = found === null ? rest : (/^\(([^()]*)\)$/.exec(rest)?.[1] ?? rest);
  const proposition = parseProposition(text);
  return proposition === undefined ? undefined : { mode: found?.[1]?.toLowerCase() === 'must' ? 'must' : 'may', text, proposition };
}

/** A stop at every change of what is known of a place; undefined where the word names none. */
export function parseWatchpoint(word: string): Breakpoint | undefined {
  const watched = parseWatched(word);
  return watched === undefined ? undefined : { place: { kind: 'watch', watched }, condition: undefined };
}

/** The words that `parseBreakpoint` and `parseWatchpoint` read. */
export function breakpointText({ place, condition }: Breakpoint): string {
  const words = PLACE_TEXT[place.kind](place as never);
  return condition === undefined ? words : `${words} if ${condition.mode} ${condition.text}`;
}

type ByKind<Result> = { readonly [Kind in BreakPlace['kind']]: (place: Extract<BreakPlace, { kind: Kind }>) => Result };

const PLACE_TEXT: ByKind<string> = {
  instruction: ({ pc }) => `${pc}`,
  line: ({ line }) => `line ${line}`,
  function: ({ name }) => `function ${name}`,
  helper: ({ helper }) => `helper ${helper}`,
  join: () => 'join',
  widening: () => 'widening',
  failure: () => 'failure',
  watch: ({ watched }) => watchedName(watched),
};

/**
 * Instructions that a breakpoint stops before, whatever path leads there.
 *
 * @returns undefined for those that are no matter of place; an empty list where the program has no such place.
 */
export function slotsOf(session: DebugSession, place: BreakPlace): readonly number[] | undefined {
  const { program, machine } = session;
  switch (place.kind) {
    case 'instruction':
      return program.instructions[place.pc] === undefined ? [] : [place.pc];
    case 'line':
      return session.slotsOfLine(place.line);
    case 'function':
      return program.functions.filter(({ name }) => name === place.name).map(({ start }) => start);
    case 'helper':
      return program.instructions.flatMap((instruction, pc) => {
        if (instruction?.kind !== 'call' && instruction?.kind !== 'call_btf') return [];
        const name = instruction.kind === 'call' ? machine.findHelper(instruction.helper)?.name : machine.findKfunc(instruction.btfId)?.name;
        const number = instruction.kind === 'call' ? `${instruction.helper}` : '';
        return sameHelper(name, place.helper) || number === place.helper ? [pc] : [];
      });
    default:
      return undefined;
  }
}

/** Helpers are also known without their prefix. */
function sameHelper(name: string | undefined, wanted: string): boolean {
  return name !== undefined && (name === wanted || name === `bpf_${wanted}`);
}

const HOLDS: Readonly<Record<Condition['mode'], readonly Answer[]>> = { must: ['always'], may: ['always', 'unknown'] };

/** Whether the verifier can prove (`must`) or cannot rule out (`may`) the condition before the current instruction. */
export function conditionHolds(session: DebugSession, { mode, proposition }: Condition): boolean {
  const proved = session.prove(proposition);
  return proved !== undefined && HOLDS[mode].includes(proved.answer);
}

/** Why a motion stopped: a breakpoint by its place in the list, with what was known before and is now where it watches something. */
export interface Hit {
  readonly breakpoint: number;
  readonly was?: string | undefined;
  readonly now?: string | undefined;
}

/**
 * A question to be asked after each instruction of a motion: which breakpoints stop here? Watchpoints compare with what was known when they last
 * stopped or, first, where the motion began.
 *
 * @returns undefined where none does.
 */
export function breakpointsAt(session: DebugSession, breakpoints: readonly Breakpoint[]): () => readonly Hit[] | undefined {
  const frame = session.state.frames.length - 1;
  const checks = breakpoints.map(({ place }) => arrival(session, place, frame));
  return () => {
    const hits = checks.flatMap((check, index): Hit[] => {
      const seen = check();
      const { condition } = breakpoints[index]!;
      if (seen === undefined || (condition !== undefined && !conditionHolds(session, condition))) return [];
      return [{ breakpoint: index, ...seen }];
    });
    return hits.length === 0 ? undefined : hits;
  };
}

/** Whether the path has arrived, with what changed where that is the point. */
function arrival(session: DebugSession, place: BreakPlace, frame: number): () => Omit<Hit, 'breakpoint'> | undefined {
  const slots = slotsOf(session, place);
  if (slots !== undefined) return () => (slots.includes(session.pc) ? {} : undefined);
  switch (place.kind) {
    case 'join':
      return () => (losesAtJoin(session) ? {} : undefined);
    case 'widening':
      return () => ((session.entered?.head.generalisations ?? 0) > 0 ? {} : undefined);
    case 'failure':
      return () => (session.failsHere() ? {} : undefined);
    default:
      break;
  }
  const { watched } = place as Extract<BreakPlace, { kind: 'watch' }>;
  const words = () => watchedWords(session.machine, session.state, watched, frame);
  let last = words();
  return () => {
    const now = words();
    if (now === last) return undefined;
    const was = last;
    last = now;
    return { was, now };
  };
}
