import type { MapDefinition, ObjectFile, ObjectProgram } from '../object/object-file.ts';
import { findMapType, inferProgramType } from '../platform/index.ts';
import type { AttachType, ProgramType } from '../platform/platform.ts';
import type { AttachParameters, BpfLink as RuntimeLink } from '../runtime/links.ts';
import { type LoadedObject, programsToLoad, VerificationFailure } from '../runtime/loader.ts';
import type { ExecutionMode } from '../runtime/policy.ts';
import { RuntimeError } from '../runtime/result.ts';
import { errnoError, type LibbpfState } from './state.ts';

/** struct bpf_object. */
export class BpfObject {
  readonly file: ObjectFile;
  readonly bytes: Uint8Array | undefined;
  readonly programs: BpfObjectProgram[];
  readonly maps: BpfObjectMap[];
  name: string;
  loaded: LoadedObject | undefined;
  /** ebpf_object_set_execution_type. */
  execution: ExecutionMode = 'jit';
  constructor(state: LibbpfState, file: ObjectFile, bytes: Uint8Array | undefined) {
    this.file = file;
    this.bytes = bytes;
    this.name = (file.path.split(/[\\/]/).at(-1) ?? '').replace(/\.[^.]*$/, '');
    this.maps = file.maps.map((definition, index) => new BpfObjectMap(this, definition, index));
    const loads = new Set(programsToLoad(file));
    this.programs = file.programs
      .filter((program) => loads.has(program) || program.section.startsWith('?'))
      .map((program) => new BpfObjectProgram(state, this, program, loads.has(program)));
  }
}

/** struct bpf_program. */
export class BpfObjectProgram {
  readonly object: BpfObject;
  readonly definition: ObjectProgram;
  type: ProgramType | undefined;
  attachType: AttachType | undefined;
  autoload: boolean;
  flags = 0;
  log = '';
  /** -1 until it is loaded. */
  fd = -1;
  constructor(state: LibbpfState, object: BpfObject, definition: ObjectProgram, autoload: boolean) {
    const { platform } = state.runtime;
    const inferred = inferProgramType(platform, definition.section.replace(/^\?/, ''));
    this.object = object;
    this.definition = definition;
    this.autoload = autoload;
    this.type = inferred?.type;
    this.attachType = platform.attachTypes.find(({ name }) => name === inferred?.attachType);
  }
}

/** struct bpf_map. */
export class BpfObjectMap {
  readonly object: BpfObject;
  readonly definition: MapDefinition;
  readonly index: number;
  fd = -1;
  readonly pinPaths: string[] = [];
  constructor(object: BpfObject, definition: MapDefinition, index: number) {
    this.object = object;
    this.definition = definition;
    this.index = index;
  }
}

/** struct bpf_link. */
export interface BpfLink {
  readonly fd: number;
  readonly id: number;
}

function neighbour<T>(list: readonly T[], current: T | null, step: 1 | -1): T | null {
  if (current === null) return (step === 1 ? list[0] : list.at(-1)) ?? null;
  const index = list.indexOf(current);
  return index < 0 ? null : (list[index + step] ?? null);
}

export type ObjectCalls = ReturnType<typeof objectCalls> & { errno(): number };

