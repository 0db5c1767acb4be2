import type { Environment } from '../command.ts';
import type { Machine } from '../runtime.ts';
import type { ParsedValues, Slot, Values } from './grammar.ts';
import type { Json } from './json.ts';
import type { Options } from './options.ts';

/** What a verb sees of its surroundings. */
export interface Surroundings extends Pick<Environment, 'host' | 'signal' | 'progress' | 'write'> {
  readonly machine: Machine;
  readonly options: Options;
}

/** The result of a line in both of its forms. */
export interface Answer {
  readonly json: Json;
  readonly text: string;
  /** For people, beside the answer; text output only. */
  readonly note?: string;
  /** Not 0 where there was nothing to be found. */
  readonly exitCode?: number;
}

/** Done, and nothing to say. */
export const DONE: Answer = { json: null, text: '' };

interface VerbBody<Slots extends readonly Slot[]> {
  /** The verb and its synonyms. */
  readonly words: readonly string[];
  /** What follows `bpftool OBJECT` in help. */
  readonly usage: string;
  readonly slots: Slots;
  /** How many words must follow at least; 0 where the slots say it all. */
  readonly least?: number;
  /** @throws Failure, CommandError. */
  run(values: Values<Slots>, surroundings: Surroundings): Promise<Answer> | Answer;
}

/** A verb whose types are hidden, as lines are run. */
export interface Verb {
  readonly words: readonly string[];
  readonly usage: string;
  readonly slots: readonly Slot[];
  readonly least: number;
  run(values: ParsedValues, surroundings: Surroundings): Promise<Answer> | Answer;
}

/** Makes a verb of its data and its function. The values were read by `slots`, so they are what `run` expects. */
export function defineVerb<const Slots extends readonly Slot[]>(body: VerbBody<Slots>): Verb {
  const { words, usage, slots, least = 0 } = body;
  return { words, usage, slots, least, run: (values, surroundings) => body.run(values as Values<Slots>, surroundings) };
}
