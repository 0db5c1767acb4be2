import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { ProgramType } from '../../src/platform/platform.ts';
import type { AttachParameters } from '../../src/runtime/links.ts';
import { type LoadedObject, type LoadObjectOptions, VerificationFailure } from '../../src/runtime/loader.ts';
import { type ExecutionMode, type Policy, requireAllowed } from '../../src/runtime/policy.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import { Errno, RuntimeError, resultRow } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { VerificationReport } from '../../src/verifier/report.ts';
import { defineCommand, type Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type OpenedObject, openObject } from '../objects.ts';
import { namedProgramType, platformNote, typeOfSection } from '../platforms.ts';
import { verificationText } from '../render/verification.ts';
import { type Machine, machineOf } from '../runtime.ts';
import { reason } from '../runtime-errors.ts';
import { imageObject, isImage, PolicyError, readImageForLoading, typeKey } from '../runtime-images.ts';
import { attachParameters, COMPARTMENT, INTERFACE } from './attach-parameters.ts';
import { convertObject } from './convert-object.ts';
import { PLATFORM } from './tags.ts';

const LARGEST_ID = 0x7fff_ffff;

export const command = defineCommand({
  tags: [
    { name: 'filename', type: 'file', required: true, help: 'The eBPF object: an ELF file built by clang -target bpf, or a native image (.wasm).' },
    {
      name: 'type',
      type: 'program-type',
      help: 'The type of the first program, by its name or as if it were a section name.\nThe default is what the section name stands for.',
    },
    {
      name: 'pinpath',
      type: 'string',
      help: 'Where to pin: a name for the first program, a directory for all.\nThe default is the name of the program.',
    },
    INTERFACE,
    { name: 'pinned', type: ['none', 'first', 'all'], help: 'Which programs are pinned.\nThe default is first.' },
    {
      name: 'execution',
      type: ['jit', 'interpret', 'native'],
      help: 'How the programs run.\nThe default is jit, or native where the file is an image.',
    },
    COMPARTMENT,
    { name: 'attach', type: ['all', 'first', 'none'], named: true, help: 'Which programs are attached.\nThe default is first.' },
    {
      name: 'at',
      type: 'integer',
      named: true,
      help: 'The ID from which maps and programs are numbered; dump uses it.\nThe default is the next free one.',
    },
    PLATFORM,
  ],
  remarks: 'Programs are verified before they are loaded. What is pinned or attached outlives the process; the rest ends with it.',
  examples: [
    'add program samples/droppacket.o',
    'add program samples/tail_call.o sample_ext mypins pinned=all',
    'add program samples/droppacket.o interface=1 execution=interpret',
  ],
  async run(tags, environment) {
    const opened = await open(tags.filename, tags.platform, environment);
    const { choice } = opened;
    const machine = machineOf(environment);
    const type = tags.type === undefined ? undefined : namedProgramType(choice.platform, tags.type);
    const image = isImage(opened.bytes);
    if (image && type) throw loadError(Errno.EINVAL, 'The type of a native image was settled when it was made.');
    const reports = image ? [] : await machine.desk.prepare(opened, type, environment);
    return machine.transaction(async () => {
      const runtime = machine.runtime(choice.platform.name);
      machine.freshIds(runtime);
      if (tags.at !== undefined) numberFrom(runtime, tags.at);
      const loaded = await load(machine, runtime, opened, tags.execution, type, reports);
      try {
        return { choice, ...settle(runtime, loaded, tags) };
      } catch (error) {
        undo(machine, runtime, loaded);
        throw error;
      }
    }, [choice.platform.name]);
  },
  text: ({ choice, id }) => `${platformNote(choice)}Loaded with ID ${id}\n`,
  json: ({ choice, id, programs, maps, links, pins }) => ({ schema: 1, platform: choice.platform.name, id, programs, maps, links, pins }),
});

