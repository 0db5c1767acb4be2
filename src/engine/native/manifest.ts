import type { LoadImmediate, WideSource } from '../../isa/instruction.ts';
import type { ArgumentType, ResultType } from '../engine.ts';
import type { HelperImport } from '../jit/translate.ts';
import { ImageError } from './image-error.ts';

/** What an image says about itself, in its custom section `ebpf.manifest` as JSON. */
export interface ImageManifest {
  /** The program that wrote the image, and its version. */
  readonly version: string;
  /** Name of the platform it is made for. */
  readonly platform: string;
  /** The object it was made from: path as given, SHA-256 as lower-case hex. */
  readonly source: { readonly path: string; readonly sha256: string };
  readonly metadata: Readonly<Record<string, string>>;
  readonly frameSize: number;
  readonly maxFrames: number;
  readonly programs: readonly ImageProgram[];
  readonly maps: readonly ImageMap[];
  readonly helpers: readonly HelperImport[];
}

export interface ImageProgram {
  readonly name: string;
  readonly section: string;
  /** Instructions it was translated from. */
  readonly instructions: number;
  /** Map references and the like that are filled in when it is linked. */
  readonly values: readonly LoadImmediate[];
  /** Slots of functions that helpers may call. */
  readonly callbacks: readonly number[];
}

/** A map that the programs refer to: the fields of a loaded object's map definition, of which this is a copy. */
export interface ImageMap {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly pinning: number;
  readonly origin: 'legacy' | 'btf' | 'data';
  readonly inner?: number;
  readonly innerTemplate?: boolean;
  readonly keyTypeId?: number;
  readonly valueTypeId?: number;
  readonly data?: { readonly section: string; readonly bytes: Uint8Array; readonly readOnly: boolean };
  readonly initialSlots?: readonly { readonly index: number; readonly target: string }[];
}

export const MANIFEST_SECTION = 'ebpf.manifest';
const FORMAT = 1;

export function encodeManifest(manifest: ImageManifest): Uint8Array {
  const maps = manifest.maps.map((map) =>
    map.data === undefined ? map : { ...map, data: { ...map.data, bytes: Buffer.from(map.data.bytes).toString('base64') } },
  );
  return new TextEncoder().encode(JSON.stringify({ format: FORMAT, ...manifest, maps }));
}

/** Throws ImageError `malformed` for anything but a complete manifest of this format. */
export function decodeManifest(bytes: Uint8Array, path: string): ImageManifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ImageError('malformed', path, 'not JSON in UTF-8', MANIFEST_SECTION);
  }
  const read = new Reader(path);
  const root = read.object(parsed, 'the manifest');
  const format = read.number(root.format, 'format');
  if (format !== FORMAT) throw new ImageError('malformed', path, `format ${format}, this version reads format ${FORMAT}`, MANIFEST_SECTION);
  const source = read.object(root.source, 'source');
  const sha256 = read.text(source.sha256, 'source.sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) read.fail('source.sha256', 'a SHA-256 in hexadecimal');
  const metadata = Object.entries(read.object(root.metadata, 'metadata')).map(([key, value]) => [key, read.text(value, `metadata.${key}`)] as const);
  return {
    version: read.text(root.version, 'version'),
    platform: read.text(root.platform, 'platform'),
    source: { path: read.text(source.path, 'source.path'), sha256 },
    metadata: Object.fromEntries(metadata),
    frameSize: read.number(root.frameSize, 'frameSize'),
    maxFrames: read.number(root.maxFrames, 'maxFrames'),
    programs: read.list(root.programs, 'programs', (value, name) => readProgram(read, value, name)),
    maps: read.list(root.maps, 'maps', (value, name) => readMap(read, value, name)),
    helpers: read.list(root.helpers, 'helpers', (value, name) => readHelper(read, value, name)),
  };
}

const WIDE_SOURCES: readonly WideSource[] = ['map_fd', 'map_value', 'variable', 'map_index', 'map_index_value'];
const ARGUMENTS: readonly ArgumentType[] = ['u32', 'i32', 'i64', 'flags'];
const RESULTS: readonly ResultType[] = ['u32', 'i32', 'i64', 'none'];
const ORIGINS: readonly ImageMap['origin'][] = ['legacy', 'btf', 'data'];

