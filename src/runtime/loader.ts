import type { ExecutableProgram, HelperImplementation } from '../engine/engine.ts';
import type { LoadImmediate } from '../isa/instruction.ts';
import { sizeOf } from '../object/btf-types.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../object/object-file.ts';
import { findMapType, inferProgramType } from '../platform/index.ts';
import type { AttachType, MapKind, ProgramType } from '../platform/platform.ts';
import { compilerRoutines } from './helpers/compiler-routines.ts';
import { bindHelpers, bindOne } from './helpers/table.ts';
import { ArrayMap } from './maps/array.ts';
import { CustomMap } from './maps/custom.ts';
import type { BpfMap } from './maps/map.ts';
import { templateOf } from './maps/map-of-maps.ts';
import { ProgramArrayMap } from './maps/program-array.ts';
import { MapFlag } from './maps/rules.ts';
import { specialFields } from './maps/special-fields.ts';
import { type ExecutionMode, requireAllowed } from './policy.ts';
import type { BpfProgram, ProgramSource } from './programs.ts';
import { RuntimeError } from './result.ts';
import type { Runtime } from './runtime.ts';
import type { Verdict } from './verdict.ts';

/** LIBBPF_PIN_BY_NAME. */
const PIN_BY_NAME = 1;
/** LINUX_KERNEL_VERSION that objects with a .kconfig map see: 6.18.0. */
const KERNEL_VERSION = 0x06_12_00;
/** libbpf's least length for the part of a data section's name that comes from the section. */
const SHORTEST_SUFFIX = 7;
const PAGE = 4096;

/** The next power of two in whole pages; 0 and what is beyond the largest stay for the kernel to refuse (adjust_ringbuf_sz of libbpf). */
function ringSize(bytes: number): number {
  if (bytes === 0) return 0;
  const size = 2 ** Math.ceil(Math.log2(Math.max(PAGE, bytes)));
  return size <= 2 ** 31 ? size : bytes;
}

export interface LoadObjectOptions {
  /** The file's bytes; without them the store cannot keep the programs. */
  readonly bytes?: Uint8Array;
  /** Default: JIT. */
  readonly mode?: ExecutionMode;
  /** Type of the first program, whatever its section says (`type=`). */
  readonly programType?: ProgramType;
  /** Types by program name (bpf_program__set_type). */
  readonly programTypes?: ReadonlyMap<string, ProgramType>;
  /** Programs to load, by name; default: all but subprograms and sections that begin with "?". */
  readonly programs?: readonly string[];
  /** Maps that stand in for the object's, by name (bpf_map__reuse_fd). */
  readonly reuse?: ReadonlyMap<string, number>;
  /** Extra flags of all programs. */
  readonly flags?: number;
}

/** What a load made. The loader's handles keep it alive until `close`. */
export interface LoadedObject {
  readonly source: ProgramSource;
  readonly programs: readonly BpfProgram[];
  /** By index of the definition in the object; undefined: made for another map's sake only. */
  readonly maps: readonly (BpfMap | undefined)[];
  readonly reports: readonly Verdict[];
  /** Gives up the handles: what nothing else refers to goes away. */
  close(): void;
}

/** A program did not pass. */
export class VerificationFailure extends RuntimeError {
  readonly report: Verdict;
  constructor(report: Verdict) {
    super('EBPF_VERIFICATION_FAILED', `Program ${report.program} (section ${report.section}) did not pass verification.`);
    this.report = report;
  }
}

/** Programs that a load takes: those asked for, else all entry points. Functions of .text are subprograms when there is anything else. */
export function programsToLoad(object: ObjectFile, names?: readonly string[]): ObjectProgram[] {
  if (names !== undefined) return object.programs.filter(({ name }) => names.includes(name));
  const alone = object.programs.length === 1;
  return object.programs.filter(({ section }) => (alone || section !== '.text') && !section.startsWith('?'));
}

/** Memory here is little-endian, and big-endian code expects its data otherwise. @throws RuntimeError EBPF_INVALID_OBJECT. */
export function requireByteOrder({ byteOrder, path }: ObjectFile): void {
  if (byteOrder === 'little') return;
  throw new RuntimeError(
    'EBPF_INVALID_OBJECT',
    `${path} is for big-endian machines, and programs run here on a little-endian one: clang -target bpfel.`,
  );
}