async function open(filename: string, platform: 'windows' | 'linux' | undefined, { host }: Environment): Promise<OpenedObject> {
  try {
    return await openObject(host, filename, platform);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.kind === 'altered') throw loadError(Errno.EOTHER, error.message.replace(/^error/, 'EBPF_BLOCKED_BY_POLICY'));
    const absent = error.kind === 'file' && /no such file/i.test(error.message);
    throw new CommandError(error.kind, `error ${absent ? Errno.ENOENT : Errno.EINVAL}: could not open file${absent ? '' : `\n${error.message}`}`);
  }
}

function loadError(errno: number, detail: string): CommandError {
  return new CommandError('load', `error ${errno}: could not load program\n${detail}`);
}

function numberFrom(runtime: Runtime, id: number): void {
  const { nextId } = runtime.objects;
  if (id < nextId || id > LARGEST_ID) throw new CommandError('id', `error: IDs cannot begin at ${id}; the next free one is ${nextId}`);
  runtime.objects.reserve(id);
}

/**
 * Loads all programs of an object and keeps them with the session.
 *
 * @param reuse maps that stand in for the object's, by name.
 * @throws CommandError 'load' or 'verification'.
 */
export async function load(
  machine: Machine,
  runtime: Runtime,
  opened: OpenedObject,
  execution: ExecutionMode | undefined,
  type: ProgramType | undefined,
  reports: readonly VerificationReport[],
  reuse?: LoadObjectOptions['reuse'],
): Promise<LoadedObject> {
  try {
    const { object, options } = prepare(machine, runtime, opened, execution, type, reports);
    const loaded = await runtime.loadObject(object, reuse ? { ...options, reuse } : options);
    machine.hold(runtime, loaded);
    return loaded;
  } catch (error) {
    if (error instanceof VerificationFailure) throw verificationError(error.report as VerificationReport, opened.object.programs);
    if (error instanceof PolicyError) throw loadError(error.errno, `${reason(error)}\n${error.remedy}`);
    if (error instanceof RuntimeError) throw loadError(error.errno, reason(error));
    throw error;
  }
}

/** @throws PolicyError saying what to do instead, when a way to run is not allowed. */
function requireMode(policy: Policy, mode: ExecutionMode, path: string): void {
  const image = `ebpf convert ${path}\nmakes a signed image, which may be loaded.`;
  if (mode === 'native' && policy.hypervisorCodeIntegrity) {
    throw new PolicyError('Native code made while loading is blocked: code integrity (HVCI) is on.', image);
  }
  try {
    requireAllowed(policy, mode);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    const others = mode === 'interpret' && !policy.hypervisorCodeIntegrity ? 'execution=jit compiles it; ' : '';
    throw new PolicyError(error.message, `${others}${image}`);
  }
}

function prepare(
  machine: Machine,
  runtime: Runtime,
  { object, bytes, choice }: OpenedObject,
  execution: ExecutionMode | undefined,
  type: ProgramType | undefined,
  reports: readonly VerificationReport[],
): { object: OpenedObject['object']; options: LoadObjectOptions } {
  const { platform } = choice;
  const mode = execution ?? (isImage(bytes) ? 'native' : 'jit');
  if (isImage(bytes)) {
    if (mode !== 'native') throw new RuntimeError('EBPF_INVALID_ARGUMENT', 'A native image runs as what it is: execution=native.');
    return loadableImage(machine, runtime, bytes, object.path, object.path);
  }
  const rejected = reports.find(({ verdict }) => verdict !== 'accepted');
  // What may not run in this way is refused for that reason, whatever its code is like.
  requireMode(runtime.policy, mode, object.path);
  if (mode === 'native' && !rejected) {
    const types = new Map(reports.map((report) => [report.program, report.programType]));
    const image = convertObject(object, bytes, platform, types, machine.keys.signingKey());
    return loadableImage(machine, runtime, image, object.path, object.path);
  }
  const programTypes = new Map(
    reports.flatMap(({ program, programType }) => {
      const found = platform.programTypes.find(({ name }) => name === programType);
      return found && typeOfSection(platform, object.programs.find(({ name }) => name === program)?.section ?? '') !== found
        ? [[program, found] as const]
        : [];
    }),
  );
  return { object, options: { bytes, mode, programTypes, ...(type ? { programType: type } : {}) } };
}

