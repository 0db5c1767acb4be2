import type { ObjectProgram } from '../../src/object/object-file.ts';
import { defineCommand, type Environment, FORMAT_TAG } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import type { HostBuild } from '../host.ts';
import { PARAMETER_INCORRECT } from '../messages.ts';
import { openObject, selectPrograms } from '../objects.ts';
import { platformNote } from '../platforms.ts';
import { sourceAt } from '../render/source.ts';
import { type ExplainedReport, verifyPrograms } from '../verify.ts';
import { compareVerdicts, type WatchedFailure } from '../watch-compare.ts';
import { compileFlags } from '../watch-flags.ts';
import { type Look, lookJson, lookNews, lookText, refusedText, watchingText } from '../watch-text.ts';
import { FILENAME, PLATFORM, SECTION } from './tags.ts';

const SOURCE = /\.c$/i;

interface Asked {
  readonly filename: string;
  readonly section?: string;
  readonly flags?: string;
  readonly platform?: 'windows' | 'linux';
}

export const command = defineCommand({
  tags: [
    { ...FILENAME, help: 'A C source, compiled with clang at every change of it or its headers;\nor an eBPF object that something else builds.' },
    SECTION,
    {
      name: 'flags',
      type: 'string',
      named: true,
      help: 'Words for clang besides -target bpf -O2 -g and what the nearest\ncompile_commands.json says, for example flags="-Iinclude -DDEBUG".',
    },
    PLATFORM,
    { ...FORMAT_TAG, help: 'text, or json: one line for every verdict.\nThe default is text.' },
  ],
  remarks:
    'It shows which failed checks are fixed, new or have moved since the last verdict, until Ctrl-C ends it. In the background (Ctrl-B, or & at the end) each verdict is told in one line; fg brings it back.',
  examples: ['watch samples/droppacket_unsafe.c', 'watch samples/droppacket.o xdp', 'watch prog.c flags="-Iinclude -Wall" &'],
  async run(tags, environment) {
    if (tags.flags !== undefined && !SOURCE.test(tags.filename)) {
      throw new UsageError(`flags= is for a C source; ${tags.filename} is not compiled.\n${PARAMETER_INCORRECT}`);
    }
    const build = await environment.host.loadBuild?.();
    if (!build) throw new CommandError('watch', 'error: files cannot be watched here');
    await watchFile(tags, tags.format ?? 'text', build, environment);
  },
  text: () => '',
});

/** Looks, tells, and waits for the next change, until the signal is aborted. */
async function watchFile(asked: Asked, format: 'text' | 'json', build: HostBuild, environment: Environment): Promise<void> {
  const { signal, write, progress, announce } = environment;
  const path = build.resolvePath(asked.filename);
  const watch = build.watch([path]);
  try {
    let inputs: readonly string[] = [path];
    let changed: readonly string[] | undefined;
    let last: readonly WatchedFailure[] | undefined;
    for (;;) {
      const look = await lookOnce(asked, path, build, environment).catch((error: unknown) => unreadable(error, changed === undefined));
      if (look.inputs.length > 0) inputs = look.inputs;
      const change = look.failures && compareVerdicts(last ?? [], look.failures);
      const told = { look, change, changed, first: last === undefined };
      last = look.failures ?? last;
      if (format === 'json') write(`${JSON.stringify(lookJson(told))}\n`, 'stdout');
      else {
        if (changed === undefined) write(watchingText(asked.filename, inputs.length - 1), 'stdout');
        for (const { stream, text } of lookText(told)) write(text, stream);
      }
      announce(lookNews(asked.filename, told));
      progress({ title: 'waiting for a change' });
      changed = await watch.next(inputs, signal);
    }
  } finally {
    watch.close();
  }
}

/** A file that is being written may be gone or cut short for a moment: that is told, and the next change is waited for. */
function unreadable(error: unknown, first: boolean): Look {
  if (!(error instanceof CommandError) || error.kind === 'clang' || error.kind === 'cancelled' || (first && error.kind === 'file')) throw error;
  return { inputs: [], messages: `${error.message}\n`, note: '', programs: undefined, failures: undefined };
}

async function lookOnce(asked: Asked, path: string, build: HostBuild, { host, signal, progress }: Environment): Promise<Look> {
  let inputs: readonly string[] = [path];
  let messages = '';
  let bytes: Uint8Array | undefined;
  if (SOURCE.test(path)) {
    await host.readFile(asked.filename);
    const { flags, directory, database, refused } = await compileFlags(host, build, path, asked.flags);
    const compiled = await build.compile({ source: directory === undefined ? asked.filename : path, flags, directory, signal });
    messages = `${refusedText(refused)}${compiled.messages}`;
    inputs = compiled.inputs.length === 0 ? [] : [...new Set([path, ...compiled.inputs, ...(database === undefined ? [] : [database])])];
    if (!compiled.object) return { inputs, messages, note: '', programs: undefined, failures: undefined };
    bytes = compiled.object;
  }
  // What was compiled is read in the place of the file that was named.
  const reader = bytes === undefined ? host : { ...host, readFile: async () => bytes };
  const opened = await openObject(reader, asked.filename, asked.platform);
  if (opened.types) throw new CommandError('image', `error: ${asked.filename} is a native image; the object that it was made from can be verified`);
  const programs = selectPrograms(opened.object, asked, true);
  const job = { path: asked.filename, bytes: opened.bytes, platform: opened.choice.platform.name, type: undefined, precision: undefined };
  const reports = await verifyPrograms(job, opened.object, programs, host, { signal, progress });
  return {
    inputs,
    messages,
    note: platformNote(opened.choice),
    programs: reports.map(({ section, program, verdict }) => ({ section, program, verdict })),
    failures: reports.flatMap((report, index) => failuresOf(report, programs[index]!)),
  };
}

/** The failed checks of a report, or why there is no verdict. */
function failuresOf({ section, program: name, failures, error }: ExplainedReport, program: ObjectProgram): readonly WatchedFailure[] {
  const found = (id: string, message: string, instruction: number | undefined): WatchedFailure => ({
    section,
    program: name,
    id,
    message,
    instruction,
    source: instruction === undefined ? undefined : sourceAt(program, instruction),
  });
  const unjudged = error ? [found(error.kind, error.message, error.instruction)] : [];
  return [...unjudged, ...failures.map(({ id, message, instruction }) => found(id, message, instruction))];
}
