import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { InterfaceCounters } from '../hooks/interfaces.ts';
import type { AttachParameters } from '../links.ts';
import type { ExecutionMode, Policy } from '../policy.ts';
import { StoreError } from './files.ts';
import { flag, listOf, matching, natural, oneOf, record, type Shape, text, u32 } from './shape.ts';

/** Format of everything in the store; another number is another format. */
export const STORE_VERSION = 2;

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
  /** map_extra, where it is not 0. */
  readonly extra?: number;
  /** Map that served as template of a map of maps. */
  readonly template?: StoredTemplate;
  /** The object file that defines it, and its index there; the file is kept beside those of programs. */
  readonly object?: { readonly fileName: string; readonly sha256: string; readonly index: number };
  /** Bytes of its values that belong to the runtime. */
  readonly special?: readonly { readonly offset: number; readonly size: number }[];
  /** Processors whose values the snapshot holds, for per-CPU maps: another machine has another number. */
  readonly cpus?: number;
  /** Counts rewritten snapshots; part of the file names. */
  readonly epoch: number;
  /** Bytes of the journal that count. */
  readonly journal: number;
  /** SHA-256 of the packed entries in the snapshot: proves them, and shows whether programs stored through value pointers. */
  readonly content: string;
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
  /** Detached links last as long as their pins do. */
  readonly state: 'attached' | 'detached';
}

export interface StoredInterface {
  readonly index: number;
  readonly name: string;
  readonly alias: string;
  readonly counters: InterfaceCounters;
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

const sha256 = matching(/^[\da-f]{64}$/);
const template = record({ typeId: u32, keySize: u32, valueSize: u32, maxEntries: u32, flags: u32, id: natural });
const shape: Shape = record({
  generation: natural,
  platform: text,
  nextId: natural,
  policy: record({ hypervisorCodeIntegrity: flag, debug: flag, testSigning: flag, proofOfVerification: flag }),
  interfaces: listOf(
    record({
      index: u32,
      name: text,
      alias: text,
      counters: record({ received: natural, passed: natural, dropped: natural, transmitted: natural, redirected: natural, bytes: natural }),
    }),
  ),
  maps: listOf(
    record(
      {
        id: natural,
        name: text,
        type: u32,
        keySize: u32,
        valueSize: u32,
        maxEntries: u32,
        flags: u32,
        frozen: flag,
        epoch: natural,
        journal: natural,
        content: sha256,
      },
      {
        template,
        extra: natural,
        cpus: u32,
        object: record({ fileName: text, sha256, index: natural }),
        special: listOf(record({ offset: u32, size: u32 })),
      },
    ),
  ),
  programs: listOf(
    record(
      {
        id: natural,
        name: text,
        section: text,
        fileName: text,
        sha256,
        index: natural,
        type: text,
        mode: oneOf('jit', 'interpret', 'native'),
        flags: natural,
        mapIds: listOf(natural),
        objectMapIds: listOf((value) => (value === null ? undefined : natural(value))),
      },
      { attachType: text },
    ),
  ),
  links: listOf(
    record({
      id: natural,
      programId: natural,
      attachType: text,
      parameters: record({}, { interfaceIndex: u32, compartmentId: u32 }),
      legacy: flag,
      state: oneOf('attached', 'detached'),
    }),
  ),
  pins: listOf(record({ path: text, id: natural })),
});

const HEADER = /^ebpfsh store (\d{1,9}) ([\da-f]{8}) ([\da-f]{64}|-)\n/;
const FAMILY = /^ebpfsh store (\d{1,9})[ \n]/;

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function sealOf(body: string, key: Uint8Array | undefined): string {
  return key === undefined ? '-' : createHmac('sha256', key).update(`${STORE_VERSION} ${body}`).digest('hex');
}

/**
 * `ebpfsh store <version> <crc32> <seal>`, newline, JSON. The checksum shows damage; the seal, HMAC-SHA256 under the user's key, shows
 * that this user's ebpfsh wrote it (`-` without a key).
 */
export function encodeManifest(manifest: Manifest, key?: Uint8Array): Uint8Array {
  // Rather no command than a store that nobody can read.
  const wrong = shape(manifest);
  if (wrong !== undefined) throw new RangeError(`the store cannot hold ${wrong.slice(1)}`);
  const body = JSON.stringify(manifest);
  return new TextEncoder().encode(`ebpfsh store ${STORE_VERSION} ${checksum(body)} ${sealOf(body, key)}\n${body}`);
}

/** Reads a manifest; throws StoreError for another version, damage, a wrong seal (with a key) or members that are not what they should be. */
export function decodeManifest(bytes: Uint8Array, path: string, key?: Uint8Array): Manifest {
  const content = new TextDecoder().decode(bytes);
  const version = FAMILY.exec(content)?.[1];
  if (version === undefined) throw new StoreError('damaged', path, 'this is not the manifest of a store');
  if (Number(version) !== STORE_VERSION) {
    throw new StoreError('version', path, `the store was written in format ${version}, this program knows format ${STORE_VERSION}`);
  }
  const header = HEADER.exec(content);
  if (header === null) throw new StoreError('damaged', path, 'its first line is damaged');
  const body = content.slice(header[0].length);
  if (checksum(body) !== header[2]) throw new StoreError('damaged', path, 'its checksum is wrong');
  if (key !== undefined && !sameSeal(header[3]!, sealOf(body, key))) {
    throw new StoreError('damaged', path, 'its seal is wrong: it was altered, or written under the key of another user or machine');
  }
  const manifest = parse(body, path);
  const wrong = shape(manifest);
  if (wrong !== undefined) throw new StoreError('damaged', path, `${wrong === '' ? 'its JSON' : wrong.slice(1)} is missing or not what it should be`);
  return manifest as Manifest;
}

function sameSeal(given: string, expected: string): boolean {
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function parse(body: string, path: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new StoreError('damaged', path, 'it is not JSON');
  }
}
