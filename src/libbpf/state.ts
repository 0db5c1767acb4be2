import type { ObjectFile } from '../object/object-file.ts';
import { Errno, RuntimeError } from '../runtime/result.ts';
import type { Runtime } from '../runtime/runtime.ts';

export interface LibbpfOptions {
  readonly runtime: Runtime;
  /** Reads an object file for bpf_object__open_mem and bpf_object__open_file. */
  readonly parseObject: (bytes: Uint8Array, path: string) => ObjectFile;
  /** Reads a file for bpf_object__open_file; without it only bpf_object__open_mem works. Throws when it cannot. */
  readonly readFile?: (path: string) => Uint8Array;
}

/** What a descriptor lets its holder do with a map (BPF_F_RDONLY and BPF_F_WRONLY of the call that made it). */
export interface Access {
  readonly read: boolean;
  readonly write: boolean;
}

const FULL: Access = { read: true, write: true };

/** What all calls share: descriptors of objects, as small positive numbers, and the last error. */
export class LibbpfState {
  readonly runtime: Runtime;
  readonly options: LibbpfOptions;
  /** Positive errno of the last call that failed. */
  errno = 0;
  readonly #descriptors = new Map<number, { readonly id: number; readonly access: Access }>();
  #next = 3;

  constructor(options: LibbpfOptions) {
    this.options = options;
    this.runtime = options.runtime;
  }

  /** A new descriptor for an object; it takes a handle of its own unless `adopt` passes one on. */
  open(id: number, adopt = false, access = FULL): number {
    if (!adopt) this.runtime.openHandle(id);
    const descriptor = this.#next++;
    this.#descriptors.set(descriptor, { id, access });
    return descriptor;
  }

  /** Id behind a descriptor; throws EBADF. */
  id(descriptor: number, kind?: 'map' | 'program' | 'link'): number {
    const id = this.find(descriptor, kind);
    if (id === undefined) throw new RuntimeError('EBPF_INVALID_FD', `${descriptor} is not an open ${kind ?? 'object'} descriptor.`);
    return id;
  }

  /** `id`, or undefined where it throws. */
  find(descriptor: number, kind?: 'map' | 'program' | 'link'): number | undefined {
    const id = this.#descriptors.get(descriptor)?.id;
    const known = id === undefined ? undefined : this.runtime.objects.kindOf(id);
    return known === undefined || (kind !== undefined && kind !== known) ? undefined : id;
  }

  /** Throws EPERM where a descriptor lets its holder do less. */
  require(descriptor: number, needed: Partial<Access>): void {
    const { read, write } = this.#descriptors.get(descriptor)?.access ?? FULL;
    if ((needed.read === true && !read) || (needed.write === true && !write))
      throw errnoError('EPERM', `Descriptor ${descriptor} does not allow this.`);
  }

  /** Closes a descriptor; throws EBADF. */
  close(descriptor: number): void {
    const id = this.id(descriptor);
    this.#descriptors.delete(descriptor);
    this.runtime.closeHandle(id);
  }

  /** Runs a call of the C interface: its number, or the negative errno of what it threw. */
  call(run: () => number | undefined): number {
    try {
      return run() ?? 0;
    } catch (error) {
      return this.failed(error);
    }
  }

  /** Runs a call that yields nothing: 0 or a negative errno. */
  act(run: () => unknown): number {
    return this.call(() => {
      run();
      return 0;
    });
  }

  /** Runs a call that yields an object, or null with `errno` set. */
  pointer<T>(run: () => T): T | null {
    try {
      return run();
    } catch (error) {
      this.failed(error);
      return null;
    }
  }

  /** The negative errno of an error of the runtime; anything else is a fault of the program and passes on. */
  failed(error: unknown): number {
    if (!(error instanceof RuntimeError)) throw error;
    this.errno = error.errno;
    return -error.errno;
  }

  /** Notes an errno and returns it negated. */
  refuse(errno: number): number {
    this.errno = errno;
    return -errno;
  }
}

/** A condition that only the C interface knows, by its errno. */
export function errnoError(name: keyof typeof Errno, message: string): RuntimeError {
  return RuntimeError.fromErrno(Errno[name], message);
}
