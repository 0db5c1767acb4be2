import { inferProgramType } from '../platform/index.ts';
import { Errno } from '../runtime/result.ts';
import type { LibbpfState } from './state.ts';

const messages: ReadonlyMap<number, string> = new Map([
  [Errno.EPERM, 'Operation not permitted'],
  [Errno.ENOENT, 'No such file or directory'],
  [Errno.E2BIG, 'Argument list too long'],
  [Errno.EBADF, 'Bad file descriptor'],
  [Errno.EAGAIN, 'Resource temporarily unavailable'],
  [Errno.ENOMEM, 'Cannot allocate memory'],
  [Errno.EACCES, 'Permission denied'],
  [Errno.EFAULT, 'Bad address'],
  [Errno.EBUSY, 'Device or resource busy'],
  [Errno.EEXIST, 'File exists'],
  [Errno.EINVAL, 'Invalid argument'],
  [Errno.ENOSPC, 'No space left on device'],
  [Errno.ERANGE, 'Numerical result out of range'],
  [Errno.EOPNOTSUPP, 'Operation not supported'],
  [Errno.ENOBUFS, 'No buffer space available'],
]);

/** The C library's words for an errno of either sign. */
export function errorText(errno: number): string {
  return messages.get(Math.abs(errno)) ?? `Unknown libbpf error ${Math.abs(errno)}`;
}

/** enum bpf_link_type of eBPF for Windows; Linux's first values differ but are not used here. */
const linkTypes = ['unspec', 'plain', 'cgroup', 'xdp'] as const;

/** Receives the types that a section name stands for. */
export interface TypesOut {
  prog_type: number;
  expected_attach_type: number;
}

/** Names, numbers and words of the C interface. */
export function nameCalls(state: LibbpfState) {
  const { platform, host } = state.runtime;
  return {
    /** Types of a section name; -EINVAL when it says nothing. */
    libbpf_prog_type_by_name: (name: string, out: TypesOut) => {
      const inferred = inferProgramType(platform, name);
      if (inferred?.inferred !== 'section') return state.refuse(Errno.EINVAL);
      out.prog_type = inferred.type.id;
      out.expected_attach_type = platform.attachTypes.find((type) => type.name === inferred.attachType)?.id ?? 0;
      return 0;
    },
    libbpf_attach_type_by_name: (name: string, out: { value: number }) => {
      const inferred = inferProgramType(platform, name);
      const type = platform.attachTypes.find((candidate) => candidate.name === inferred?.attachType && inferred.inferred === 'section');
      if (type === undefined) return state.refuse(Errno.EINVAL);
      out.value = type.id;
      return 0;
    },
    libbpf_bpf_prog_type_str: (type: number) => platform.programTypes.find(({ id }) => id === type)?.name ?? null,
    libbpf_bpf_attach_type_str: (type: number) => platform.attachTypes.find(({ id }) => id === type)?.name ?? null,
    libbpf_bpf_map_type_str: (type: number) => platform.mapTypes.find(({ id }) => id === type)?.name ?? null,
    libbpf_bpf_link_type_str: (type: number) => linkTypes[type] ?? null,
    libbpf_num_possible_cpus: () => host.cpuCount,
    /** 0 for an object, the negative errno of the call that yielded null. */
    libbpf_get_error: (pointer: object | null) => (pointer === null ? -state.errno : 0),
    libbpf_strerror: errorText,
  };
}