/** An image that the policy lets in, with its programs vouched for and their types from its metadata. */
function loadableImage(machine: Machine, runtime: Runtime, bytes: Uint8Array, path: string, name: string) {
  const image = readImageForLoading(bytes, path, runtime.policy, machine.keys.trusted());
  const object = { ...imageObject(image, bytes), path: name };
  for (const program of object.programs) machine.desk.vouch(program);
  const programTypes = new Map(
    object.programs.flatMap((program) => {
      const found = runtime.platform.programTypes.find((type) => type.name === image.manifest.metadata[typeKey(program.name)]);
      return found ? [[program.name, found] as const] : [];
    }),
  );
  return { object, options: { bytes, mode: 'native', programTypes } satisfies LoadObjectOptions };
}

function verificationError(report: VerificationReport, programs: readonly ObjectProgram[]): CommandError {
  const program = programs.find(({ name, section }) => name === report.program && section === report.section)!;
  const [text] = verificationText([{ report, program, typeInferred: false }], 'normal');
  return loadError(Errno.EACCES, text!.text.trimEnd());
}

interface Settings {
  readonly pinpath?: string;
  readonly interface?: string;
  readonly compartment?: number;
  readonly pinned?: 'none' | 'first' | 'all';
  readonly attach?: 'all' | 'first' | 'none';
}

/** Attaches and pins what was loaded. */
function settle(runtime: Runtime, { programs, maps }: LoadedObject, tags: Settings) {
  const [first] = programs;
  if (!first) throw new CommandError('object', 'error: No programs found');
  const parameters = attachParameters(runtime, first.type, tags);
  const attached = { all: programs, first: [first], none: [] }[tags.attach ?? 'first'];
  const links = attached.map((program) => attach(runtime, program, parameters));
  const pinned = { all: programs, first: [first], none: [] }[tags.pinned ?? 'first'];
  const pins = pinned.map((program) => pin(runtime, program, pinPath(runtime, program, tags)));
  return {
    id: first.id,
    programs: programs.map(({ id, name, section, type, mode }) => ({ id, name, section, type: type.name, mode })),
    maps: maps.flatMap((map) => (map ? [{ id: map.id, name: map.name }] : [])),
    links,
    pins,
  };
}

/** Takes back what a failed command attached, pinned and loaded. */
function undo(machine: Machine, runtime: Runtime, loaded: LoadedObject): void {
  const ids = new Set(loaded.programs.map(({ id }) => id));
  for (const link of runtime.links()) if (ids.has(link.programId)) runtime.detach(link.id);
  for (const id of ids) runtime.unpinAll(id);
  machine.release((candidate) => candidate === loaded);
}

function attach(runtime: Runtime, program: BpfProgram, parameters: AttachParameters) {
  try {
    const link = runtime.attach(program.id, program.attachType, parameters, { legacy: true });
    // The attachment itself keeps the link from now on.
    runtime.closeHandle(link.id);
    return { id: link.id, program: program.id, attachType: link.attachType.name };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw new CommandError('attach', `error ${resultRow(error.result).value}: could not attach program\n${reason(error)}${hintFor(program)}`);
  }
}

/** What to do with a program that nothing here attaches. */
function hintFor({ attachType, section, type }: BpfProgram): string {
  if (attachType !== undefined) return '';
  if (type.name === 'unspec') return `\nSection ${section} does not tell what it is for: type= does, or attach=none.`;
  return `\nPrograms of type ${type.name} have no hook here: attach=none loads them and pins them as pinned= says.`;
}

function pinPath(runtime: Runtime, program: BpfProgram, { pinned = 'first', pinpath = '' }: Settings): string {
  if (pinned === 'first') return pinpath === '' ? program.name : pinpath;
  const leaf = (runtime.platform.name === 'windows' ? program.section : program.name).replaceAll('/', '_');
  return pinpath === '' ? leaf : `${pinpath}/${leaf}`;
}

function pin(runtime: Runtime, program: BpfProgram, path: string) {
  try {
    return { path: runtime.pin(program.id, path), id: program.id };
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    throw new CommandError('pin', `error ${error.errno}: could not pin to ${path}\n${reason(error)}`);
  }
}
