import type { Command, Tag } from './command.ts';
import { type ContextDefinition, contextPath, type WordNode, wordTree } from './context.ts';
import { changesContext, HELP_FOOTER } from './messages.ts';
import { wrap } from './render/wrap.ts';
import type { ContextChain } from './resolve.ts';

const LINE_WIDTH = 80;
/** netsh pads names to this width; longer names push the text out. */
const NAME_WIDTH = 14;

/** `[filename=]<string>`, `[[level=]normal|verbose]`, `[format=text|json]`. */
export function tagUsage(tag: Tag): string {
  const value = valueUsage(tag);
  if (tag.type === 'rest') return tag.required ? value : `[${value}]`;
  const prefix = tag.named ? `${tag.name}=` : `[${tag.name}=]`;
  return tag.required ? `${prefix}${value}` : `[${prefix}${value}]`;
}

function valueUsage(tag: Tag): string {
  if (typeof tag.type !== 'string') return tag.type.join('|');
  return `<${tag.placeholder ?? (tag.type === 'integer' ? 'integer' : 'string')}>`;
}

/** `Usage: show sections [filename=]<string> ...` on one line where it fits, else one tag per line under the first. */
export function usageText(words: string, tags: readonly Tag[]): string {
  const head = `Usage: ${words}`;
  const parts = tags.map(tagUsage);
  const line = [head, ...parts].join(' ');
  if (line.length < LINE_WIDTH || parts.length === 0) return `${line}\n`;
  return `${head} ${parts.join(`\n${' '.repeat(head.length + 1)}`)}\n`;
}

/** The long help of a command: usage, parameters, remarks, examples. */
export function commandHelp(words: string, summary: string, command: Command): string {
  const sections = [usageText(words, command.tags)];
  if (command.tags.length > 0) sections.push(`Parameters:\n\n      Tag         Value\n${command.tags.map(parameterText).join('')}`);
  sections.push(wrap(`Remarks: ${summary}${command.remarks ? ` ${command.remarks}` : ''}`, LINE_WIDTH - 1, '         '));
  if (command.examples.length > 0) sections.push(`Examples:\n\n${command.examples.map((example) => `      ${example}\n`).join('')}`);
  return `\n${sections.join('\n')}\n`;
}

function parameterText(tag: Tag): string {
  const indent = ' '.repeat(18);
  const head = `      ${tag.name.padEnd(9)} - `;
  const [first, ...more] = tag.help.split('\n').flatMap((line) =>
    wrap(line, LINE_WIDTH - 1 - head.length, '')
      .trimEnd()
      .split('\n'),
  );
  return [head + first, ...more.map((line) => indent + line)].map((line) => `${line}\n`).join('');
}

interface ListedName {
  readonly name: string;
  readonly help: string;
}

/**
 * What `?` answers in a context (`words` empty) or after a group: the inherited commands from the outermost context inward, then the
 * context's own, its sub-contexts, and how to get more help.
 */
export function listing(chain: ContextChain, words: readonly string[]): string {
  const parts: string[] = [];
  for (let level = chain.length - 1; level >= 0; level--) {
    const names = namesAt(chain, level, words);
    if (names.length === 0) continue;
    const title = level === 0 ? 'Commands in this context:' : `Commands inherited from the ${contextPath(chain.slice(level))} context:`;
    parts.push(`${title}\n${names.map(({ name, help }) => `${name.padEnd(NAME_WIDTH)} - ${help}`.trimEnd()).join('\n')}\n`);
  }
  const inner = words.length === 0 ? chain[0]!.contexts.map((context) => context.name).sort() : [];
  if (inner.length > 0) parts.push(`The following sub-contexts are available:\n ${inner.join(' ')}\n`);
  return `\nThe following commands are available:\n\n${parts.join('\n')}\n${HELP_FOOTER}`;
}

function namesAt(chain: ContextChain, level: number, words: readonly string[]): readonly ListedName[] {
  const context = chain[level]!;
  const node = words.reduce<WordNode | undefined>((current, word) => current?.children.get(word), wordTree(context));
  if (!node) return [];
  const names = words.length === 0 ? topNames(chain.slice(level), node) : groupNames(words, node);
  return names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function topNames(chain: ContextChain, node: WordNode): readonly ListedName[] {
  const context: ContextDefinition = chain[0]!;
  return [
    ...[...node.children].map(([name, child]) => ({ name, help: child.row?.summary ?? context.groups[name] ?? '' })),
    ...context.contexts.map((inner) => ({ name: inner.name, help: changesContext(contextPath([inner, ...chain])) })),
  ];
}

function groupNames(words: readonly string[], node: WordNode): readonly ListedName[] {
  return [...node.children].map(([name, child]) => ({ name: [...words, name].join(' '), help: child.row?.summary ?? '' }));
}
