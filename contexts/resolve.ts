import { type CommandRow, type ContextDefinition, type WordNode, wordTree } from './context.ts';
import { UsageError } from './errors.ts';
import { ambiguous, commandNotFound, didYouMean } from './messages.ts';
import { otherWord } from './other-words.ts';
import { suggest } from './suggest.ts';
import type { Token } from './tokens.ts';

/** Contexts from the current one outward to the root. */
export type ContextChain = readonly ContextDefinition[];

export type Resolution =
  | {
      readonly kind: 'command';
      readonly row: CommandRow;
      readonly chain: ContextChain;
      readonly words: readonly string[];
      readonly rest: readonly Token[];
      /** The words are not netsh's: no help words, no tags. */
      readonly raw?: true;
    }
  /** Help was asked for a context (no words) or a group, or the words end at a group. */
  | { readonly kind: 'listing'; readonly chain: ContextChain; readonly words: readonly string[]; readonly asked: boolean }
  | { readonly kind: 'enter'; readonly chain: ContextChain };

const HELP_WORDS = new Set(['?', '/?', '-?']);

/** `?`, `/?`, `-?` anywhere, `help` as the last word. */
export function isHelp(token: Token, last: boolean): boolean {
  return !token.quoted && (HELP_WORDS.has(token.text) || (last && token.text.toLowerCase() === 'help'));
}

/**
 * Finds what a line names: words are matched in the current context (exactly, else by unambiguous prefix, in any case), then in the
 * contexts around it, as netsh does.
 *
 * @param entered names of the contexts that the line itself has entered, for messages.
 * @throws UsageError naming the candidates of an ambiguous word, or the nearest names of an unknown one.
 */
export function resolve(chain: ContextChain, tokens: readonly Token[], entered: readonly string[] = []): Resolution {
  const misses: Miss[] = [];
  for (let level = 0; level < chain.length; level++) {
    const found = matchIn(chain.slice(level), tokens, entered);
    if (found.kind === 'ambiguous') throw new UsageError(ambiguous(found.token.text, found.candidates), found.token);
    // A group is listed with what the contexts around it add; a context that the line entered stands on its own.
    if (found.kind === 'listing') return { ...found, chain: found.chain.length > chain.length - level ? found.chain : chain };
    // A context that the line itself names stands on its own; its commands hide nothing but what is around the current one.
    if (found.kind === 'command' && entered.length === 0 && found.chain.length === chain.length - level)
      return inherited(chain.slice(level + 1), found);
    if (found.kind !== 'miss') return found;
    misses.push(found);
  }
  throw notFound(misses, tokens, entered);
}

/**
 * A command whose words a context around it continues: inside `netsh interface>`, where `show` is a command, `show alias` is still the
 * root's. Only a whole word says so; `show name=alias` shows an interface of that name.
 */
function inherited(outer: ContextChain, found: Extract<Resolution, { kind: 'command' }>): Resolution {
  const [next] = found.rest;
  if (next === undefined || next.quoted || found.raw) return found;
  for (let level = 0; level < outer.length; level++) {
    let node: WordNode | undefined = wordTree(outer[level]!);
    for (const word of found.words) node = node?.children.get(word);
    const word = [...(node?.children.keys() ?? [])].find((name) => name.toLowerCase() === next.text.toLowerCase());
    const child = word === undefined ? undefined : node?.children.get(word);
    if (child?.row) return { kind: 'command', row: child.row, chain: outer.slice(level), words: [...found.words, word!], rest: found.rest.slice(1) };
  }
  return found;
}

interface Miss {
  readonly kind: 'miss';
  /** Words that were matched before the unknown one. */
  readonly words: readonly string[];
  /** Names that would have fitted there. */
  readonly names: readonly string[];
}

interface Ambiguity {
  readonly kind: 'ambiguous';
  readonly token: Token;
  readonly candidates: readonly string[];
}

function matchIn(chain: ContextChain, tokens: readonly Token[], entered: readonly string[]): Resolution | Miss | Ambiguity {
  const context = chain[0]!;
  const first = tokens[0]?.text;
  if (first !== undefined && context.raw?.takes(first)) return { kind: 'command', row: context.raw, chain, words: [], rest: tokens, raw: true };
  let node: WordNode = wordTree(context);
  const words: string[] = [];
  for (let at = 0; ; at++) {
    const token = tokens[at];
    if (token === undefined)
      return node.row ? { kind: 'command', row: node.row, chain, words, rest: [] } : { kind: 'listing', chain, words, asked: false };
    if (!node.row && isHelp(token, at === tokens.length - 1)) return { kind: 'listing', chain, words, asked: true };
    const names = namesAt(context, node, words);
    const matches = matchPrefix(token.text, names);
    if (matches.length > 1) return { kind: 'ambiguous', token, candidates: matches };
    const word = matches[0];
    if (word === undefined) {
      if (node.row) return { kind: 'command', row: node.row, chain, words, rest: tokens.slice(at) };
      return { kind: 'miss', words, names };
    }
    const child = node.children.get(word);
    if (child === undefined) return enterContext(chain, word, tokens.slice(at + 1), entered);
    words.push(word);
    node = child;
  }
}

function enterContext(chain: ContextChain, name: string, rest: readonly Token[], entered: readonly string[]): Resolution {
  const inner = [chain[0]!.contexts.find((context) => context.name === name)!, ...chain];
  return rest.length === 0 ? { kind: 'enter', chain: inner } : resolve(inner, rest, [...entered, name]);
}

/** What may stand after `words` in a context: words of its tree and, at the start, the contexts below it. */
function namesAt(context: ContextDefinition, node: WordNode, words: readonly string[]): readonly string[] {
  return words.length === 0 ? [...node.children.keys(), ...context.contexts.map((inner) => inner.name)] : [...node.children.keys()];
}

/** The exact name, else every name that starts with `word`; both without regard to case. */
export function matchPrefix(word: string, names: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  const exact = names.find((name) => name.toLowerCase() === wanted);
  if (exact !== undefined) return [exact];
  return wanted === '' ? [] : [...new Set(names.filter((name) => name.toLowerCase().startsWith(wanted)))].sort();
}

function notFound(misses: readonly Miss[], tokens: readonly Token[], entered: readonly string[]): UsageError {
  const deepest = Math.max(...misses.map((miss) => miss.words.length));
  const typed = [...entered, ...tokens.map((token) => token.text)].join(' ');
  const wrong = tokens[deepest];
  const elsewhere = deepest === 0 ? otherWord(wrong?.text ?? '', entered) : undefined;
  if (elsewhere !== undefined) return new UsageError(`${commandNotFound(typed)}${elsewhere}`, wrong);
  const there = misses.filter((miss) => miss.words.length === deepest);
  const near = suggest(
    wrong?.text ?? '',
    there.flatMap((miss) => miss.names),
  );
  const prefix = [...entered, ...there[0]!.words];
  return new UsageError(commandNotFound(typed) + didYouMean(near.map((name) => [...prefix, name].join(' '))), wrong);
}
