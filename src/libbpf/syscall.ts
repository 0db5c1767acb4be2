/** The system call bpf(2) as eBPF for Windows emulates it: a command number and its attributes. */
import { Errno } from '../runtime/result.ts';
import type { IdCalls, LinkInfo, MapInfo, ProgramInfo } from './ids.ts';
import type { MapCalls } from './maps.ts';
import type { ProgramCalls } from './programs.ts';

/** Numbers of the commands; those of Linux (enum bpf_cmd). */
export const BPF_COMMANDS = {
  MAP_CREATE: 0,
  MAP_LOOKUP_ELEM: 1,
  MAP_UPDATE_ELEM: 2,
  MAP_DELETE_ELEM: 3,
  MAP_GET_NEXT_KEY: 4,
  PROG_LOAD: 5,
  OBJ_PIN: 6,
  OBJ_GET: 7,
  PROG_ATTACH: 8,
  PROG_DETACH: 9,
  PROG_TEST_RUN: 10,
  PROG_GET_NEXT_ID: 11,
  MAP_GET_NEXT_ID: 12,
  PROG_GET_FD_BY_ID: 13,
  MAP_GET_FD_BY_ID: 14,
  OBJ_GET_INFO_BY_FD: 15,
  MAP_LOOKUP_AND_DELETE_ELEM: 21,
  LINK_GET_FD_BY_ID: 30,
  LINK_GET_NEXT_ID: 31,
  LINK_DETACH: 34,
  PROG_BIND_MAP: 35,
} as const;

/**
 * union bpf_attr by its members' names. Numbers that are not there are 0; pointers are `Uint8Array`s or strings. What the call fills in
 * (`retval`, `next_id`, `info` ...) is written to the object.
 */
export interface BpfAttributes {
  map_type?: number;
  key_size?: number;
  value_size?: number;
  max_entries?: number;
  map_flags?: number;
  map_extra?: number;
  inner_map_fd?: number;
  map_name?: string;
  map_fd?: number;
  key?: Uint8Array;
  value?: Uint8Array;
  next_key?: Uint8Array;
  flags?: number;
  prog_type?: number;
  insns?: Uint8Array;
  license?: string;
  prog_name?: string;
  prog_flags?: number;
  expected_attach_type?: number;
  log?: { text: string };
  pathname?: string;
  bpf_fd?: number;
  target_fd?: number;
  attach_bpf_fd?: number;
  attach_type?: number;
  attach_flags?: number;
  prog_fd?: number;
  data_in?: Uint8Array;
  data_out?: Uint8Array;
  ctx_in?: Uint8Array;
  ctx_out?: Uint8Array;
  repeat?: number;
  cpu?: number;
  retval?: number;
  duration?: number;
  data_size_out?: number;
  ctx_size_out?: number;
  start_id?: number;
  next_id?: number;
  prog_id?: number;
  map_id?: number;
  link_id?: number;
  info?: MapInfo | ProgramInfo | LinkInfo;
  link_fd?: number;
}

type Calls = MapCalls & IdCalls & ProgramCalls & { errno(): number };
type Command = (calls: Calls, attributes: BpfAttributes) => number | Promise<number>;

/** Descriptor 0 is never ours, so a missing one is refused as a bad one. */
const NONE = 0;
const EMPTY = new Uint8Array(0);

/** The id behind `start_id`, written to `next_id`. */
function nextId(next: (start: number, out: { value: number }) => number, attributes: BpfAttributes): number {
  const out = { value: 0 };
  const result = next(attributes.start_id ?? 0, out);
  if (result === 0) attributes.next_id = out.value;
  return result;
}