/** Makes the maps and programs of an object; all or nothing. */
export class ObjectLoader {
  readonly #runtime: Runtime;
  readonly #object: ObjectFile;
  readonly #options: LoadObjectOptions;
  readonly #maps: (BpfMap | undefined)[];
  readonly #programs: BpfProgram[] = [];
  readonly #reports: Verdict[] = [];
  readonly #source: ProgramSource;
  readonly #handles: number[] = [];
  readonly #newPins: string[] = [];

  constructor(runtime: Runtime, object: ObjectFile, options: LoadObjectOptions) {
    this.#runtime = runtime;
    this.#object = object;
    this.#options = options;
    this.#maps = object.maps.map(() => undefined);
    this.#source = { fileName: object.path, sha256: object.sha256, bytes: options.bytes };
  }

  async load(): Promise<LoadedObject> {
    const mode = this.#options.mode ?? 'jit';
    requireAllowed(this.#runtime.policy, mode);
    requireByteOrder(this.#object);
    try {
      if (this.#runtime.platform.name === 'windows') this.#runtime.objects.burn();
      for (const index of this.#object.maps.keys()) this.#map(index);
      const wanted = programsToLoad(this.#object, this.#options.programs);
      for (const [position, program] of wanted.entries()) await this.#program(program, position === 0, mode);
      this.#fillSlots();
      if (this.#runtime.platform.name === 'linux') this.#dropTemplates();
    } catch (error) {
      for (const path of this.#newPins) this.#runtime.unpin(path);
      this.#close();
      throw error;
    }
    return { source: this.#source, programs: this.#programs, maps: this.#maps, reports: this.#reports, close: () => this.#close() };
  }

  #close(): void {
    // Programs first: they hold the maps.
    for (const id of this.#handles.splice(0).reverse()) this.#runtime.closeHandle(id);
  }

  #map(index: number): BpfMap {
    const made = this.#maps[index];
    if (made !== undefined) return made;
    const definition = this.#object.maps[index];
    if (definition === undefined) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${this.#object.path}: there is no map ${index}.`);
    const map = this.#reused(definition) ?? this.#create(definition);
    map.origin ??= { source: this.#source, index };
    this.#maps[index] = map;
    this.#handles.push(map.id);
    return map;
  }

  #create(definition: MapDefinition): BpfMap {
    const { platform } = this.#runtime;
    const type = findMapType(platform, definition.type);
    if (type === undefined || type.kind === 'unspec') {
      throw new RuntimeError('EBPF_INVALID_ARGUMENT', `Map ${definition.name}: ${definition.type} is no map type of ${platform.title}.`);
    }
    if (definition.pinning > PIN_BY_NAME && platform.name === 'windows') {
      throw new RuntimeError('EBPF_INVALID_ARGUMENT', `Map ${definition.name}: pinning ${definition.pinning} is not known.`);
    }
    const template = definition.inner === undefined ? undefined : templateOf(this.#map(definition.inner));
    const { name, keySize, valueSize, maxEntries, flags, extra } = this.#asLibbpf(definition);
    const special = platform.name === 'linux' ? specialFields(this.#object.btf, definition.valueTypeId) : [];
    const map = this.#runtime.createMap(
      {
        name,
        type,
        keySize,
        valueSize,
        maxEntries,
        flags,
        ...(extra === undefined ? {} : { extra }),
        ...(special.length === 0 ? {} : { special }),
      },
      template === undefined ? {} : { template },
    );
    if (definition.data !== undefined && map instanceof ArrayMap) this.#fillData(map, definition);
    if (definition.pinning === PIN_BY_NAME) {
      this.#newPins.push(this.#runtime.pin(map.id, this.#runtime.autoPinPath(definition.name)));
    }
    return map;
  }

  /** Name, size and flags as libbpf of Linux hands them to the kernel. */
  #asLibbpf(definition: MapDefinition): MapDefinition {
    const { platform, host, mapRules } = this.#runtime;
    if (platform.name === 'windows') return definition;
    const { maxEntries } = definition;
    const sizes: Partial<Record<MapKind, () => number>> = {
      perf_event_array: () => maxEntries || host.cpuCount,
      ringbuf: () => ringSize(maxEntries),
      user_ringbuf: () => ringSize(maxEntries),
    };
    const kind = findMapType(platform, definition.type)?.kind;
    return {
      ...definition,
      name: this.#libbpfName(definition)
        .slice(0, mapRules.maximumName)
        .replace(/[^A-Za-z0-9_.]/g, '_'),
      maxEntries: (kind && sizes[kind]?.()) ?? maxEntries,
      flags: definition.data === undefined ? definition.flags : definition.flags | MapFlag.mmapable,
    };
  }

  /** Data sections are named after the object, as far as there is room; those that have a second dot are not (libbpf, internal_map_name). */
  #libbpfName({ name, data }: MapDefinition): string {
    if (data === undefined || name.includes('.', 1)) return name;
    const object = this.#object.path.replace(/^.*[\\/]/, '').split('.', 1)[0] ?? '';
    const room = this.#runtime.mapRules.maximumName - Math.max(name.length, SHORTEST_SUFFIX);
    return `${object.slice(0, Math.max(room, 0))}${name}`;
  }

  /** A map given by the caller, or the one that is pinned under the name. */
  #reused(definition: MapDefinition): BpfMap | undefined {
    const given = this.#options.reuse?.get(definition.name);
    const pinned = definition.pinning === PIN_BY_NAME ? this.#runtime.pins.get(this.#runtime.autoPinPath(definition.name)) : undefined;
    const id = given ?? pinned;
    if (id === undefined) return undefined;
    const map = this.#runtime.map(id);
    const { type, keySize, valueSize, maxEntries, flags, extra = 0 } = this.#asLibbpf(definition);
    const same =
      map !== undefined &&
      map.specification.type.id === type &&
      map.keySize === keySize &&
      map.valueSize === valueSize &&
      map.maxEntries === maxEntries &&
      (this.#runtime.platform.name === 'windows' || (map.flags === flags && (map.specification.extra ?? 0) === extra));
    if (!same) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `Map ${definition.name} differs from the one that is pinned under its name.`);
    if (definition.data?.readOnly && !this.#holds(map, definition.data.bytes))
      throw new RuntimeError(
        'EBPF_INVALID_ARGUMENT',
        `Map ${definition.name} holds other constants than the object, which is verified with its own.`,
      );
    this.#runtime.openHandle(id);
    return map;
  }

  /** Whether the map has exactly these constants, for good. */
  #holds(map: BpfMap, bytes: Uint8Array): boolean {
    if (!(map instanceof ArrayMap) || !map.frozen) return false;
    const held = this.#runtime.memory.read(map.base, bytes.length);
    return held.every((byte, index) => byte === bytes[index]);
  }

  #fillData(map: ArrayMap, definition: MapDefinition): void {
    const data = definition.data;
    if (data === undefined) return;
    const { memory } = this.#runtime;
    memory.write(map.base, data.bytes.subarray(0, map.valueSize));
    for (const extern of this.#object.externs) {
      if (extern.kind !== 'kconfig' || data.section !== '.kconfig' || extern.offset === undefined) continue;
      if (extern.name === 'LINUX_KERNEL_VERSION') memory.view.setUint32(map.base + extern.offset, KERNEL_VERSION, true);
    }
    // The verifier knows constants by their values: they must stay as they are.
    if (data.readOnly) map.freeze();
  }

  async #program(program: ObjectProgram, first: boolean, mode: ExecutionMode): Promise<void> {
    const { platform } = this.#runtime;
    const inferred = inferProgramType(platform, program.section.replace(/^\?/, ''));
    const type = this.#options.programTypes?.get(program.name) ?? (first ? this.#options.programType : undefined) ?? inferred?.type;
    if (type === undefined) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `Section ${program.section} does not tell a program type.`);
    const attachType = this.#attachType(type, inferred?.type === type ? inferred.attachType : undefined);
    const report = await this.#runtime.verify({ object: this.#object, program, programType: type, platform });
    this.#reports.push(report);
    if (report.verdict !== 'accepted') throw new VerificationFailure(report);
    const mapIds = this.#mapsOf(program, type);
    const made = this.#runtime.addProgram(
      {
        name: program.name,
        section: program.section,
        source: this.#source,
        index: this.#object.programs.indexOf(program),
        type,
        attachType,
        mode,
        flags: this.#options.flags ?? 0,
        instructions: program.instructions,
        mapIds,
        objectMapIds: this.#maps.map((map) => map?.id),
        report,
      },
      () => makeExecutable(this.#runtime, this.#object, program, type, (index) => this.#maps[index]),
    );
    this.#programs.push(made);
    this.#handles.push(made.id);
  }

  #attachType(type: ProgramType, name: string | undefined): AttachType | undefined {
    const candidates = this.#runtime.platform.attachTypes.filter((candidate) => candidate.programType === type.name);
    return candidates.find((candidate) => candidate.name === name) ?? candidates[0];
  }

  /** Ids of the maps that a program's code names, after each agreed to the program's type. */
  #mapsOf(program: ObjectProgram, type: ProgramType): number[] {
    const ids: number[] = [];
    for (const instruction of program.instructions) {
      if (instruction?.kind !== 'lddw' || (instruction.source !== 'map_fd' && instruction.source !== 'map_value')) continue;
      const map = this.#map(instruction.low);
      if (ids.includes(map.id)) continue;
      const refused = map instanceof ProgramArrayMap || map instanceof CustomMap ? map.associate(type.name) : 0;
      if (refused < 0) throw map.error(refused, `use programs of type ${type.name} with`);
      ids.push(map.id);
    }
    return ids;
  }

  /** Initial contents of program arrays and maps of maps. */
  #fillSlots(): void {
    for (const [index, definition] of this.#object.maps.entries()) {
      const map = this.#maps[index];
      for (const slot of definition.initialSlots ?? []) {
        const target =
          this.#programs.find(({ name }) => name === slot.target)?.id ??
          this.#maps[this.#object.maps.findIndex(({ name }) => name === slot.target)]?.id;
        if (map === undefined || target === undefined) continue;
        const key = new Uint8Array(map.keySize);
        const value = new Uint8Array(4);
        new DataView(key.buffer).setUint32(0, slot.index, true);
        new DataView(value.buffer).setUint32(0, target, true);
        map.update(key, value);
      }
    }
  }

