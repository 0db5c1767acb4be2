import packageData from '../../package.json' with { type: 'json' };
import { scriptLines } from '../script.ts';
import { Failure, failureOf } from './failure.ts';
import { readInput } from './files.ts';
import { foreignObject, foreignVerb } from './foreign.ts';
import { firstMatch, parseSlots, Words } from './grammar.ts';
import { objectHelp, overview } from './help.ts';
import { compactJson, type Json, prettyJson } from './json.ts';
import { type ObjectRow, objects } from './objects.ts';
import { type Options, takeOptions } from './options.ts';
import type { Answer, Surroundings } from './verb.ts';

/** The release of bpftool whose grammar and output these are. */
const LIKE_BPFTOOL = '7.1.0';
const BATCH_NESTING = 8;
/** Words for help that netsh's users type. */
const HELP_WORDS = new Set(['?', '/?', '-?']);

/** What a line begins with, in the order in which bpftool tries them. */
const OBJECTS = ['help', 'batch', 'prog', 'map', 'link', 'net', 'version'] as const;

/** What a whole line printed, on both streams. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Runs the words after `bpftool`. Errors that are the user's are part of what is printed. @throws what else goes wrong. */
export async function runLine(words: readonly string[], surroundings: Surroundings): Promise<Printed> {
  let options = surroundings.options;
  try {
    const taken = takeOptions(words, options);
    options = taken.options;
    const answer = await evaluate(taken.rest, { ...surroundings, options }, 0);
    return {
      stdout: options.json ? render(answer.json, options) : answer.text,
      stderr: options.json ? '' : (answer.note ?? ''),
      exitCode: answer.exitCode ?? 0,
    };
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    const { message, details, exitCode } = failure;
    if (options.json) return { stdout: render({ error: message }, options), stderr: details, exitCode };
    return { stdout: '', stderr: `${details}Error: ${message}\n`, exitCode };
  }
}

function render(json: Json, { pretty }: Options): string {
  return `${pretty ? prettyJson(json) : compactJson(json)}\n`;
}

/** @throws Failure, CommandError. */
async function evaluate(words: readonly string[], surroundings: Surroundings, depth: number): Promise<Answer> {
  const [first = 'help', ...rest] = words;
  const { options } = surroundings;
  if (options.version) return version(options);
  const object = HELP_WORDS.has(first) || options.help ? 'help' : firstMatch(first, OBJECTS);
  const foreign = object === undefined ? foreignObject(first) : undefined;
  if (foreign !== undefined) throw new Failure(foreign);
  if (object === undefined) throw new Failure(`unknown object '${first}'`, { details: options.json ? '' : overview() });
  if (object === 'help') return { json: null, text: overview() };
  if (object === 'version') return version(options);
  if (object === 'batch') return batch(rest, surroundings, depth);
  return verb(objects.find(({ name }) => name === object)!, rest, surroundings);
}

async function verb(row: ObjectRow, words: readonly string[], surroundings: Surroundings): Promise<Answer> {
  const [typed, ...rest] = words;
  // As in bpftool, "show" and "list" come before "help".
  const found = typed === undefined ? row.verbs[0] : row.verbs.find((candidate) => firstMatch(typed, candidate.words) !== undefined);
  if (typed !== undefined && (HELP_WORDS.has(typed) || HELP_WORDS.has(rest.at(-1) ?? '') || (!found && firstMatch(typed, ['help'])))) {
    return { json: null, text: objectHelp(row) };
  }
  if (!found) {
    const foreign = foreignVerb(row.name, typed ?? '');
    if (foreign !== undefined) throw new Failure(foreign);
    const details = surroundings.options.json ? '' : objectHelp(row);
    throw new Failure(`unknown command '${row.name} ${typed}'`, { details });
  }
  const values = parseSlots(found.slots, new Words(rest, typed ?? row.name), found.least);
  return found.run(values, surroundings);
}

function version({ legacy }: Options): Answer {
  const features = { libbfd: false, libbpf_strict: !legacy, skeletons: false };
  const present = Object.entries(features).flatMap(([name, on]) => (on ? [name] : []));
  return {
    json: { version: LIKE_BPFTOOL, ebpfsh_version: packageData.version, features },
    text: `bpftool v${LIKE_BPFTOOL}\nusing ebpfsh v${packageData.version}\nfeatures:${present.map((name) => ` ${name}`).join('')}\n`,
  };
}

/** `batch file FILE`: lines of commands, up to the first that fails. `#` begins a comment, a backslash at the end continues a line. */
async function batch(words: readonly string[], surroundings: Surroundings, depth: number): Promise<Answer> {
  const [keyword, path, extra] = words;
  if (keyword === undefined || path === undefined) throw new Failure('too few parameters for batch');
  if (firstMatch(keyword, ['file']) === undefined) throw new Failure(`expected 'file', got: ${keyword}`);
  if (extra !== undefined) throw new Failure('too many parameters for batch');
  if (depth >= BATCH_NESTING) throw new Failure(`batch files are nested more than ${BATCH_NESTING} deep at ${path}`);
  const commands = await readBatch(path, surroundings);
  const outputs: { command: readonly string[]; output: Json }[] = [];
  let text = '';
  for (const command of commands) {
    try {
      const answer = await evaluate(command, surroundings, depth + 1);
      text += answer.text;
      outputs.push({ command, output: answer.json });
      if (answer.exitCode) return { ...answer, json: outputs, text };
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      outputs.push({ command, output: { error: failure.message } });
      return { json: outputs, text, note: `${failure.details}Error: ${failure.message}\n`, exitCode: failure.exitCode };
    }
  }
  return { json: outputs, text: `${text}processed ${commands.length} commands\n` };
}

async function readBatch(path: string, { host }: Surroundings): Promise<readonly (readonly string[])[]> {
  const commands: string[][] = [];
  let open = false;
  for (const line of scriptLines(await readInput(host, path, `Can't open file (${path})`), path)) {
    const continues = line.endsWith('\\');
    const words = batchWords((continues ? line.slice(0, -1) : line).replace(/(^|\s)#.*$/, ''), commands.length + 1);
    if (open) commands.at(-1)!.push(...words);
    else commands.push(words);
    open = continues;
  }
  return commands.filter((words) => words.length > 0);
}

/** Blanks separate words; one that begins with a quotation mark of either kind goes on to the next. @throws Failure. */
function batchWords(line: string, number: number): string[] {
  return Array.from(line.matchAll(/'([^']*)'|"([^"]*)"|(['"])|(\S+)/g), ([, single, double, open, plain]) => {
    if (open !== undefined) throw new Failure(`unterminated quoted string in command ${number}`);
    return single ?? double ?? plain!;
  });
}