function readProgram(read: Reader, value: unknown, name: string): ImageProgram {
  const program = read.object(value, name);
  return {
    name: read.text(program.name, `${name}.name`),
    section: read.text(program.section, `${name}.section`),
    instructions: read.number(program.instructions, `${name}.instructions`),
    values: read.list(program.values, `${name}.values`, (load, at) => {
      const { source, low, high, dst } = read.object(load, at);
      return {
        kind: 'lddw',
        source: read.oneOf(source, `${at}.source`, WIDE_SOURCES),
        low: read.int32(low, `${at}.low`),
        high: read.int32(high, `${at}.high`),
        dst: read.oneOf(dst, `${at}.dst`, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
      };
    }),
    callbacks: read.list(program.callbacks, `${name}.callbacks`, (slot, at) => read.number(slot, at)),
  };
}

function readHelper(read: Reader, value: unknown, name: string): HelperImport {
  const helper = read.object(value, name);
  return {
    kind: read.oneOf(helper.kind, `${name}.kind`, ['helper', 'kfunc']),
    name: read.text(helper.name, `${name}.name`),
    id: read.int32(helper.id, `${name}.id`),
    parameters: read.list(helper.parameters, `${name}.parameters`, (type, at) => read.oneOf(type, at, ARGUMENTS)),
    result: read.oneOf(helper.result, `${name}.result`, RESULTS),
  };
}

function readMap(read: Reader, value: unknown, name: string): ImageMap {
  const map = read.object(value, name);
  const numbers = Object.fromEntries(
    (['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'pinning'] as const).map((field) => [
      field,
      read.number(map[field], `${name}.${field}`),
    ]),
  ) as Pick<ImageMap, 'type' | 'keySize' | 'valueSize' | 'maxEntries' | 'flags' | 'pinning'>;
  const optional = (field: 'inner' | 'keyTypeId' | 'valueTypeId') =>
    map[field] === undefined ? {} : { [field]: read.number(map[field], `${name}.${field}`) };
  return {
    name: read.text(map.name, `${name}.name`),
    ...numbers,
    origin: read.oneOf(map.origin, `${name}.origin`, ORIGINS),
    ...optional('inner'),
    ...optional('keyTypeId'),
    ...optional('valueTypeId'),
    ...(map.innerTemplate === undefined ? {} : { innerTemplate: read.flag(map.innerTemplate, `${name}.innerTemplate`) }),
    ...(map.data === undefined ? {} : { data: readData(read, map.data, `${name}.data`) }),
    ...(map.initialSlots === undefined
      ? {}
      : {
          initialSlots: read.list(map.initialSlots, `${name}.initialSlots`, (slot, at) => {
            const { index, target } = read.object(slot, at);
            return { index: read.number(index, `${at}.index`), target: read.text(target, `${at}.target`) };
          }),
        }),
  };
}

function readData(read: Reader, value: unknown, name: string): NonNullable<ImageMap['data']> {
  const data = read.object(value, name);
  const text = read.text(data.bytes, `${name}.bytes`);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) read.fail(`${name}.bytes`, 'base64');
  return {
    section: read.text(data.section, `${name}.section`),
    bytes: Uint8Array.from(Buffer.from(text, 'base64')),
    readOnly: read.flag(data.readOnly, `${name}.readOnly`),
  };
}

/** Checks parsed JSON value by value; every failure names the field. */
class Reader {
  readonly #path: string;
  constructor(path: string) {
    this.#path = path;
  }
  fail(field: string, wanted: string): never {
    throw new ImageError('malformed', this.#path, `${field} is not ${wanted}`, MANIFEST_SECTION);
  }
  object(value: unknown, field: string): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return this.fail(field, 'an object');
    return value as Record<string, unknown>;
  }
  text(value: unknown, field: string): string {
    return typeof value === 'string' ? value : this.fail(field, 'a string');
  }
  flag(value: unknown, field: string): boolean {
    return typeof value === 'boolean' ? value : this.fail(field, 'true or false');
  }
  /** A count: an integer of the uint32 range. */
  number(value: unknown, field: string): number {
    return typeof value === 'number' && value >>> 0 === value ? value : this.fail(field, 'an unsigned 32-bit integer');
  }
  int32(value: unknown, field: string): number {
    return typeof value === 'number' && (value | 0) === value ? value : this.fail(field, 'a 32-bit integer');
  }
  oneOf<T>(value: unknown, field: string, values: readonly T[]): T {
    return (values as readonly unknown[]).includes(value) ? (value as T) : this.fail(field, `one of ${values.join(', ')}`);
  }
  list<T>(value: unknown, field: string, item: (value: unknown, field: string) => T): T[] {
    if (!Array.isArray(value)) return this.fail(field, 'a list');
    return value.map((one, index) => item(one, `${field}[${index}]`));
  }
}
