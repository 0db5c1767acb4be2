import { CommandError } from './errors.ts';
import type { Host } from './host.ts';
import type { RuntimeNames } from './runtime-names.ts';
import type { Session } from './session.ts';
import type { CompletionKind, ExecuteIo, Outcome, OutputStream, Progress } from './session-types.ts';

/**
 * What a tag accepts. A list of words is an enumeration, matched by unambiguous prefix. `integer`: decimal or 0x, at least 0.
 * `file`, `section`, `program` and `program-type` are strings that completion knows how to find. `rest` takes every remaining word.
 */
export type TagType = 'string' | 'integer' | 'file' | 'section' | 'program' | 'program-type' | 'rest' | readonly string[];

export interface Tag {
  readonly name: string;
  readonly type: TagType;
  readonly required?: boolean;
  /** Only by `name=value`, never by position: the tags that netsh's own command does not have. */
  readonly named?: boolean;
  /** What completion offers as values. */
  readonly names?: RuntimeNames;
  /** What the usage line shows for the value, where `<string>` or `<integer>` says too little. */
  readonly placeholder?: string;
  /** Sentences for the parameter list; a line break continues indented. */
  readonly help: string;
}

type TagValue<T extends TagType> = T extends readonly (infer Word)[]
  ? Word
  : T extends 'integer'
    ? number
    : T extends 'rest'
      ? readonly string[]
      : string;

/** The parsed tags as the command's function sees them, derived from its tag table. */
export type TagValues<Tags extends readonly Tag[]> = {
  readonly [T in Tags[number] as T extends { readonly required: true } ? T['name'] : never]: TagValue<T['type']>;
} & {
  readonly [T in Tags[number] as T extends { readonly required: true } ? never : T['name']]?: TagValue<T['type']>;
};

/** Parsed tags by name, before they are typed. */
export type ParsedTags = Readonly<Record<string, string | number | readonly string[]>>;

/** Text for one stream. */
export interface Fragment {
  readonly stream: OutputStream;
  readonly text: string;
}

/** What a command sees of its surroundings. */
export interface Environment {
  readonly session: Session;
  readonly host: Host;
  /** The state of the context frame that the command belongs to (`Session.enter`), undefined where it has none. */
  readonly state: unknown;
  readonly signal: AbortSignal;
  /** For commands that run other lines. */
  readonly io: ExecuteIo;
  progress(progress: Progress): void;
  /** One line for somebody who does something else meanwhile. */
  announce(news: string): void;
  /** For commands that speak while they work (scripts, traces); everything else returns its result. */
  write(text: string, stream: OutputStream): void;
}

interface CommandBody<Tags extends readonly Tag[], Result> {
  readonly tags: Tags;
  readonly remarks?: string;
  readonly examples?: readonly string[];
  /** @throws UsageError, CommandError, or an error of `src` that `describeError` words. */
  run(tags: TagValues<Tags>, environment: Environment): Promise<Result> | Result;
  /** The result in words. A plain string is for standard output. */
  text(result: Result, tags: TagValues<Tags>): string | readonly Fragment[];
  /** The result as JSON; a command that has it gets the tag `format=text|json`. */
  json?(result: Result, tags: TagValues<Tags>): unknown;
  /** 0 unless the result itself is a failure; `exit` closes the shell. */
  outcome?(result: Result): Outcome;
}

/** One way to go on, before it is placed in the line. */
export interface Candidate {
  readonly label: string;
  readonly kind: CompletionKind;
  readonly description: string;
  readonly final: boolean;
}

/** A command whose types are hidden, as the engine runs it. */
export interface Command {
  readonly tags: readonly Tag[];
  readonly remarks: string | undefined;
  readonly examples: readonly string[];
  /** For raw rows: how the word after `words` may go on. */
  complete?(words: readonly string[], word: string, session: Session): Promise<readonly Candidate[]>;
  execute(tags: ParsedTags, environment: Environment): Promise<Outcome>;
}

/** Added to every command that has a JSON form. */
export const FORMAT_TAG = {
  name: 'format',
  type: ['text', 'json'],
  named: true,
  help: 'Form of the output: text for people, json for programs.\nThe default is text.',
} as const satisfies Tag;

/** Makes a command of its data and functions. Parsed tags have been checked against `tags`, so they are what `run` expects. */
export function defineCommand<const Tags extends readonly Tag[], Result>(body: CommandBody<Tags, Result>): Command {
  return {
    // A command with further forms brings a `format` of its own.
    tags: body.json && !body.tags.some(({ name }) => name === FORMAT_TAG.name) ? [...body.tags, FORMAT_TAG] : body.tags,
    remarks: body.remarks,
    examples: body.examples ?? [],
    async execute(parsed, environment) {
      const tags = parsed as TagValues<Tags>;
      const result = await body.run(tags, environment);
      if (environment.signal.aborted) throw new CommandError('cancelled', 'The command was cancelled.');
      if (body.json && parsed['format'] === 'json') {
        environment.write(`${JSON.stringify(body.json(result, tags))}\n`, 'stdout');
      } else {
        const text = body.text(result, tags);
        const fragments: readonly Fragment[] = typeof text === 'string' ? [{ stream: 'stdout', text }] : text;
        for (const fragment of fragments) if (fragment.text !== '') environment.write(fragment.text, fragment.stream);
      }
      return body.outcome?.(result) ?? SUCCESS;
    },
  };
}

export const SUCCESS: Outcome = { exitCode: 0 };