const COMMANDS: Readonly<Record<number, Command>> = {
  [BPF_COMMANDS.MAP_CREATE]: (
    calls,
    { map_type = 0, map_name, key_size = 0, value_size = 0, max_entries = 0, map_flags = 0, map_extra, inner_map_fd },
  ) =>
    calls.bpf_map_create(map_type, map_name ?? null, key_size, value_size, max_entries, {
      map_flags,
      ...(map_extra === undefined ? {} : { map_extra }),
      ...(inner_map_fd ? { inner_map_fd } : {}),
    }),
  [BPF_COMMANDS.MAP_LOOKUP_ELEM]: (calls, { map_fd = NONE, key, value = EMPTY }) => calls.bpf_map_lookup_elem(map_fd, key ?? null, value),
  [BPF_COMMANDS.MAP_UPDATE_ELEM]: (calls, { map_fd = NONE, key, value = EMPTY, flags = 0 }) =>
    calls.bpf_map_update_elem(map_fd, key ?? null, value, flags),
  [BPF_COMMANDS.MAP_DELETE_ELEM]: (calls, { map_fd = NONE, key = EMPTY }) => calls.bpf_map_delete_elem(map_fd, key),
  [BPF_COMMANDS.MAP_GET_NEXT_KEY]: (calls, { map_fd = NONE, key, next_key = EMPTY }) => calls.bpf_map_get_next_key(map_fd, key ?? null, next_key),
  [BPF_COMMANDS.MAP_LOOKUP_AND_DELETE_ELEM]: (calls, { map_fd = NONE, key, value = EMPTY }) =>
    calls.bpf_map_lookup_and_delete_elem(map_fd, key ?? null, value),
  [BPF_COMMANDS.PROG_LOAD]: (calls, { prog_type = 0, prog_name, license = '', insns = EMPTY, prog_flags, expected_attach_type, log }) =>
    calls.bpf_prog_load(prog_type, prog_name ?? null, license, insns, {
      ...(prog_flags === undefined ? {} : { prog_flags }),
      ...(expected_attach_type === undefined ? {} : { expected_attach_type }),
      ...(log === undefined ? {} : { log }),
    }),
  [BPF_COMMANDS.OBJ_PIN]: (calls, { bpf_fd = NONE, pathname = '' }) => calls.bpf_obj_pin(bpf_fd, pathname),
  [BPF_COMMANDS.OBJ_GET]: (calls, { pathname = '' }) => calls.bpf_obj_get(pathname),
  [BPF_COMMANDS.PROG_ATTACH]: (calls, { attach_bpf_fd = NONE, target_fd = 0, attach_type = 0, attach_flags = 0 }) =>
    calls.bpf_prog_attach(attach_bpf_fd, target_fd, attach_type, attach_flags),
  [BPF_COMMANDS.PROG_DETACH]: (calls, { attach_bpf_fd, target_fd = 0, attach_type = 0 }) =>
    attach_bpf_fd ? calls.bpf_prog_detach2(attach_bpf_fd, target_fd, attach_type) : calls.bpf_prog_detach(target_fd, attach_type),
  // The call's own object is passed on: results are written to it.
  [BPF_COMMANDS.PROG_TEST_RUN]: (calls, attributes) => calls.bpf_prog_test_run_opts(attributes.prog_fd ?? NONE, attributes),
  [BPF_COMMANDS.PROG_GET_NEXT_ID]: (calls, attributes) => nextId(calls.bpf_prog_get_next_id, attributes),
  [BPF_COMMANDS.MAP_GET_NEXT_ID]: (calls, attributes) => nextId(calls.bpf_map_get_next_id, attributes),
  [BPF_COMMANDS.LINK_GET_NEXT_ID]: (calls, attributes) => nextId(calls.bpf_link_get_next_id, attributes),
  [BPF_COMMANDS.PROG_GET_FD_BY_ID]: (calls, { prog_id = 0 }) => calls.bpf_prog_get_fd_by_id(prog_id),
  [BPF_COMMANDS.MAP_GET_FD_BY_ID]: (calls, { map_id = 0 }) => calls.bpf_map_get_fd_by_id(map_id),
  [BPF_COMMANDS.LINK_GET_FD_BY_ID]: (calls, { link_id = 0 }) => calls.bpf_link_get_fd_by_id(link_id),
  [BPF_COMMANDS.OBJ_GET_INFO_BY_FD](calls, attributes) {
    const info = calls.bpf_obj_get_info_by_fd(attributes.bpf_fd ?? NONE);
    if (info === null) return -calls.errno();
    attributes.info = info;
    return 0;
  },
  [BPF_COMMANDS.LINK_DETACH]: (calls, { link_fd = NONE }) => calls.bpf_link_detach(link_fd),
  [BPF_COMMANDS.PROG_BIND_MAP]: (calls, { prog_fd = NONE, map_fd = NONE }) => calls.bpf_prog_bind_map(prog_fd, map_fd),
};

/** bpf(2) of the C interface: 0, a descriptor or a negative errno; EINVAL for a command that is not emulated. */
export function syscall(calls: Calls, refuse: (errno: number) => number) {
  return {
    bpf: async (command: number, attributes: BpfAttributes): Promise<number> => COMMANDS[command]?.(calls, attributes) ?? refuse(Errno.EINVAL),
  };
}