/** Object, program, map and link functions of the C interface. Pointers are objects or null, with the reason in `errno`. */
export function objectCalls(state: LibbpfState) {
  const { runtime } = state;
  const { platform } = runtime;
  const open: BpfObject[] = [];

  const openMemory = (bytes: Uint8Array, name: string): BpfObject | null =>
    state.pointer(() => {
      const object = new BpfObject(state, parse(state, bytes, name), bytes);
      open.push(object);
      return object;
    });
  const unload = (object: BpfObject): void => {
    for (const item of [...object.programs, ...object.maps]) {
      if (item.fd >= 0) state.close(item.fd);
      item.fd = -1;
    }
    object.loaded?.close();
    object.loaded = undefined;
  };
  const requireFd = (item: { readonly fd: number }): number => {
    if (item.fd < 0) throw errnoError('EINVAL', 'It is not loaded.');
    return item.fd;
  };
  const pinMap = (map: BpfObjectMap, path: string | null): void => {
    const target = path ?? runtime.autoPinPath(map.definition.name);
    const id = state.id(requireFd(map), 'map');
    map.pinPaths.push(runtime.pin(id, target));
  };
  const unpinMap = (map: BpfObjectMap, path: string | null): void => {
    const target = path ?? map.pinPaths[0] ?? runtime.autoPinPath(map.definition.name);
    const removed = runtime.unpin(target);
    const index = map.pinPaths.indexOf(removed.path);
    if (index >= 0) map.pinPaths.splice(index, 1);
  };
  /** Several steps that are undone together when one fails. */
  const allOrNothing = <T>(items: readonly T[], act: (item: T) => void, undo: (item: T) => void): number =>
    state.call(() => {
      const done: T[] = [];
      try {
        for (const item of items) {
          act(item);
          done.push(item);
        }
      } catch (error) {
        for (const item of done.reverse()) undo(item);
        throw error;
      }
      return 0;
    });
  const leaf = (program: BpfObjectProgram): string =>
    platform.name === 'windows' ? program.definition.section.replaceAll('/', '_') : program.definition.name;
  const pinPrograms = (object: BpfObject, path: string): number =>
    allOrNothing(
      object.programs.filter(({ fd }) => fd >= 0),
      (program) => runtime.pin(state.id(program.fd, 'program'), `${path}/${leaf(program)}`),
      (program) => runtime.unpin(`${path}/${leaf(program)}`),
    );
  const pinMaps = (object: BpfObject, path: string | null): number =>
    allOrNothing(
      object.maps.filter(({ fd }) => fd >= 0),
      (map) => pinMap(map, path === null ? null : `${path}/${map.definition.name}`),
      (map) => unpinMap(map, path === null ? null : `${path}/${map.definition.name}`),
    );
  const attach = (program: BpfObjectProgram, parameters: AttachParameters): BpfLink | null =>
    state.pointer(() => {
      const link: RuntimeLink = runtime.attach(state.id(requireFd(program), 'program'), program.attachType, parameters);
      return { fd: state.open(link.id, true), id: link.id };
    });

  return {
    bpf_object__open_mem: openMemory,
    bpf_object__open: (path: string) => openFile(path),
    bpf_object__open_file: (path: string) => openFile(path),
    /** Verifies and loads; 0 or a negative errno, with each program's words in bpf_program__log_buf. */
    async bpf_object__load(object: BpfObject): Promise<number> {
      try {
        if (object.loaded !== undefined) throw errnoError('EINVAL', 'The object is already loaded.');
        const wanted = object.programs.filter(({ autoload }) => autoload);
        const types = new Map<string, ProgramType>();
        for (const program of wanted) if (program.type !== undefined) types.set(program.definition.name, program.type);
        const loaded = await runtime.loadObject(object.file, {
          ...(object.bytes === undefined ? {} : { bytes: object.bytes }),
          mode: object.execution,
          programs: wanted.map(({ definition }) => definition.name),
          programTypes: types,
        });
        object.loaded = loaded;
        for (const map of object.maps) {
          const made = loaded.maps[map.index];
          if (made !== undefined) map.fd = state.open(made.id);
          if (made !== undefined) map.pinPaths.push(...runtime.pins.pathsOf(made.id));
        }
        for (const program of wanted) {
          const made = loaded.programs.find(({ index }) => object.file.programs[index] === program.definition);
          if (made !== undefined) program.fd = state.open(made.id);
        }
        return 0;
      } catch (error) {
        if (error instanceof VerificationFailure) {
          const program = object.programs.find(({ definition }) => definition.name === error.report.program);
          if (program !== undefined) program.log = error.report.failures.map((failure) => `${failure.instruction}: ${failure.message}\n`).join('');
        }
        return state.failed(error);
      }
    },
    bpf_object__unload: (object: BpfObject) => state.act(() => unload(object)),
    bpf_object__close(object: BpfObject | null): void {
      if (object === null) return;
      unload(object);
      const index = open.indexOf(object);
      if (index >= 0) open.splice(index, 1);
    },
    bpf_object__name: (object: BpfObject) => object.name,
    bpf_object__next: (previous: BpfObject | null) => neighbour(open, previous, 1),
    bpf_object__find_map_by_name: (object: BpfObject, name: string) => found(object.maps.find(({ definition }) => definition.name === name)),
    bpf_object__find_map_fd_by_name: (object: BpfObject, name: string) =>
      object.maps.find(({ definition }) => definition.name === name)?.fd ?? state.refuse(2),
    bpf_object__find_program_by_name: (object: BpfObject, name: string) => found(object.programs.find(({ definition }) => definition.name === name)),
    bpf_object__next_map: (object: BpfObject, previous: BpfObjectMap | null) => neighbour(object.maps, previous, 1),
    bpf_object__prev_map: (object: BpfObject, next: BpfObjectMap | null) => neighbour(object.maps, next, -1),
    bpf_object__next_program: (object: BpfObject, previous: BpfObjectProgram | null) => neighbour(object.programs, previous, 1),
    bpf_object__prev_program: (object: BpfObject, next: BpfObjectProgram | null) => neighbour(object.programs, next, -1),
    bpf_object__pin_programs: pinPrograms,
    bpf_object__pin_maps: pinMaps,
    bpf_object__pin(object: BpfObject, path: string): number {
      const maps = pinMaps(object, path);
      if (maps < 0) return maps;
      const programs = pinPrograms(object, path);
      if (programs < 0) for (const map of object.maps) if (map.fd >= 0) unpinMap(map, `${path}/${map.definition.name}`);
      return programs;
    },
    bpf_object__unpin_programs: (object: BpfObject, path: string) =>
      state.call(() => {
        for (const program of object.programs) if (program.fd >= 0) runtime.unpin(`${path}/${leaf(program)}`);
        return 0;
      }),
    bpf_object__unpin_maps: (object: BpfObject, path: string | null) =>
      state.call(() => {
        for (const map of object.maps) if (map.fd >= 0) unpinMap(map, path === null ? null : `${path}/${map.definition.name}`);
        return 0;
      }),
    /** ebpf_object_set_execution_type. */
    ebpf_object_set_execution_type: (object: BpfObject, mode: ExecutionMode | 'any') =>
      state.call(() => {
        if (mode === 'native') throw errnoError('EINVAL', 'An ELF object is not a native image.');
        object.execution = mode === 'any' ? 'jit' : mode;
        return 0;
      }),
    ebpf_object_get_execution_type: (object: BpfObject) => object.execution,

    bpf_program__fd: (program: BpfObjectProgram) => (program.fd >= 0 ? program.fd : state.refuse(2)),
    bpf_program__name: (program: BpfObjectProgram) => program.definition.name,
    bpf_program__section_name: (program: BpfObjectProgram) => program.definition.section,
    bpf_program__insn_cnt: (program: BpfObjectProgram) => program.definition.instructions.length,
    bpf_program__log_buf: (program: BpfObjectProgram) => program.log,
    bpf_program__next: (previous: BpfObjectProgram | null, object: BpfObject) => neighbour(object.programs, previous, 1),
    bpf_program__prev: (next: BpfObjectProgram | null, object: BpfObject) => neighbour(object.programs, next, -1),
    bpf_program__type: (program: BpfObjectProgram) => program.type?.id ?? 0,
    bpf_program__get_type: (program: BpfObjectProgram) => program.type?.id ?? 0,
    bpf_program__set_type: (program: BpfObjectProgram, type: number) =>
      state.call(() => {
        if (program.object.loaded !== undefined) throw errnoError('EBUSY', 'The object is already loaded.');
        const wanted = platform.programTypes.find(({ id }) => id === type);
        if (wanted === undefined) throw errnoError('EINVAL', `${type} is no program type.`);
        program.type = wanted;
        program.attachType = platform.attachTypes.find(({ programType }) => programType === wanted.name);
        return 0;
      }),
    bpf_program__get_expected_attach_type: (program: BpfObjectProgram) => program.attachType?.id ?? 0,
    bpf_program__set_expected_attach_type: (program: BpfObjectProgram, type: number) =>
      state.call(() => {
        if (program.object.loaded !== undefined) throw errnoError('EBUSY', 'The object is already loaded.');
        program.attachType = platform.attachTypes.find(({ id }) => id === type);
        return 0;
      }),
    bpf_program__autoload: (program: BpfObjectProgram) => program.autoload,
    bpf_program__set_autoload: (program: BpfObjectProgram, autoload: boolean) =>
      state.call(() => {
        if (program.object.loaded !== undefined) throw errnoError('EINVAL', 'The object is already loaded.');
        program.autoload = autoload;
        return 0;
      }),
    bpf_program__flags: (program: BpfObjectProgram) => program.flags,
    bpf_program__set_flags: (program: BpfObjectProgram, flags: number) =>
      state.call(() => {
        if (program.object.loaded !== undefined) throw errnoError('EBUSY', 'The object is already loaded.');
        program.flags = flags;
        return 0;
      }),
    bpf_program__pin: (program: BpfObjectProgram, path: string) => state.act(() => runtime.pin(state.id(requireFd(program), 'program'), path)),
    bpf_program__unpin: (program: BpfObjectProgram, path: string) =>
      state.call(() => {
        if (runtime.pins.get(path) !== state.id(requireFd(program), 'program')) throw errnoError('ENOENT', `${path} is not a pin of this program.`);
        runtime.unpin(path);
        return 0;
      }),
    bpf_program__unload(program: BpfObjectProgram): void {
      if (program.fd < 0) return;
      const id = state.id(program.fd, 'program');
      state.close(program.fd);
      program.fd = -1;
      // The object's own handle goes too.
      runtime.closeHandle(id);
    },
    bpf_program__attach: (program: BpfObjectProgram) => attach(program, {}),
    bpf_program__attach_xdp: (program: BpfObjectProgram, interfaceIndex: number) => attach(program, { interfaceIndex }),
    /** ebpf_program_attach with its attach parameters. */
    ebpf_program_attach: attach,

    bpf_map__fd: (map: BpfObjectMap) => (map.fd >= 0 ? map.fd : state.refuse(22)),
    bpf_map__name: (map: BpfObjectMap) => map.definition.name,
    bpf_map__type: (map: BpfObjectMap) => findMapType(platform, map.definition.type)?.id ?? 0,
    bpf_map__key_size: (map: BpfObjectMap) => map.definition.keySize,
    bpf_map__value_size: (map: BpfObjectMap) => map.definition.valueSize,
    bpf_map__max_entries: (map: BpfObjectMap) => map.definition.maxEntries,
    bpf_map__next: (previous: BpfObjectMap | null, object: BpfObject) => neighbour(object.maps, previous, 1),
    bpf_map__prev: (next: BpfObjectMap | null, object: BpfObject) => neighbour(object.maps, next, -1),
    bpf_map__is_pinned: (map: BpfObjectMap) => map.pinPaths.length > 0,
    bpf_map__pin: (map: BpfObjectMap, path: string | null) => state.act(() => pinMap(map, path)),
    bpf_map__unpin: (map: BpfObjectMap, path: string | null) => state.act(() => unpinMap(map, path)),

    bpf_link__fd: (link: BpfLink) => link.fd,
    bpf_link__disconnect(link: BpfLink): void {
      runtime.disconnect(link.id);
    },
    bpf_link__destroy: (link: BpfLink | null) => state.act(() => link !== null && state.close(link.fd)),
    bpf_link__pin: (link: BpfLink, path: string) => state.act(() => runtime.pin(state.id(link.fd, 'link'), path)),
    bpf_link__unpin: (link: BpfLink) =>
      state.call(() => {
        const path = runtime.pins.pathsOf(link.id)[0];
        if (path === undefined) throw errnoError('ENOENT', 'The link is not pinned.');
        runtime.unpin(path);
        return 0;
      }),
    bpf_link__open: (path: string): BpfLink | null =>
      state.pointer(() => {
        const id = runtime.pins.get(path);
        if (id === undefined || runtime.link(id) === undefined) throw errnoError('ENOENT', `${path} is not a pinned link.`);
        return { fd: state.open(id), id };
      }),
  };

  function found<T>(value: T | undefined): T | null {
    if (value === undefined) state.errno = 2;
    return value ?? null;
  }

  function openFile(path: string): BpfObject | null {
    const { readFile } = state.options;
    let bytes: Uint8Array | undefined;
    try {
      bytes = readFile?.(path);
    } catch {
      bytes = undefined;
    }
    if (bytes === undefined) {
      state.errno = 2;
      return null;
    }
    return openMemory(bytes, path);
  }
}

/** What is not an object is EINVAL to libbpf; the reason stays in the message. */
function parse(state: LibbpfState, bytes: Uint8Array, name: string): ObjectFile {
  try {
    return state.options.parseObject(bytes, name);
  } catch (error) {
    if (error instanceof RuntimeError || !(error instanceof Error)) throw error;
    throw errnoError('EINVAL', error.message);
  }
}
