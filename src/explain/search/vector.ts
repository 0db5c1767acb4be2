import type { Failure } from '../../verifier/report.ts';
import type { RunInput, RunnableProgram } from './runner.ts';

/** An input that shows a failure, as plain JSON. Bytes are lower-case hexadecimal. */
export interface Vector {
  readonly schema: 1;
  readonly program: { readonly section: string; readonly name: string; readonly platform: string };
  /** What it shows. */
  readonly shows: { readonly id: string; readonly check: string; readonly instruction: number };
  /** data to data_end. */
  readonly packet: string;
  /** data_meta to data. */
  readonly metadata: string;
  /** The context structure; its pointer fields are ignored. */
  readonly context: string;
  readonly maps: readonly { readonly map: string; readonly key: string; readonly value: string }[];
  /** Helper results and everything else that is not given are drawn from it. */
  readonly seed: number;
  /** Others write to map values between the program's reads. */
  readonly shared?: boolean;
}

/** A vector file that is not one: `at` names the part. */
export class VectorError extends Error {
  readonly at: string;
  constructor(at: string, problem: string) {
    super(`Not a counterexample: ${at} ${problem}.`);
    this.name = 'VectorError';
    this.at = at;
  }
}

export function vectorOf(
  input: RunInput,
  program: RunnableProgram,
  about: { readonly section: string; readonly name: string },
  failure: Pick<Failure, 'id' | 'instruction'> & { readonly check: Pick<Failure['check'], 'kind'> },
): Vector {
  return {
    schema: 1,
    program: { ...about, platform: program.platform.name },
    shows: { id: failure.id, check: failure.check.kind, instruction: failure.instruction },
    packet: toHex(input.packet),
    metadata: toHex(input.metadata),
    context: toHex(input.context),
    maps: [...input.maps].flatMap(([index, entries]) =>
      [...entries].map(([key, value]) => ({ map: program.maps[index]!.name, key, value: toHex(value) })),
    ),
    seed: input.seed,
    ...(input.shared === true ? { shared: true } : {}),
  };
}

/** The input of a vector for a program. @throws VectorError where the program has no such map. */
export function inputOf(vector: Vector, program: RunnableProgram): RunInput {
  const maps = new Map<number, Map<string, Uint8Array>>();
  for (const { map, key, value } of vector.maps) {
    const index = program.maps.findIndex(({ name }) => name === map);
    if (index < 0) throw new VectorError('maps', `names map ${map}, which the program does not have`);
    if (!maps.has(index)) maps.set(index, new Map());
    maps.get(index)!.set(key, fromHex(value));
  }
  return {
    packet: fromHex(vector.packet),
    metadata: fromHex(vector.metadata),
    context: fromHex(vector.context),
    maps,
    seed: vector.seed,
    ...sharing(vector.shared),
  };
}

/** Reads a vector from its JSON text. @throws VectorError */
export function parseVector(text: string): Vector {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new VectorError('the file', 'is no JSON');
  }
  const root = record(json, 'the file');
  if (root['schema'] !== 1) throw new VectorError('schema', 'is not 1');
  const program = record(root['program'], 'program');
  const shows = record(root['shows'], 'shows');
  const { maps } = root;
  if (!Array.isArray(maps)) throw new VectorError('maps', 'is no list');
  return {
    schema: 1,
    program: {
      section: string(program['section'], 'program.section'),
      name: string(program['name'], 'program.name'),
      platform: string(program['platform'], 'program.platform'),
    },
    shows: {
      id: string(shows['id'], 'shows.id'),
      check: string(shows['check'], 'shows.check'),
      instruction: number(shows['instruction'], 'shows.instruction'),
    },
    packet: hex(root['packet'], 'packet', MAX_PACKET),
    metadata: hex(root['metadata'], 'metadata', MAX_METADATA),
    context: hex(root['context'], 'context', MAX_BYTES),
    maps: maps.map((entry, index) => {
      const row = record(entry, `maps[${index}]`);
      return {
        map: string(row['map'], `maps[${index}].map`),
        key: hex(row['key'], `maps[${index}].key`, MAX_BYTES),
        value: hex(row['value'], `maps[${index}].value`, MAX_BYTES),
      };
    }),
    seed: number(root['seed'], 'seed'),
    ...sharing(root['shared'] === true),
  };
}

const sharing = (shared: boolean | undefined) => (shared === true ? { shared } : {});

/** Bytes of the largest packet, metadata area and map value that are taken from a file. */
const MAX_PACKET = 0x1_0000;
const MAX_METADATA = 255;
const MAX_BYTES = 0x10_0000;

function record(value: unknown, at: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new VectorError(at, 'is no object');
  return value as Record<string, unknown>;
}

function string(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new VectorError(at, 'is no text');
  return value;
}

function number(value: unknown, at: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new VectorError(at, 'is no number of 32 bits');
  return value;
}

function hex(value: unknown, at: string, most: number): string {
  const text = string(value, at);
  if (text.length % 2 !== 0 || !/^[\da-f]*$/.test(text)) throw new VectorError(at, 'is not hexadecimal');
  if (text.length / 2 > most) throw new VectorError(at, `has more than ${most} bytes`);
  return text;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, index) => Number.parseInt(text.slice(2 * index, 2 * index + 2), 16));
}
