import type { ParsedTags, Tag } from './command.ts';
import { UsageError } from './errors.ts';
import { ambiguous, didYouMean, invalidArgument, MISSING_PARAMETERS, PARAMETER_INCORRECT, SYNTAX_ERROR, unacceptableValue } from './messages.ts';
import { matchPrefix } from './resolve.ts';
import { suggest } from './suggest.ts';
import type { Token } from './tokens.ts';

/**
 * Assigns a command's words to its tags: `tag=value` by unambiguous prefix of the tag in any case, a word without `=` to the first
 * tag that has no value yet (tags marked `named` excepted).
 *
 * @throws UsageError in netsh's words: an unknown, ambiguous or repeated tag, a bad value, too many words, a required tag missing.
 */
export function parseTags(tags: readonly Tag[], tokens: readonly Token[]): ParsedTags {
  const values: Record<string, string | number | readonly string[]> = {};
  const words: string[] = [];
  for (const token of tokens) {
    const open = firstOpenTag(tags, values);
    if (open?.type === 'rest' && !setsNamedTag(tags, token)) {
      words.push(token.text);
      continue;
    }
    const { tag, text } = token.equals === undefined ? { tag: open, text: token.text } : splitTag(tags, token, token.equals);
    if (tag === undefined) throw new UsageError(SYNTAX_ERROR);
    if (tag.name in values) throw new UsageError(`The tag ${tag.name} is already present.\n${SYNTAX_ERROR}`);
    values[tag.name] = parseValue(tag, text);
  }
  const rest = tags.find((tag) => tag.type === 'rest');
  if (rest !== undefined && words.length > 0) values[rest.name] = words;
  for (const tag of tags) if (tag.required && !(tag.name in values)) throw new UsageError(MISSING_PARAMETERS);
  return values;
}

/** Whether a word is `name=value` with the whole name of a tag that has no position: then it does not belong to the remaining words. */
function setsNamedTag(tags: readonly Tag[], { text, equals }: Token): boolean {
  const name = equals === undefined ? undefined : text.slice(0, equals).toLowerCase();
  return tags.some((tag) => tag.named && tag.name === name);
}

/** The tag that the next word without `=` fills. */
export function firstOpenTag(tags: readonly Tag[], values: Readonly<Record<string, unknown>>): Tag | undefined {
  return tags.find((tag) => !tag.named && !(tag.name in values));
}

function splitTag(tags: readonly Tag[], token: Token, equals: number): { tag: Tag; text: string } {
  const name = token.text.slice(0, equals);
  const names = tags.filter((tag) => tag.type !== 'rest').map((tag) => tag.name);
  const matches = matchPrefix(name, names);
  if (matches.length > 1) throw new UsageError(`${ambiguous(`${name}=`, matches)}\n${SYNTAX_ERROR}`);
  const tag = tags.find((candidate) => candidate.name === matches[0]);
  if (tag === undefined) throw new UsageError(`${invalidArgument(name)}${didYouMean(suggest(name, names))}\n${SYNTAX_ERROR}`);
  return { tag, text: token.text.slice(equals + 1) };
}

function parseValue(tag: Tag, text: string): string | number {
  if (tag.type === 'integer') return parseInteger(tag, text);
  if (typeof tag.type === 'string') return text;
  const matches = matchPrefix(text, tag.type);
  if (matches.length === 1) return matches[0]!;
  const reason = matches.length > 1 ? ambiguous(text, matches) : `${unacceptableValue(text, tag.name)} It is one of: ${tag.type.join(', ')}.`;
  throw new UsageError(`${reason}\n${PARAMETER_INCORRECT}`);
}

function parseInteger(tag: Tag, text: string): number {
  const value = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UsageError(`${unacceptableValue(text, tag.name)} It is a number.\n${PARAMETER_INCORRECT}`);
  return value;
}
