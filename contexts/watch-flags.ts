import type { Host, HostBuild } from './host.ts';
import { safeFlags } from './safe-flags.ts';
import { tokenize } from './tokens.ts';

/** How a source is compiled. */
export interface CompileFlags {
  readonly flags: readonly string[];
  /** Where relative paths of the flags start; undefined: where the process runs. */
  readonly directory: string | undefined;
  /** The compile database that was used. */
  readonly database: string | undefined;
  /** Its options that are not taken over, because they might do more than compile. */
  readonly refused: readonly string[];
}

/** What every eBPF object needs; later flags override it. */
const BASE_FLAGS = ['-target', 'bpf', '-O2', '-g'] as const;
const DATABASE = 'compile_commands.json';

/**
 * Flags for a source: the base ones, those of the nearest compile_commands.json (beside the source or in a folder above it) that names the
 * source, then those of the command.
 *
 * @param source its absolute path.
 * @param extra the value of `flags=`, words separated by blanks, double quotes around those with blanks.
 */
export async function compileFlags(host: Host, build: HostBuild, source: string, extra: string | undefined): Promise<CompileFlags> {
  const own = extra === undefined ? [] : tokenize(extra).map(({ text }) => text);
  for (let folder = build.resolvePath('..', source); ; folder = build.resolvePath('..', folder)) {
    const database = build.resolvePath(DATABASE, folder);
    const found = databaseEntry(await readText(host, database), build, source, folder);
    if (found) return { flags: [...BASE_FLAGS, ...found.kept, ...own], directory: found.directory, database, refused: found.refused };
    if (folder === build.resolvePath('..', folder)) break;
  }
  return { flags: [...BASE_FLAGS, ...own], directory: undefined, database: undefined, refused: [] };
}

/** The file's text; undefined where there is none to read. */
async function readText(host: Host, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await host.readFile(path));
  } catch {
    return undefined;
  }
}

/** What a compile database (clang's "JSON Compilation Database Format Specification") says of a source; a damaged one says nothing. */
function databaseEntry(text: string | undefined, build: HostBuild, source: string, folder: string) {
  if (text === undefined) return undefined;
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(entries)) return undefined;
  for (const entry of entries as readonly unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue;
    const fields = new Map<string, unknown>(Object.entries(entry));
    const [file, directory] = [fields.get('file'), fields.get('directory')];
    if (typeof file !== 'string') continue;
    const from = typeof directory === 'string' ? build.resolvePath(directory, folder) : folder;
    if (build.resolvePath(file, from) !== source) continue;
    const words = argumentsOf(fields);
    if (words) return { ...safeFlags(withoutOutput(words.slice(1))), directory: from };
  }
  return undefined;
}

function argumentsOf(fields: ReadonlyMap<string, unknown>): readonly string[] | undefined {
  const words = fields.get('arguments');
  if (Array.isArray(words)) return words.filter((word) => typeof word === 'string');
  const command = fields.get('command');
  return typeof command === 'string' ? shellWords(command) : undefined;
}

/** Splits a command as a POSIX shell does, without its expansions: quotes group, a backslash escapes. */
export function shellWords(command: string): readonly string[] {
  const words: string[] = [];
  const pattern = /(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+/g;
  for (const [word] of command.matchAll(pattern)) {
    words.push(
      word.replace(/\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g, (_match, escaped?: string, double?: string, single?: string) => {
        return escaped ?? single ?? double!.replace(/\\(["\\$`])/g, '$1');
      }),
    );
  }
  return words;
}

/** Options that say what is written where, which is for the watching command to say; a word after them is theirs. */
const OUTPUT_OPTIONS = new Set(['-o', '-MF', '-MT', '-MQ', '-MJ']);
const OUTPUT_FLAG = /^(?:-c|-S|-E|-M|-MM|-MD|-MMD|-MP|-MG|-o.+|-M[FTQJ].+|--)$/;

function withoutOutput(words: readonly string[]): readonly string[] {
  return words.filter((word, index) => !OUTPUT_FLAG.test(word) && !OUTPUT_OPTIONS.has(word) && !OUTPUT_OPTIONS.has(words[index - 1] ?? ''));
}
