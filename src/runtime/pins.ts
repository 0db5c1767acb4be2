import type { PlatformName } from '../platform/platform.ts';
import { RuntimeError } from './result.ts';

const MAXIMUM_PATH = 256;
const WINDOWS_ROOT = 'BPF:\\';
const LINUX_ROOT = '/sys/fs/bpf';

function refused(path: string, why: string): RuntimeError {
  return new RuntimeError('EBPF_INVALID_ARGUMENT', `"${path}" is no pin path: ${why}.`);
}

/** Resolves ".", ".." and empty segments; undefined when ".." leaves the root. */
function resolve(segments: readonly string[]): string[] | undefined {
  const result: string[] = [];
  for (const segment of segments) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') result.push(segment);
    else if (result.pop() === undefined) return undefined;
  }
  return result;
}

/**
 * The one spelling under which a pin is stored. Windows (ebpf_canonicalize_pin_path): `BPF:\a\b`, from either kind of slash, relative
 * or rooted, below `/ebpf/global` or not; the prefix without regard to case, the rest as it is. Linux: an absolute path, relative
 * ones below /sys/fs/bpf. Throws EBPF_INVALID_ARGUMENT for paths above the root, drive letters, and more than 256 characters.
 */
export function canonicalPinPath(platform: PlatformName, path: string): string {
  if (path.includes('\0')) throw refused(path.replaceAll('\0', '\\0'), 'it contains a NUL character');
  const canonical = platform === 'windows' ? canonicalWindows(path) : canonicalLinux(path);
  if (canonical.length >= MAXIMUM_PATH) throw refused(path, `it is longer than ${MAXIMUM_PATH - 1} characters`);
  return canonical;
}

function canonicalWindows(path: string): string {
  const rest = /^bpf:/i.test(path) ? path.slice(4) : path;
  if (rest.includes(':')) throw refused(path, 'only the prefix BPF: may contain a colon');
  const segments = resolve(rest.split(/[\\/]/));
  if (segments === undefined) throw refused(path, '".." leads above the root');
  const rooted = /^[\\/]/.test(rest);
  if (rooted && segments[0] === 'ebpf' && segments[1] === 'global') segments.splice(0, 2);
  return WINDOWS_ROOT + segments.join('\\');
}

function canonicalLinux(path: string): string {
  const segments = resolve((path.startsWith('/') ? path : `${LINUX_ROOT}/${path}`).split('/'));
  if (segments === undefined) throw refused(path, '".." leads above the root');
  return `/${segments.join('/')}`;
}

/** Where a map with LIBBPF_PIN_BY_NAME is pinned. */
export function autoPinPath(platform: PlatformName, mapName: string): string {
  return canonicalPinPath(platform, platform === 'windows' ? `/ebpf/global/${mapName}` : `${LINUX_ROOT}/${mapName}`);
}

/** Pinned objects by canonical path. */
export class PinTable {
  readonly #platform: PlatformName;
  readonly #pins = new Map<string, number>();

  constructor(platform: PlatformName) {
    this.#platform = platform;
  }

  canonical(path: string): string {
    return canonicalPinPath(this.#platform, path);
  }

  /** Id of the object at a path (any spelling), or undefined. */
  get(path: string): number | undefined {
    return this.#pins.get(this.canonical(path));
  }

  /** Enters a pin; throws EBPF_OBJECT_ALREADY_EXISTS for a used path. Returns the canonical path. */
  add(path: string, id: number): string {
    const canonical = this.canonical(path);
    if (this.#pins.has(canonical)) throw new RuntimeError('EBPF_OBJECT_ALREADY_EXISTS', `${canonical} is already pinned.`);
    this.#pins.set(canonical, id);
    return canonical;
  }

  /** Removes a pin and returns what it was; throws EBPF_KEY_NOT_FOUND for an unknown path. */
  remove(path: string): { readonly path: string; readonly id: number } {
    const canonical = this.canonical(path);
    const id = this.#pins.get(canonical);
    if (id === undefined) throw new RuntimeError('EBPF_KEY_NOT_FOUND', `${canonical} is not pinned.`);
    this.#pins.delete(canonical);
    return { path: canonical, id };
  }

  /** Every pin, sorted by code point of the path. */
  list(): { readonly path: string; readonly id: number }[] {
    return [...this.#pins].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, id]) => ({ path, id }));
  }

  /** Paths of one object, sorted. */
  pathsOf(id: number): string[] {
    return this.list()
      .filter((pin) => pin.id === id)
      .map((pin) => pin.path);
  }
}
