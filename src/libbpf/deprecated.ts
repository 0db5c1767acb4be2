/** Functions that libbpf 1.0 took away and ebpfapi.dll still exports. */
import type { MapCalls } from './maps.ts';
import type { BpfObject, ObjectCalls } from './objects.ts';
import type { ProgramCalls } from './programs.ts';

/** struct bpf_create_map_attr. */
export interface CreateMapAttributes {
  readonly name?: string;
  readonly map_type: number;
  readonly map_flags?: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly inner_map_fd?: number;
}

/** struct bpf_load_program_attr; `insns` are slots of 8 bytes. */
export interface LoadProgramAttributes {
  readonly prog_type: number;
  readonly name?: string;
  readonly insns: Uint8Array;
  readonly license: string;
  readonly expected_attach_type?: number;
  readonly prog_flags?: number;
}

/** What the verifier said; filled in where a load is refused. */
export interface LogOut {
  text: string;
}

/** Deprecated calls of the C interface, over those that replaced them. */
export function deprecatedCalls(calls: MapCalls & ObjectCalls & ProgramCalls) {
  const load = (attributes: LoadProgramAttributes, log: LogOut | null): Promise<number> => {
    const { prog_type, name, license, insns, expected_attach_type, prog_flags } = attributes;
    return calls.bpf_prog_load(prog_type, name ?? null, license, insns, {
      ...(expected_attach_type === undefined ? {} : { expected_attach_type }),
      ...(prog_flags === undefined ? {} : { prog_flags }),
      ...(log === null ? {} : { log }),
    });
  };
  return {
    bpf_create_map_xattr: ({ map_type, name, key_size, value_size, max_entries, map_flags, inner_map_fd }: CreateMapAttributes): number =>
      calls.bpf_map_create(map_type, name ?? null, key_size, value_size, max_entries, {
        ...(map_flags === undefined ? {} : { map_flags }),
        ...(inner_map_fd === undefined ? {} : { inner_map_fd }),
      }),
    /** @param _kernelVersion is not looked at, as since Linux 5.0. */
    bpf_load_program: (type: number, insns: Uint8Array, license: string, _kernelVersion = 0, log: LogOut | null = null): Promise<number> =>
      load({ prog_type: type, insns, license }, log),
    bpf_load_program_xattr: load,
    /** Opens and loads a file; the object and the descriptor of its first program go to `out`. */
    async bpf_prog_load_deprecated(path: string, type: number, out: { object: BpfObject | null; prog_fd: number }): Promise<number> {
      const object = calls.bpf_object__open_file(path);
      if (object === null) return -calls.errno();
      const first = calls.bpf_object__next_program(object, null);
      const typed = first === null || type === 0 ? 0 : calls.bpf_program__set_type(first, type);
      const result = typed < 0 ? typed : await calls.bpf_object__load(object);
      if (result < 0) {
        calls.bpf_object__close(object);
        return result;
      }
      out.object = object;
      out.prog_fd = first === null ? -1 : calls.bpf_program__fd(first);
      return 0;
    },
    bpf_object__load_xattr: ({ obj }: { readonly obj: BpfObject; readonly log_level?: number }): Promise<number> => calls.bpf_object__load(obj),
  };
}
