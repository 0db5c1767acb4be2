import type { Command } from './command.ts';

/** A line of a context's table of contents. The command itself is imported when it is first needed. */
export interface CommandRow {
  /** One or more words: 'show sections'. All words but the last name groups. */
  readonly words: string;
  /** One line for listings. */
  readonly summary: string;
  /** It changes something outside the session, so it waits for `commit` in offline mode. */
  readonly changes?: boolean;
  /** It enters or leaves contexts, or is over before anyone could send it to the background. */
  readonly staysInFront?: boolean;
  load(): Promise<Command>;
}

/** A command with a grammar of its own: its tag `words` gets everything that follows, as it stands. */
export interface RawRow extends CommandRow {
  /** Whether a line that begins with this word is its. */
  takes(word: string): boolean;
}

export interface ContextDefinition {
  /** The word that enters it and stands in the prompt. */
  readonly name: string;
  readonly commands: readonly CommandRow[];
  /** Asked before `commands`. */
  readonly raw?: RawRow;
  /** The helper's id in `show helper`. */
  readonly guid?: string;
  /** Contexts below it that can be entered by name. */
  readonly contexts: readonly ContextDefinition[];
  /** What a group of commands does, by its words: 'show' -> 'Displays information.'. */
  readonly groups: Readonly<Record<string, string>>;
}

/** A context that was entered, with the state that its commands share. */
export interface ContextFrame {
  readonly definition: ContextDefinition;
  readonly state: unknown;
}

/** Commands of one context as a tree of words. */
export interface WordNode {
  readonly children: ReadonlyMap<string, WordNode>;
  readonly row: CommandRow | undefined;
}

interface MutableNode extends WordNode {
  readonly children: Map<string, MutableNode>;
  row: CommandRow | undefined;
}

const trees = new WeakMap<ContextDefinition, WordNode>();

/** The context's commands by word, built once. */
export function wordTree(context: ContextDefinition): WordNode {
  let tree = trees.get(context);
  if (!tree) {
    tree = buildTree(context.commands);
    trees.set(context, tree);
  }
  return tree;
}

function buildTree(rows: readonly CommandRow[]): WordNode {
  const root: MutableNode = { children: new Map(), row: undefined };
  for (const row of rows) {
    let node = root;
    for (const word of row.words.split(' ')) {
      let child = node.children.get(word);
      if (!child) {
        child = { children: new Map(), row: undefined };
        node.children.set(word, child);
      }
      node = child;
    }
    node.row = row;
  }
  return root;
}

/** 'netsh', 'netsh ebpf': names from the outermost context. */
export function contextPath(chain: readonly ContextDefinition[]): string {
  return chain
    .map((context) => context.name)
    .reverse()
    .join(' ');
}
