import { DecodeError, decode } from '../isa/decode.ts';
import type { InstructionList } from '../isa/instruction.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../object/object-file.ts';
import type { AttachType, ProgramType } from '../platform/platform.ts';
import type { AttachParameters } from '../runtime/links.ts';
import { VerificationFailure } from '../runtime/loader.ts';
import { errnoError, type LibbpfState } from './state.ts';

/** bpf_prog_load_opts. `log` receives the words of the verifier. */
export interface ProgramLoadOptions {
  readonly expected_attach_type?: number;
  readonly prog_flags?: number;
  readonly log?: { text: string };
}

/** bpf_test_run_opts: the fields with `out` in their name, `retval` and `duration` are filled in. */
export interface TestRunOpts {
  readonly data_in?: Uint8Array;
  readonly data_out?: Uint8Array;
  readonly ctx_in?: Uint8Array;
  readonly ctx_out?: Uint8Array;
  readonly repeat?: number;
  readonly cpu?: number;
  readonly batch_size?: number;
  data_size_out?: number;
  ctx_size_out?: number;
  retval?: number;
  /** Average nanoseconds. */
  duration?: number;
}

/** Attach types of bpf_prog_attach: those of cgroups. */
const cgroupPrefix = 'cgroup';

export type ProgramCalls = ReturnType<typeof programCalls>;

