import type { Command } from './command.ts';
import type { CommandRow, ContextDefinition } from './context.ts';

/** A command that the words were found in. */
export interface FoundCommand {
  /** From the root: 'ebpf show verification'. */
  readonly words: string;
  readonly summary: string;
  /** Tags in whose help words were found that are neither in the command's words nor in its summary. */
  readonly tags: readonly { readonly name: string; readonly help: string }[];
  /** Higher is better. */
  readonly score: number;
}

/** What a word that was found is worth, by where: who looks for "pin" wants `pin map` before a tag that mentions pins. */
const WORTH = { words: 8, summary: 4, tagName: 3, tagHelp: 2, rest: 1 } as const;

/**
 * Finds the commands of a context, and of those below it, that speak of all of the words: in their names, summaries, tags, remarks or
 * examples. A word is found where another begins with it, in any case.
 *
 * @returns best first.
 */
export async function findCommands(root: ContextDefinition, words: readonly string[]): Promise<readonly FoundCommand[]> {
  const wanted = words.map((word) => word.toLowerCase());
  const found: FoundCommand[] = [];
  for (const { row, prefix } of rowsOf(root)) {
    const judged = judge(wanted, `${prefix}${row.words}`, row.summary, await row.load());
    if (judged !== undefined) found.push(judged);
  }
  return found.toSorted((a, b) => b.score - a.score || (a.words < b.words ? -1 : 1));
}

/** All commands below a context, each once; the names of contexts stand before their own. */
function* rowsOf(context: ContextDefinition, prefix = ''): Generator<{ row: CommandRow; prefix: string }> {
  for (const row of [...context.commands, ...(context.raw === undefined ? [] : [context.raw])]) yield { row, prefix };
  for (const inner of context.contexts) yield* rowsOf(inner, `${prefix}${inner.name} `);
}

function judge(wanted: readonly string[], words: string, summary: string, command: Command): FoundCommand | undefined {
  const rest = [command.remarks ?? '', ...command.examples].join(' ');
  const tags = new Set<Command['tags'][number]>();
  let score = 0;
  for (const word of wanted) {
    const named = command.tags.filter(({ name }) => mentions(name, word));
    const told = command.tags.filter(({ help, type }) => mentions(`${help} ${typeof type === 'string' ? '' : type.join(' ')}`, word));
    const inTitle = mentions(words, word) ? WORTH.words : mentions(summary, word) ? WORTH.summary : 0;
    const worth = inTitle || (named.length > 0 ? WORTH.tagName : told.length > 0 ? WORTH.tagHelp : mentions(rest, word) ? WORTH.rest : 0);
    if (worth === 0) return undefined;
    if (inTitle === 0) for (const tag of [...named, ...told]) tags.add(tag);
    score += worth;
  }
  return { words, summary, tags: [...tags].map(({ name, help }) => ({ name, help })), score };
}

/** Whether some word of the text begins with `word`. Hyphens and dots part words: `stop-on-error`, `x.o`. */
function mentions(text: string, word: string): boolean {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .some((other) => other.startsWith(word));
}
