import type { ParsedTags, Tag } from './command.ts';
import { type Place, UsageError } from './errors.ts';
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
  for (const token of tags.some(({ type }) => type === 'rest') ? tokens : joinEquals(tokens)) {
    const open = firstOpenTag(tags, values);
    if (open?.type === 'rest' && !setsNamedTag(tags, token)) {
      words.push(token.text);
      continue;
    }
    const { tag, text } = token.equals === undefined ? { tag: open, text: token.text } : splitTag(tags, token, token.equals);
    if (tag === undefined) throw new UsageError(SYNTAX_ERROR, token);
    if (tag.name in values) throw new UsageError(`The tag ${tag.name} is already present.\n${SYNTAX_ERROR}`, token);
    values[tag.name] = parseValue(tag, text, valuePlace(token));
  }
  const rest = tags.find((tag) => tag.type === 'rest');
  if (rest !== undefined && words.length > 0) values[rest.name] = words;
  const missing = tags.filter((tag) => tag.required && !(tag.name in values)).map((tag) => `${tag.name}=`);
  if (missing.length > 0) throw new UsageError(MISSING_PARAMETERS, { missing: missing.join(' ') });
  return values;
}

/** `tag = value`, `tag= value` and `tag =value` mean what `tag=value` means. */
function joinEquals(tokens: readonly Token[]): readonly Token[] {
  const joined: Token[] = [];
  for (const token of tokens) {
    const before = joined.at(-1);
    const begins = before !== undefined && before.equals === undefined && !before.quoted && token.equals === 0;
    const ends = before?.equals !== undefined && before.equals === before.text.length - 1 && !before.quoted && token.equals === undefined;
    if (before === undefined || !(begins || ends)) {
      joined.push(token);
      continue;
    }
    const equals = before.equals ?? before.text.length;
    // Its parts no longer stand where its text has them: as for a quoted word, messages point at the whole.
    joined[joined.length - 1] = { text: before.text + token.text, start: before.start, end: token.end, quoted: token.text !== '=', equals };
  }
  return joined;
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
  if (matches.length > 1) throw new UsageError(`${ambiguous(`${name}=`, matches)}\n${SYNTAX_ERROR}`, namePlace(token));
  const tag = tags.find((candidate) => candidate.name === matches[0]);
  if (tag === undefined) throw new UsageError(`${invalidArgument(name)}${didYouMean(suggest(name, names))}\n${SYNTAX_ERROR}`, namePlace(token));
  return { tag, text: token.text.slice(equals + 1) };
}

/** The name before the `=` of a word. */
function namePlace({ start, end, equals, quoted }: Token): Place {
  return { start, end: equals === undefined || quoted ? end : start + equals };
}

/** What follows the `=`; the whole word where nothing does. */
function valuePlace({ start, end, equals, quoted }: Token): Place {
  return { start: equals === undefined || quoted || start + equals + 1 === end ? start : start + equals + 1, end };
}

function parseValue(tag: Tag, text: string, place: Place): string | number {
  if (tag.type === 'integer') return parseInteger(tag, text, place);
  if (typeof tag.type === 'string') return text;
  const matches = matchPrefix(text, tag.type);
  if (matches.length === 1) return matches[0]!;
  const reason = matches.length > 1 ? ambiguous(text, matches) : `${unacceptableValue(text, tag.name)} It is one of: ${tag.type.join(', ')}.`;
  throw new UsageError(`${reason}\n${PARAMETER_INCORRECT}`, place);
}

function parseInteger(tag: Tag, text: string, place: Place): number {
  const value = /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UsageError(`${unacceptableValue(text, tag.name)} It is a number.\n${PARAMETER_INCORRECT}`, place);
  return value;
}