/** Program and link calls of the C interface. */
export function programCalls(state: LibbpfState) {
  const { runtime } = state;
  const { platform } = runtime;
  const typeOf = (id: number): ProgramType => {
    const type = platform.programTypes.find((candidate) => candidate.id === id);
    if (type === undefined || type.id === 0) throw errnoError('EINVAL', `${id} is no program type.`);
    return type;
  };
  const attachTypeOf = (id: number): AttachType => {
    const type = platform.attachTypes.find((candidate) => candidate.id === id);
    if (type === undefined) throw errnoError('EINVAL', `${id} is no attach type.`);
    return type;
  };
  /** Links of a program at a hook, the first of which detach calls mean. */
  const linkOf = (programId: number | undefined, type: AttachType) => {
    const link = runtime
      .links()
      .find(
        (candidate) =>
          candidate.state === 'attached' && candidate.attachType === type && (programId === undefined || candidate.programId === programId),
      );
    if (link === undefined) throw errnoError('ENOENT', `Nothing is attached to ${type.name}.`);
    return link;
  };
  const requireCgroup = (type: AttachType, flags: number): void => {
    if (!type.name.startsWith(cgroupPrefix) || flags !== 0) throw errnoError('EINVAL', `${type.name} cannot be attached in this way.`);
  };
  const attachXdp = (interfaceIndex: number, programFd: number): number =>
    state.call(() => {
      const xdp = platform.attachTypes.find(({ name }) => name === 'xdp');
      if (xdp === undefined) throw errnoError('ENOTSUP', 'This platform has no XDP.');
      const present = runtime
        .links()
        .find((link) => link.state === 'attached' && link.attachType === xdp && link.parameters.interfaceIndex === interfaceIndex);
      if (programFd < 0) {
        if (present === undefined) throw errnoError('ENOENT', `No program is attached to interface ${interfaceIndex}.`);
        runtime.detach(present.id);
        return 0;
      }
      const programId = state.id(programFd, 'program');
      if (present !== undefined) runtime.detach(present.id);
      runtime.closeHandle(runtime.attach(programId, xdp, { interfaceIndex }, { legacy: true }).id);
      return 0;
    });

  return {
    /** Loads instructions (8-byte slots in the machine's order). A descriptor, or a negative errno. */
    async bpf_prog_load(type: number, name: string | null, license: string, code: Uint8Array, options: ProgramLoadOptions = {}): Promise<number> {
      try {
        const programType = typeOf(type);
        if (code.length === 0 || code.length % 8 !== 0) throw errnoError('EINVAL', `${code.length} bytes are no instructions.`);
        const object = await rawObject(state, name, license, code);
        const program = object.file.programs[0]!;
        const loaded = await runtime.loadObject(object.file, {
          programs: [program.name],
          programType,
          reuse: object.reuse,
          flags: options.prog_flags ?? 0,
        });
        const id = loaded.programs[0]!.id;
        const descriptor = state.open(id);
        loaded.close();
        return descriptor;
      } catch (error) {
        if (options.log !== undefined && error instanceof VerificationFailure) {
          options.log.text = error.report.failures.map((failure) => `${failure.instruction}: ${failure.message}\n`).join('');
        }
        return state.failed(error);
      }
    },
    bpf_prog_bind_map: (programFd: number, mapFd: number) =>
      state.call(() => {
        const programId = state.id(programFd, 'program');
        const mapId = state.id(mapFd, 'map');
        const program = runtime.program(programId);
        if (program === undefined || program.mapIds.includes(mapId)) return 0;
        runtime.bindMap(programId, mapId);
        return 0;
      }),
    /** Cgroup hooks only, flags 0. `target` is a compartment on Windows. */
    bpf_prog_attach: (programFd: number, target: number, attachType: number, flags: number) =>
      state.call(() => {
        const type = attachTypeOf(attachType);
        requireCgroup(type, flags);
        const parameters: AttachParameters = target > 0 && type.programType === 'sock_addr' ? { compartmentId: target } : {};
        runtime.closeHandle(runtime.attach(state.id(programFd, 'program'), type, parameters, { legacy: true }).id);
        return 0;
      }),
    bpf_prog_detach: (_target: number, attachType: number) =>
      state.call(() => {
        const type = attachTypeOf(attachType);
        requireCgroup(type, 0);
        runtime.detach(linkOf(undefined, type).id);
        return 0;
      }),
    bpf_prog_detach2: (programFd: number, _target: number, attachType: number) =>
      state.call(() => {
        const type = attachTypeOf(attachType);
        requireCgroup(type, 0);
        runtime.detach(linkOf(state.id(programFd, 'program'), type).id);
        return 0;
      }),
    bpf_link_detach: (linkFd: number) =>
      state.call(() => {
        runtime.detach(state.id(linkFd, 'link'));
        return 0;
      }),
    bpf_xdp_attach: (interfaceIndex: number, programFd: number, _flags: number) => attachXdp(interfaceIndex, programFd),
    bpf_xdp_detach: (interfaceIndex: number, _flags: number) => attachXdp(interfaceIndex, -1),
    /** Deprecated form: a negative descriptor detaches. */
    bpf_set_link_xdp_fd: (interfaceIndex: number, programFd: number, _flags: number) => attachXdp(interfaceIndex, programFd),
    bpf_xdp_query_id: (interfaceIndex: number, _flags: number, out: { value: number }) =>
      state.call(() => {
        const link = runtime
          .links()
          .find(
            (candidate) =>
              candidate.state === 'attached' && candidate.attachType.name === 'xdp' && candidate.parameters.interfaceIndex === interfaceIndex,
          );
        out.value = link?.programId ?? 0;
        return 0;
      }),
    bpf_prog_test_run_opts: (programFd: number, opts: TestRunOpts) =>
      state.call(() => {
        const program = runtime.program(state.id(programFd, 'program'));
        if (program === undefined) throw errnoError('EBADF', `${programFd} is not a program.`);
        const result = runtime.testRun(program, {
          ...(opts.data_in === undefined ? {} : { data: opts.data_in }),
          ...(opts.ctx_in === undefined ? {} : { context: opts.ctx_in }),
          ...(opts.repeat === undefined ? {} : { repeat: opts.repeat }),
          ...(opts.cpu === undefined ? {} : { cpu: opts.cpu }),
          ...(opts.batch_size === undefined ? {} : { batch: opts.batch_size }),
          ...(opts.data_out === undefined ? {} : { dataOutSize: opts.data_out.length }),
          ...(opts.ctx_out === undefined ? {} : { contextOutSize: opts.ctx_out.length }),
        });
        opts.data_out?.set(result.data);
        opts.ctx_out?.set(result.context);
        opts.data_size_out = result.data.length;
        opts.ctx_size_out = result.context.length;
        opts.retval = result.returnValue;
        opts.duration = result.duration;
        return 0;
      }),
  };
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const NAME_DIGITS = 63;

/** An object with one program, whose map loads name descriptors; a nameless one is called after its code. */
async function rawObject(
  state: LibbpfState,
  name: string | null,
  license: string,
  code: Uint8Array,
): Promise<{ readonly file: ObjectFile; readonly reuse: ReadonlyMap<string, number> }> {
  const hash = await sha256(code);
  const maps: MapDefinition[] = [];
  const reuse = new Map<string, number>();
  const fds = new Map<number, number>();
  let instructions: InstructionList;
  try {
    instructions = decode(code, 'little').map((instruction) => {
      if (instruction?.kind !== 'lddw' || (instruction.source !== 'map_fd' && instruction.source !== 'map_value')) return instruction;
      const fd = instruction.low;
      let index = fds.get(fd);
      if (index === undefined) {
        const map = state.runtime.map(state.id(fd, 'map'));
        if (map === undefined) throw errnoError('EBADF', `${fd} is not a map.`);
        index = maps.length;
        fds.set(fd, index);
        const mapName = `fd ${fd}`;
        reuse.set(mapName, map.id);
        maps.push({
          name: mapName,
          type: map.specification.type.id,
          keySize: map.keySize,
          valueSize: map.valueSize,
          maxEntries: map.maxEntries,
          flags: map.flags,
          pinning: 0,
          origin: 'btf',
        });
      }
      return { ...instruction, low: index };
    });
  } catch (error) {
    if (error instanceof DecodeError) throw errnoError('EINVAL', error.message);
    throw error;
  }
  const program: ObjectProgram = {
    section: name ?? '',
    name: name ?? hash.slice(0, NAME_DIGITS),
    instructions,
    size: code.length,
    offset: 0,
    functions: [{ name: name ?? '', start: 0, end: instructions.length, section: '', sectionSlot: 0, linkage: 'global' }],
    lines: [],
  };
  const file: ObjectFile = {
    path: '',
    sha256: hash,
    byteOrder: 'little',
    programs: [program],
    maps,
    externs: [],
    license,
    version: undefined,
    btf: undefined,
    sections: [],
  };
  return { file, reuse };
}
