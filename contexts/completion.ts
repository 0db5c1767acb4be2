import type { Candidate, Tag } from './command.ts';
import { type ContextDefinition, contextPath, type WordNode, wordTree } from './context.ts';
import { changesContext } from './messages.ts';
import type { ContextChain } from './resolve.ts';
import { matchPrefix } from './resolve.ts';
import type { Session } from './session.ts';
import type { Completion } from './session-types.ts';
import { firstOpenTag } from './tags.ts';
import { type Token, tokenizeUnfinished } from './tokens.ts';

/** The word that ends at the cursor and the words before it. */
export interface Cursor {
  readonly before: readonly Token[];
  /** Empty text where the cursor stands after a blank. */
  readonly word: Token;
}

export function splitAtCursor(line: string, cursor: number): Cursor {
  const head = line.slice(0, cursor);
  const tokens = tokenizeUnfinished(head);
  const last = tokens.at(-1);
  if (last && last.end === head.length && !/^\s/.test(head.slice(last.end))) return { before: tokens.slice(0, -1), word: last };
  return { before: tokens, word: { text: '', start: head.length, end: head.length, quoted: false } };
}

/** Completions of the word that ends at `cursor`, best first. */
export async function completeLine(session: Session, line: string, cursor: number): Promise<readonly Completion[]> {
  const { before, word } = splitAtCursor(line, cursor);
  if (before.length === 0) return wordCompletions(session.chain, [], word, [...session.aliases]);
  const resolution = session.resolve(before);
  if (resolution.kind === 'enter') return wordCompletions(resolution.chain, [], word, []);
  if (resolution.kind === 'listing') return resolution.asked ? [] : wordCompletions(resolution.chain, resolution.words, word, []);
  const command = await resolution.row.load();
  if (resolution.raw) {
    const words = resolution.rest.map(({ text }) => text);
    return place((await command.complete?.(words, word.text, session)) ?? [], word, '');
  }
  return tagCompletions(session, command.tags, resolution.rest, word);
}

function wordCompletions(
  chain: ContextChain,
  words: readonly string[],
  word: Token,
  aliases: readonly (readonly [string, string])[],
): readonly Completion[] {
  const candidates = new Map<string, Candidate>();
  const add = (candidate: Candidate) => {
    if (!candidates.has(candidate.label)) candidates.set(candidate.label, candidate);
  };
  for (let level = 0; level < chain.length; level++) {
    const context: ContextDefinition = chain[level]!;
    const node = words.reduce<WordNode | undefined>((current, name) => current?.children.get(name), wordTree(context));
    for (const [name, child] of node?.children ?? []) {
      const kind = child.row ? 'command' : 'group';
      add({ label: name, kind, description: child.row?.summary ?? context.groups[[...words, name].join(' ')] ?? '', final: true });
    }
    if (words.length > 0) continue;
    for (const inner of context.contexts) {
      add({ label: inner.name, kind: 'context', description: changesContext(contextPath([inner, ...chain.slice(level)])), final: true });
    }
  }
  for (const [name, text] of aliases) add({ label: name, kind: 'alias', description: text, final: true });
  return place(startingWith([...candidates.values()], word.text), word, '');
}

/** Which tags the words have filled so far; wrong words are passed over. */
export function filledTags(tags: readonly Tag[], tokens: readonly Token[]): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const token of tokens) {
    if (token.equals === undefined) {
      const open = firstOpenTag(tags, values);
      if (open && open.type !== 'rest') values[open.name] = token.text;
    } else {
      const name = tagNamed(tags, token.text.slice(0, token.equals))?.name;
      if (name !== undefined) values[name] = token.text.slice(token.equals + 1);
    }
  }
  return values;
}

export function tagNamed(tags: readonly Tag[], typed: string): Tag | undefined {
  const matches = matchPrefix(
    typed,
    tags.map((tag) => tag.name),
  );
  return matches.length === 1 ? tags.find((tag) => tag.name === matches[0]) : undefined;
}

