import type { Tag } from './command.ts';
import { filledTags, splitAtCursor, tagNamed } from './completion.ts';
import { tagUsage } from './help.ts';
import { HELP_FOOTER } from './messages.ts';
import type { Session } from './session.ts';
import type { Hint } from './session-types.ts';
import { firstOpenTag } from './tags.ts';
import type { Token } from './tokens.ts';

/** What is expected at the cursor; undefined where nothing is typed or nothing is known. */
export async function hintAt(session: Session, line: string, cursor: number): Promise<Hint | undefined> {
  const { before, word } = splitAtCursor(line, cursor);
  const typed = word.text === '' ? before : [...before, word];
  if (typed.length === 0) return undefined;
  const resolution = session.resolve(typed);
  if (resolution.kind !== 'command') return { usage: '', text: HELP_FOOTER.replace(/\s+/g, ' ').trim() };
  const command = await resolution.row.load();
  const usage = [resolution.row.words, ...command.tags.map(tagUsage)].join(' ');
  const tag = tagAt(command.tags, resolution.rest, word);
  return tag ? { usage, text: tag.help.replaceAll('\n', ' '), tag: tag.name } : { usage, text: resolution.row.summary };
}

/** The tag that the word at the cursor fills; for a blank, the next one. */
function tagAt(tags: readonly Tag[], rest: readonly Token[], word: Token): Tag | undefined {
  const inWord = word.text !== '' && rest.length > 0;
  if (word.text !== '' && !inWord) return undefined;
  if (inWord && word.equals !== undefined) return tagNamed(tags, word.text.slice(0, word.equals));
  return firstOpenTag(tags, filledTags(tags, inWord ? rest.slice(0, -1) : rest));
}
