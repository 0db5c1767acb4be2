import type { BpfLink } from '../runtime/links.ts';
import type { BpfMap } from '../runtime/maps/map.ts';
import type { ObjectKind } from '../runtime/objects.ts';
import type { BpfProgram } from '../runtime/programs.ts';
import { errnoError, type LibbpfState } from './state.ts';

/** Receives an id. */
export interface IdOut {
  value: number;
}

export interface MapInfo {
  readonly kind: 'map';
  readonly id: number;
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly name: string;
  readonly map_flags: number;
  readonly inner_map_id: number;
  readonly pinned_path_count: number;
}
export interface ProgramInfo {
  readonly kind: 'program';
  readonly id: number;
  readonly type: number;
  readonly name: string;
  readonly map_ids: readonly number[];
  readonly pinned_path_count: number;
  readonly link_count: number;
}
export interface LinkInfo {
  readonly kind: 'link';
  readonly id: number;
  readonly prog_id: number;
  readonly attach_type: number;
  /** Index of the interface or number of the compartment; 0 for none. */
  readonly attach_data: number;
}

export type IdCalls = ReturnType<typeof idCalls>;

/** Ids, descriptors, pins and information of the C interface. */
export function idCalls(state: LibbpfState) {
  const { runtime } = state;
  const next = (kind: ObjectKind) => (start: number, out: IdOut) =>
    state.call(() => {
      const id = runtime.objects.nextIdOf(kind, start);
      if (id === undefined) throw errnoError('ENOENT', `There is no ${kind} with an id above ${start}.`);
      out.value = id;
      return 0;
    });
  const byId = (kind: ObjectKind) => (id: number) =>
    state.call(() => {
      if (runtime.objects.get(kind, id) === undefined) throw errnoError('ENOENT', `There is no ${kind} ${id}.`);
      return state.open(id);
    });
  const mapInfo = (map: BpfMap): MapInfo => ({
    kind: 'map',
    id: map.id,
    type: map.specification.type.id,
    key_size: map.keySize,
    value_size: map.valueSize,
    max_entries: map.maxEntries,
    name: map.name,
    map_flags: runtime.platform.name === 'windows' ? 0 : map.flags,
    inner_map_id: 'template' in map ? (map.template as { readonly id: number }).id : 0,
    pinned_path_count: runtime.pinCount(map.id),
  });
  const programInfo = (program: BpfProgram): ProgramInfo => ({
    kind: 'program',
    id: program.id,
    type: program.type.id,
    name: program.name,
    map_ids: program.mapIds,
    pinned_path_count: runtime.pinCount(program.id),
    link_count: runtime.linkCount(program.id),
  });
  const linkInfo = (link: BpfLink): LinkInfo => ({
    kind: 'link',
    id: link.id,
    prog_id: link.state === 'attached' ? link.programId : 0,
    attach_type: link.attachType.id,
    attach_data: link.parameters.interfaceIndex ?? link.parameters.compartmentId ?? 0,
  });

  return {
    bpf_map_get_next_id: next('map'),
    bpf_prog_get_next_id: next('program'),
    bpf_link_get_next_id: next('link'),
    bpf_map_get_fd_by_id: byId('map'),
    bpf_prog_get_fd_by_id: byId('program'),
    bpf_link_get_fd_by_id: byId('link'),
    bpf_obj_pin: (fd: number, path: string) =>
      state.call(() => {
        runtime.pin(state.id(fd), path);
        return 0;
      }),
    bpf_obj_get: (path: string) =>
      state.call(() => {
        const id = runtime.pins.get(path);
        if (id === undefined) throw errnoError('ENOENT', `${path} is not pinned.`);
        return state.open(id);
      }),
    /** ebpf_object_unpin. */
    ebpf_object_unpin: (path: string) => state.act(() => runtime.unpin(path)),
    /** The information, or null with errno set. */
    bpf_obj_get_info_by_fd: (fd: number): MapInfo | ProgramInfo | LinkInfo | null =>
      state.pointer(() => {
        const id = state.id(fd);
        const map = runtime.map(id);
        if (map !== undefined) return mapInfo(map);
        const program = runtime.program(id);
        if (program !== undefined) return programInfo(program);
        const link = runtime.link(id);
        if (link === undefined) throw errnoError('EBADF', `${fd} is not open.`);
        return linkInfo(link);
      }),
    /** close, ebpf_close_fd. */
    close: (fd: number) => state.act(() => state.close(fd)),
    /** ebpf_duplicate_fd. */
    ebpf_duplicate_fd: (fd: number) => state.call(() => state.open(state.id(fd))),
  };
}
