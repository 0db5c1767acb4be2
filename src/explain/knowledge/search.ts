import { CHECKS, type CheckDetails } from '../../verifier/checks.ts';
import type { KnowledgeEntry } from './entry.ts';
import { FAMILIES, type Family } from './families.ts';
import { KNOWLEDGE } from './index.ts';
import { type Normalised, normalise } from './normalise.ts';

/** Whose wording a text matched. */
export type Dialect = 'prevail' | 'linux' | 'report' | 'ours';

export interface Match {
  readonly entry: KnowledgeEntry;
  /** 0 to 1: share of the known message that was found in the text, and of the text that the message explains. */
  readonly score: number;
  /** The known message that fits best, and whose it is. */
  readonly message: string;
  readonly dialect: Dialect;
}

export interface SearchResult {
  /** Best first; entries whose messages the text is. */
  readonly matches: readonly Match[];
  /** What comes nearest where nothing matches. */
  readonly nearest: readonly Match[];
  /** The family that the text names ("Memory Safety"), if it does. */
  readonly family?: Family;
}

interface Pattern {
  readonly entry: KnowledgeEntry;
  /** Position of the entry, the order among equals. */
  readonly rank: number;
  readonly dialect: Dialect;
  readonly message: string;
  readonly tokens: ReadonlySet<string>;
  readonly features: ReadonlySet<string>;
  /** Place in the entry's list: what comes first is what the cause usually looks like. */
  readonly place: number;
}

interface Index {
  readonly patterns: readonly Pattern[];
  readonly weight: ReadonlyMap<string, number>;
}

/** From here on a text counts as the message itself. */
const MATCH = 0.6;
const NEAR = 0.15;
/** A feature counts this much per point of difference; less than any word. */
const FEATURE = 0.02;
/** Each place further back in an entry's list counts so much less: enough to decide among equals. */
const PLACE = 0.001;
/** Entries within this of the best are alternatives for the same message. */
const SPREAD = 0.2;
const MOST = 8;

let index: Index | undefined;

/** Finds the causes whose messages, in whatever dialect, the text is. Numbers, registers, names and quotes in it do not matter. */
export function search(text: string): SearchResult {
  index ??= buildIndex();
  const query = normalise(text);
  const family = familyNamed(text);
  const ranked = rank(index, query);
  const best = ranked[0]?.score ?? 0;
  const matches = best < MATCH ? [] : ranked.filter(({ score }) => score >= MATCH && score >= best - SPREAD).slice(0, MOST);
  const nearest = matches.length > 0 ? [] : ranked.filter(({ score }) => score >= NEAR).slice(0, 5);
  return { matches, nearest, ...(family === undefined ? {} : { family }) };
}

/** The family that a headline or a word names. */
export function familyNamed(text: string): Family | undefined {
  const wanted = text.trim().toLowerCase();
  return FAMILIES.find(({ id, category }) => wanted === id || wanted.replace(/^verification failed:\s*/, '') === category.toLowerCase());
}

function rank({ patterns, weight }: Index, query: Normalised): readonly Match[] {
  const tokens = tokensOf(query.words);
  const known = [...tokens].filter((token) => weight.has(token));
  const queryWeight = sum(known, weight);
  const best = new Map<KnowledgeEntry, { readonly pattern: Pattern; readonly score: number }>();
  for (const pattern of patterns) {
    const shared = [...pattern.tokens].filter((token) => tokens.has(token));
    if (shared.length === 0) continue;
    const sharedWeight = sum(shared, weight);
    const found = sharedWeight / sum(pattern.tokens, weight);
    const explained = queryWeight === 0 ? 0 : sharedWeight / queryWeight;
    let hints = 0;
    for (const feature of pattern.features) hints += query.features.has(feature) ? 1 : -1;
    const score = 0.6 * found + 0.4 * explained + FEATURE * hints - PLACE * Math.min(pattern.place, 9);
    const before = best.get(pattern.entry);
    if (before !== undefined && before.score >= score) continue;
    best.set(pattern.entry, { pattern, score });
  }
  return [...best.values()]
    .toSorted((a, b) => b.score - a.score || a.pattern.rank - b.pattern.rank)
    .map(({ pattern: { entry, message, dialect }, score }) => ({ entry, score: Math.min(1, Math.max(0, score)), message, dialect }));
}

function tokensOf(words: readonly string[]): ReadonlySet<string> {
  const tokens = new Set<string>(words);
  for (let at = 1; at < words.length; at++) tokens.add(`${words[at - 1]} ${words[at]}`);
  return tokens;
}

function sum(tokens: Iterable<string>, weight: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const token of tokens) total += weight.get(token) ?? 0;
  return total;
}

function buildIndex(): Index {
  const patterns: Pattern[] = [];
  const add = (entry: KnowledgeEntry, rank: number, dialect: Dialect, message: string, place = 0, normalised = normalise(message)) => {
    patterns.push({ entry, rank, dialect, message, tokens: tokensOf(normalised.words), features: normalised.features, place });
  };
  // The details of an example say nothing.
  const withoutFeatures = (message: string) => ({ words: normalise(message).words, features: new Set<string>() });
  KNOWLEDGE.forEach((entry, rank) => {
    for (const [place, message] of entry.prevail.messages.entries()) add(entry, rank, 'prevail', message, place);
    for (const [place, message] of entry.linux.messages.entries()) add(entry, rank, 'linux', message, place);
    for (const message of entry.report) {
      add(entry, rank, 'report', message);
      const headline = message.split('. ', 1)[0]!;
      if (headline !== message) add(entry, rank, 'report', headline);
    }
    for (const message of [entry.title, ...entry.words]) add(entry, rank, 'ours', message);
    for (const { id, classic, plain } of Object.values(CHECKS)) {
      if (id !== entry.id) continue;
      for (const message of [classic(EXAMPLE), plain(EXAMPLE)]) add(entry, rank, 'ours', message, 0, withoutFeatures(message));
    }
  });
  return { patterns, weight: weights(patterns) };
}

/** Details that stand for any, for the sentences in the verifier's table of checks. */
const EXAMPLE: CheckDetails = {
  register: 1,
  width: 8,
  mode: 'read',
  displacement: 4,
  limit: 64,
  min: 0,
  max: 71,
  distance: 8,
  argument: 2,
  name: 'named',
  have: 'a number',
  want: 'ctx',
};

/** Rare words tell more: the logarithm of how many entries lack them. */
function weights(patterns: readonly Pattern[]): ReadonlyMap<string, number> {
  const holders = new Map<string, Set<KnowledgeEntry>>();
  for (const { entry, tokens } of patterns) {
    for (const token of tokens) {
      let entries = holders.get(token);
      if (entries === undefined) {
        entries = new Set();
        holders.set(token, entries);
      }
      entries.add(entry);
    }
  }
  const weight = new Map<string, number>();
  for (const [token, entries] of holders) {
    // A pair of words counts half: it only says in which order they stand.
    const pair = token.includes(' ') ? 0.5 : 1;
    weight.set(token, pair * Math.log(1 + KNOWLEDGE.length / entries.size) * (token === '#' || token === 'rn' || token === 'named' ? 0.1 : 1));
  }
  return weight;
}
