import type { ProgramType } from '../../src/platform/platform.ts';
import type { LoadedObject } from '../../src/runtime/loader.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { VerificationReport } from '../../src/verifier/report.ts';
import { load } from '../ebpf/add-program.ts';
import { CommandError } from '../errors.ts';
import { type OpenedObject, openObject } from '../objects.ts';
import { typeOfSection } from '../platforms.ts';
import type { Machine } from '../runtime.ts';
import { isImage } from '../runtime-images.ts';
import { attempt, FAILED, Failure } from './failure.ts';
import type { Replacement } from './grammar.ts';
import { namedPlatform, PLATFORM } from './platform.ts';
import { findOne } from './references.ts';
import { DONE, defineVerb, type Surroundings, type Verb } from './verb.ts';

/** `load` pins the first program at the path itself, `loadall` each below it. */
function loadVerb(word: 'load' | 'loadall', usage: string): Verb {
  return defineVerb({
    words: [word],
    usage,
    slots: [
      { kind: 'file', name: 'file' },
      { kind: 'word', name: 'path' },
      {
        kind: 'keywords',
        name: 'settings',
        rows: [
          { word: 'type', value: 'word', what: 'program type' },
          { word: 'map', value: 'replacements', what: 'map' },
          { word: 'pinmaps', value: 'word', what: 'directory for maps' },
          PLATFORM,
        ],
      },
    ],
    least: 2,
    async run({ file, path, settings }, surroundings) {
      const { machine, options, write } = surroundings;
      const opened = await open(file, settings.platform, surroundings);
      const { name } = opened.choice.platform;
      const type = settings.type === undefined ? undefined : namedType(opened, settings.type);
      const reports = isImage(opened.bytes) ? [] : await machine.desk.prepare(opened, type, surroundings, true);
      if (options.debug) write(logOf(reports), 'stderr');
      return machine.transaction(async () => {
        const runtime = machine.runtime(name);
        const reuse = replacementsFor(machine, runtime, opened, settings.map ?? []);
        machine.freshIds(runtime);
        const loaded = await loadAll(machine, runtime, opened, type, reports, reuse);
        try {
          pinAll(runtime, loaded, word, path, settings.pinmaps);
        } finally {
          // bpftool ends here, and its handles with it: the pins keep what they name.
          machine.release((candidate) => candidate === loaded);
        }
        return DONE;
      }, [name]);
    },
  });
}

export const progLoad = loadVerb(
  'load',
  `{ load | loadall } OBJ  PATH \\
                         [type TYPE] \\
                         [map { idx IDX | name NAME } MAP] \\
                         [platform { windows | linux }] \\
                         [pinmaps MAP_DIR]`,
);
/** Its usage stands with `load`. */
export const progLoadAll = loadVerb('loadall', '');

/** What libbpf would log of programs that pass. */
function logOf(reports: readonly VerificationReport[]): string {
  return reports.map(({ program, section, verdict }) => `libbpf: prog '${program}': section '${section}': ${verdict}\n`).join('');
}

async function open(file: string, platform: string | undefined, { host }: Surroundings): Promise<OpenedObject> {
  const asked = platform === undefined ? undefined : namedPlatform(platform);
  try {
    return await openObject(host, file, asked);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Failure('failed to open object file', { details: `libbpf: ${error.message}\n` });
  }
}

/** `type` is a section name as libbpf knows it. */
function namedType({ bytes, choice: { platform } }: OpenedObject, name: string): ProgramType {
  if (isImage(bytes))
    throw new Failure('failed to load object file', { details: 'libbpf: the type of a native image was settled when it was made\n' });
  const type = typeOfSection(platform, name) ?? typeOfSection(platform, `${name}/`);
  if (!type) throw new Failure(`unknown program type '${name}'`);
  return type;
}

/** Maps that stand in for the object's, by name. */
function replacementsFor(machine: Machine, runtime: Runtime, { object }: OpenedObject, given: readonly Replacement[]): ReadonlyMap<string, number> {
  const reuse = new Map<string, number>();
  for (const { which, map } of given) {
    const index = 'index' in which ? which.index : object.maps.findIndex(({ name }) => name === which.name);
    const definition = object.maps[index];
    if (!definition) throw new Failure('index' in which ? `map idx '${which.index}' not used` : `unable to find map '${which.name}'`);
    if (reuse.has(definition.name)) throw new Failure(`replacement for map idx ${index} specified more than once`);
    const found = findOne(machine, 'map', map);
    if (found.runtime !== runtime) throw new Failure(`unable to set up map reuse: map ${found.object.id} belongs to ${found.runtime.platform.title}`);
    reuse.set(definition.name, found.object.id);
  }
  return reuse;
}

async function loadAll(
  machine: Machine,
  runtime: Runtime,
  opened: OpenedObject,
  type: ProgramType | undefined,
  reports: readonly VerificationReport[],
  reuse: ReadonlyMap<string, number>,
): Promise<LoadedObject> {
  try {
    return await load(machine, runtime, opened, undefined, type, reports, reuse);
  } catch (error) {
    if (!(error instanceof CommandError) || error.kind === 'cancelled') throw error;
    throw new Failure('failed to load object file', { details: `libbpf: ${error.message}\n` });
  }
}

function pinAll(runtime: Runtime, { programs, maps }: LoadedObject, word: 'load' | 'loadall', path: string, mapDirectory: string | undefined): void {
  const [first] = programs;
  if (!first) throw new Failure(`object file doesn't contain any bpf program`);
  const made: string[] = [];
  const pin = (doing: string, id: number, where: string) => made.push(attempt(doing, () => runtime.pin(id, where), FAILED));
  try {
    if (word === 'load') pin(`failed to pin program ${first.section}`, first.id, path);
    else for (const program of programs) pin('failed to pin all programs', program.id, `${path}/${leafOf(runtime, program)}`);
    if (mapDirectory === undefined) return;
    for (const map of maps) if (map) pin('failed to pin all maps', map.id, `${mapDirectory}/${map.name.replaceAll('.', '_')}`);
  } catch (error) {
    for (const canonical of made) runtime.unpin(canonical);
    throw error;
  }
}

/** libbpf's older naming, which Windows kept, goes by the section; the newer by the program. */
function leafOf(runtime: Runtime, { section, name }: BpfProgram): string {
  return (runtime.platform.name === 'windows' ? section : name).replaceAll('/', '_');
}