  /** libbpf closes the maps that it made only to describe inner maps. */
  #dropTemplates(): void {
    for (const [index, definition] of this.#object.maps.entries()) {
      const map = this.#maps[index];
      if (definition.innerTemplate !== true || map === undefined) continue;
      this.#maps[index] = undefined;
      this.#handles.splice(this.#handles.indexOf(map.id), 1);
      this.#runtime.closeHandle(map.id);
    }
  }
}

/** What an engine compiles: a program's code with its helpers and maps. `mapAt` gives the map of an index in the object. */
export function makeExecutable(
  runtime: Runtime,
  object: ObjectFile,
  program: ObjectProgram,
  type: ProgramType,
  mapAt: (index: number) => BpfMap | undefined,
): ExecutableProgram {
  const { platform, helperEnvironment } = runtime;
  const { btf } = object;
  const environment = btf === undefined ? helperEnvironment : { ...helperEnvironment, sizeOfType: (id: number) => sizeOf(btf, id) };
  const kfuncs = new Map<number, HelperImplementation>();
  for (const [index, extern] of object.externs.entries()) {
    const prototype = platform.kfuncs.get(extern.name);
    const routine = compilerRoutines[extern.name];
    if (prototype !== undefined) kfuncs.set(index, bindOne(platform, prototype, index, environment));
    else if (routine !== undefined) kfuncs.set(index, { id: index, name: extern.name, ...routine(helperEnvironment) });
  }
  const resolve = (load: LoadImmediate): bigint => {
    // A kernel symbol: there is no kernel, so weak ones are null and the verifier refuses the others.
    if (load.source === 'variable') return 0n;
    const map = mapAt(load.low);
    if (map === undefined) throw new RuntimeError('EBPF_INVALID_OBJECT', `Program ${program.name} refers to map ${load.low}, which is gone.`);
    if (load.source === 'map_fd' || load.source === 'map_index') return BigInt(map.handle);
    return map instanceof ArrayMap ? BigInt(map.base + (load.high >>> 0)) : 0n;
  };
  return { name: program.name, instructions: program.instructions, helpers: bindHelpers(platform, type, helperEnvironment), kfuncs, resolve };
}
