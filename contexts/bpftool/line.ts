import packageData from '../../package.json' with { type: 'json' };
import { scriptLines } from '../script.ts';
import { Failure, failureOf, misunderstood } from './failure.ts';
import { foreignObject, foreignVerb } from './foreign.ts';
import { firstMatch, parseSlots, Words } from './grammar.ts';
import { objectHelp, overview } from './help.ts';
import { type Json, prettyJson } from './json.ts';
import { type ObjectRow, objects } from './objects.ts';
import { type Options, takeOptions } from './options.ts';
import { fileFailure } from './prog-run.ts';
import { type Answer, DONE, type Surroundings } from './verb.ts';

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
  readonly exitCode: 0 | 1 | 2;
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
      exitCode: answer.failed ? 1 : 0,
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
  return `${pretty ? prettyJson(json) : JSON.stringify(json)}\n`;
}

/** @throws Failure, CommandError. */
async function evaluate(words: readonly string[], surroundings: Surroundings, depth: number): Promise<Answer> {
  const [first = 'help', ...rest] = words;
  const { options } = surroundings;
  if (options.version) return version(options);
  const object = HELP_WORDS.has(first) || options.help ? 'help' : firstMatch(first, OBJECTS);
  const foreign = object === undefined ? foreignObject(first) : undefined;
  if (foreign !== undefined) throw misunderstood(foreign);
  if (object === undefined) throw new Failure(`unknown object '${first}'`, { exitCode: 2, details: options.json ? '' : overview() });
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
    if (foreign !== undefined) throw misunderstood(foreign);
    const details = surroundings.options.json ? '' : objectHelp(row);
    throw new Failure(`unknown command '${row.name} ${typed}'`, { exitCode: 2, details });
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
  if (keyword === undefined || path === undefined) throw misunderstood('too few parameters for batch');
  if (firstMatch(keyword, ['file']) === undefined) throw misunderstood(`expected 'file', got: ${keyword}`);
  if (extra !== undefined) throw misunderstood('too many parameters for batch');
  if (depth >= BATCH_NESTING) throw new Failure(`batch files are nested more than ${BATCH_NESTING} deep at ${path}`);
  const commands = await readBatch(path, surroundings);
  const outputs: { command: readonly string[]; output: Json }[] = [];
  let text = '';
  for (const command of commands) {
    try {
      const answer = await evaluate(command, surroundings, depth + 1);
      text += answer.text;
      outputs.push({ command, output: answer.json });
      if (answer.failed) return { ...answer, json: outputs, text };
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      outputs.push({ command, output: { error: failure.message } });
      return { json: outputs, text, note: `${failure.details}Error: ${failure.message}\n`, failed: true };
    }
  }
  return commands.length === 0 ? { ...DONE, json: [], note: processed(0) } : { json: outputs, text, note: processed(commands.length) };
}

function processed(count: number): string {
  return `processed ${count} commands\n`;
}

async function readBatch(path: string, { host }: Surroundings): Promise<readonly (readonly string[])[]> {
  if (path === '-') throw new Failure('standard input belongs to the shell: name a file');
  const commands: string[][] = [];
  let open = false;
  for (const line of scriptLines(await readFile(path, host), path)) {
    const continues = line.endsWith('\\');
    const words = (continues ? line.slice(0, -1) : line)
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (open) commands.at(-1)!.push(...words);
    else commands.push(words);
    open = continues;
  }
  return commands.filter((words) => words.length > 0);
}

async function readFile(path: string, host: Surroundings['host']): Promise<Uint8Array> {
  try {
    return await host.readFile(path);
  } catch (error) {
    throw fileFailure(error, path);
  }
}
