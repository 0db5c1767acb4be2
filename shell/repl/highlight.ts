/** Which look each word of the input gets. The session is asked once per word; until it answers, the word is plain. */
import type { Completion, CompletionKind, SessionView } from '../../contexts/session-types.ts';
import type { Span } from './frame.ts';
import type { Role } from './theme.ts';

/** What a word turned out to be. */
type WordRole = Extract<Role, 'command' | 'unknown' | 'tag' | 'value'>;

export interface Highlighter {
  /** Looks of the words of `line`, as far as they are known now; asks for the others. */
  spans(line: string): Span[];
  /** Forgets all answers: the context or the aliases may have changed. */
  reset(): void;
}

const ROLE_OF_KIND: Readonly<Record<CompletionKind, WordRole>> = {
  command: 'command',
  group: 'command',
  context: 'command',
  alias: 'command',
  tag: 'tag',
  value: 'value',
  file: 'value',
  directory: 'value',
  section: 'value',
  program: 'value',
};

/** Words that ask for help wherever they stand. */
const HELP = /^(?:\?|\/\?|-\?|help)$/i;
const WORD = /(?:"[^"]*"?|[^\s"])+/g;

function roleOf(completions: readonly Completion[]): WordRole | undefined {
  const roles = new Set(completions.map((completion) => ROLE_OF_KIND[completion.kind]));
  return (['command', 'value', 'tag'] as const).find((role) => roles.has(role));
}

/** The role of the word that ends `prefix`. */
async function ask(session: SessionView, prefix: string): Promise<WordRole> {
  const role = roleOf(await session.complete(prefix, prefix.length));
  if (role !== undefined) return role;
  // Nothing completes it: inside a command it is some value of the person's own, elsewhere no command has this name.
  const hint = await session.helpAt(prefix, prefix.length);
  return hint !== undefined && hint.usage !== '' ? 'value' : 'unknown';
}

/** `session` gives the session once there is one; `onAnswer` is called when a word got its look. */
export function createHighlighter(session: () => SessionView | undefined, onAnswer: () => void): Highlighter {
  let roles = new Map<string, WordRole | undefined>();

  function lookUp(prefix: string): WordRole | undefined {
    if (roles.has(prefix)) return roles.get(prefix);
    const view = session();
    if (view === undefined) return undefined;
    const asked = roles;
    // Until the answer is there the word keeps the look it had one letter earlier, so that typing does not flicker.
    asked.set(prefix, /\s.$/u.test(prefix) ? undefined : asked.get(prefix.slice(0, -1)));
    void ask(view, prefix).then((role) => {
      asked.set(prefix, role);
      if (asked === roles) onAnswer();
    });
    return asked.get(prefix);
  }

  return {
    spans(line) {
      const spans: Span[] = [];
      for (const match of line.matchAll(WORD)) {
        const [word] = match;
        const start = match.index;
        const end = start + word.length;
        const equals = word.indexOf('=');
        if (equals > 0 && spans.length > 0) {
          spans.push({ start, end: start + equals + 1, role: 'tag' }, { start: start + equals + 1, end, role: 'value' });
          continue;
        }
        const role = HELP.test(word) ? 'command' : lookUp(line.slice(0, end));
        if (role !== undefined) spans.push({ start, end, role });
      }
      return spans;
    },
    reset() {
      roles = new Map();
    },
  };
}