async function tagCompletions(session: Session, tags: readonly Tag[], rest: readonly Token[], word: Token): Promise<readonly Completion[]> {
  const filled = filledTags(tags, rest);
  if (word.equals !== undefined) {
    const tag = tagNamed(tags, word.text.slice(0, word.equals));
    if (!tag) return [];
    const typed = word.text.slice(word.equals + 1);
    return place(await valuesOf(session, tag, tags, filled, typed), word, word.text.slice(0, word.equals + 1));
  }
  const open = firstOpenTag(tags, filled);
  const values = open ? place(await valuesOf(session, open, tags, filled, word.text), word, '') : [];
  const names: Candidate[] = tags
    .filter((tag) => tag.type !== 'rest' && !(tag.name in filled))
    .map((tag) => ({ label: `${tag.name}=`, kind: 'tag', description: tag.help.split('\n', 1)[0]!, final: false }));
  return [...values, ...place(startingWith(names, word.text), word, '')];
}

async function valuesOf(
  session: Session,
  tag: Tag,
  tags: readonly Tag[],
  filled: Readonly<Record<string, string>>,
  typed: string,
): Promise<readonly Candidate[]> {
  if (typeof tag.type !== 'string') {
    return startingWith(
      tag.type.map((label) => ({ label, kind: 'value', description: '', final: true })),
      typed,
    );
  }
  if (tag.type === 'file') return fileNames(session, typed);
  if (tag.names !== undefined) {
    const { runtimeNames } = await import('./runtime-names.ts');
    // A store that cannot be read has no names; the next command says why.
    const names = await runtimeNames(session, tag.names).catch(() => []);
    return startingWith(
      names.map(({ name, description }) => ({ label: name, kind: 'value', description, final: true })),
      typed,
    );
  }
  const fileTag = tags.find((candidate) => candidate.type === 'file');
  const path = fileTag && filled[fileTag.name];
  if ((tag.type === 'section' || tag.type === 'program') && path !== undefined) {
    const { namesInObject } = await import('./object-names.ts');
    // A file that cannot be read has no names; the tags are offered all the same.
    const names = await namesInObject(session.host, path, tag.type, filled['section']).catch(() => []);
    return startingWith(
      names.map(({ name, description }) => ({ label: name, kind: tag.type as 'section' | 'program', description, final: true })),
      typed,
    );
  }
  if (tag.type === 'program-type') {
    const { programTypeNames } = await import('./platforms.ts');
    const names = await programTypeNames(filled['platform']?.toLowerCase().startsWith('l') ? 'linux' : 'windows');
    return startingWith(
      names.map((label) => ({ label, kind: 'value', description: '', final: true })),
      typed,
    );
  }
  return [];
}

/** Files and directories that continue a path; objects first, hidden names only when asked for. */
export async function fileNames(session: Session, typed: string): Promise<readonly Candidate[]> {
  const split = Math.max(typed.lastIndexOf('/'), typed.lastIndexOf('\\')) + 1;
  const directory = typed.slice(0, split);
  const base = typed.slice(split);
  const entries = await session.host.listDirectory(directory === '' ? '.' : directory);
  const separator = directory.endsWith('\\') ? '\\' : '/';
  return entries
    .filter((entry) => entry.name.startsWith(base) && (base !== '' || !entry.name.startsWith('.')))
    .toSorted((a, b) => fileRank(a.name, a.directory) - fileRank(b.name, b.directory) || (a.name < b.name ? -1 : 1))
    .map(({ name, directory: isDirectory }) => ({
      label: directory + name + (isDirectory ? separator : ''),
      kind: isDirectory ? 'directory' : 'file',
      description: '',
      final: !isDirectory,
    }));
}

function fileRank(name: string, directory: boolean): number {
  if (directory) return 1;
  return name.endsWith('.o') || name.endsWith('.wasm') ? 0 : 2;
}

export function startingWith(candidates: readonly Candidate[], typed: string): readonly Candidate[] {
  const wanted = typed.toLowerCase();
  return candidates.filter((candidate) => candidate.label.toLowerCase().startsWith(wanted));
}

function place(candidates: readonly Candidate[], word: Token, prefix: string): readonly Completion[] {
  return candidates.map(({ label, kind, description, final }) => ({
    value: prefix + (/[\s"]/.test(label) ? `"${label}${final ? '"' : ''}` : label),
    label,
    kind,
    description,
    start: word.start,
    end: word.end,
    final,
  }));
}
