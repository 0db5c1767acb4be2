import { crc32 } from 'node:zlib';
import type { AttachParameters } from '../links.ts';
import type { ExecutionMode, Policy } from '../policy.ts';
import { StoreError } from './files.ts';

/** Format of everything in the store; another number is another format. */
export const STORE_VERSION = 1;

export interface StoredMap {
  readonly id: number;
  readonly name: string;
  /** Number of its type on the platform. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly frozen: boolean;
  /** Map that served as template of a map of maps. */
  readonly template?: StoredTemplate;
  /** Counts rewritten snapshots; part of the file names. */
  readonly epoch: number;
  /** Bytes of the journal that count. */
  readonly journal: number;
  /** CRC-32 of the packed entries when last saved, to notice stores through value pointers. */
  readonly content: number;
}

export interface StoredTemplate {
  readonly typeId: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly id: number;
}

export interface StoredProgram {
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly index: number;
  readonly type: string;
  readonly attachType?: string;
  readonly mode: ExecutionMode;
  readonly flags: number;
  readonly mapIds: readonly number[];
  /** null: the object's map was a template only. */
  readonly objectMapIds: readonly (number | null)[];
}

export interface StoredLink {
  readonly id: number;
  readonly programId: number;
  readonly attachType: string;
  readonly parameters: AttachParameters;
  readonly legacy: boolean;
}

export interface StoredInterface {
  readonly index: number;
  readonly name: string;
  readonly alias: string;
}

/** All that outlives the process, but for map contents and object files, which have files of their own. */
export interface Manifest {
  /** Grows with every command that changed anything. */
  readonly generation: number;
  readonly platform: string;
  readonly nextId: number;
  readonly policy: Policy;
  readonly interfaces: readonly StoredInterface[];
  readonly maps: readonly StoredMap[];
  readonly programs: readonly StoredProgram[];
  readonly links: readonly StoredLink[];
  readonly pins: readonly { readonly path: string; readonly id: number }[];
}

const HEADER = /^ebpfsh store (\d+) ([0-9a-f]{8})\n/;

/** "ebpfsh store <version> <crc32 of the rest>", newline, JSON. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  const body = JSON.stringify(manifest);
  return new TextEncoder().encode(`ebpfsh store ${STORE_VERSION} ${crc32(body).toString(16).padStart(8, '0')}\n${body}`);
}

/** Reads a manifest; throws StoreError for another version or damage. */
export function decodeManifest(bytes: Uint8Array, path: string): Manifest {
  const text = new TextDecoder().decode(bytes);
  const header = HEADER.exec(text);
  if (header === null) throw new StoreError('damaged', path, 'this is not the manifest of a store');
  const version = Number(header[1]);
  if (version !== STORE_VERSION) {
    throw new StoreError(
      'version',
      path,
      `the store was written in format ${version}, this program knows format ${STORE_VERSION}: use the version that wrote it, or move the store away`,
    );
  }
  const body = text.slice(header[0].length);
  if (crc32(body) !== Number.parseInt(header[2] ?? '', 16))
    throw new StoreError('damaged', path, 'its checksum is wrong: repair the store or move it away');
  try {
    return JSON.parse(body) as Manifest;
  } catch {
    throw new StoreError('damaged', path, 'it is not JSON');
  }
}
