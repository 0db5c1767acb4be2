import { Failure } from './failure.ts';

/** What the options of a line ask for. */
export interface Options {
  readonly json: boolean;
  readonly pretty: boolean;
  /** Say more while loading. */
  readonly debug: boolean;
  /** Show where objects are pinned. */
  readonly pins: boolean;
  readonly legacy: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

interface OptionRow {
  readonly letter: string;
  readonly word: string;
  readonly sets: Partial<Options>;
}

/**
 * The options of bpftool. `legacy` relaxes libbpf's checks and `mapcompat` its reading of old map definitions; here both are lenient
 * anyway, so the words are accepted and change nothing but the features that `version` lists. `nomount`: there is nothing to mount.
 */
const OPTIONS: readonly OptionRow[] = [
  { letter: 'j', word: 'json', sets: { json: true } },
  { letter: 'p', word: 'pretty', sets: { json: true, pretty: true } },
  { letter: 'd', word: 'debug', sets: { debug: true } },
  { letter: 'f', word: 'bpffs', sets: { pins: true } },
  { letter: 'l', word: 'legacy', sets: { legacy: true } },
  { letter: 'm', word: 'mapcompat', sets: {} },
  { letter: 'n', word: 'nomount', sets: {} },
  { letter: 'h', word: 'help', sets: { help: true } },
  { letter: 'V', word: 'version', sets: { version: true } },
];

export const NO_OPTIONS: Options = { json: false, pretty: false, debug: false, pins: false, legacy: false, help: false, version: false };

/** The words that completion offers. */
export const optionWords: readonly string[] = OPTIONS.map(({ word }) => `--${word}`);

/**
 * Takes the options out of a line: before the object any, after it those that are known, since documents write them there too.
 *
 * @throws Failure for an unknown one before the object.
 */
export function takeOptions(words: readonly string[], given: Options = NO_OPTIONS): { readonly options: Options; readonly rest: readonly string[] } {
  let options = given;
  const rest: string[] = [];
  for (const word of words) {
    const rows = word.length > 1 && word.startsWith('-') ? rowsOf(word) : undefined;
    if (rows) for (const { sets } of rows) options = { ...options, ...sets };
    else if (rest.length === 0 && word.length > 1 && word.startsWith('-')) throw new Failure(`unrecognized option '${word}'`);
    else rest.push(word);
  }
  return { options, rest };
}

function rowsOf(word: string): readonly OptionRow[] | undefined {
  if (word.startsWith('--')) {
    const row = OPTIONS.find((candidate) => candidate.word === word.slice(2));
    return row && [row];
  }
  const rows = Array.from(word.slice(1), (letter) => OPTIONS.find((candidate) => candidate.letter === letter));
  return rows.every((row) => row !== undefined) ? rows : undefined;
}
