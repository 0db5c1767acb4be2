import { readFileSync } from 'node:fs';
import { type Document, isMap, isScalar, isSeq, parseAllDocuments } from 'yaml';
import { type Constraint, parseConstraint } from './constraint.ts';

export interface Observation {
  /** `entry`, `exit` or an instruction's label. */
  readonly at: 'entry' | 'exit' | number;
  readonly point: 'pre' | 'post';
  readonly mode: 'consistent' | 'entailed';
  readonly constraints: readonly Constraint[];
}

/** One case of the peer's suite. */
export interface Case {
  readonly file: string;
  readonly name: string;
  /** Its place among the cases of the file, from 0: names are not unique. */
  readonly index: number;
  readonly options: ReadonlySet<string>;
  readonly blocks: readonly (readonly [label: string, text: string])[];
  readonly pre: readonly Constraint[];
  readonly post: readonly Constraint[];
  readonly postLines: readonly string[];
  readonly messages: readonly string[];
  readonly observe: readonly Observation[];
}

/** A case whose loading must fail, or fails. */
export interface BrokenCase {
  readonly file: string;
  readonly name: string;
  readonly index: number;
  readonly error: string;
  /** The text that the case wants; undefined: it should have loaded. */
  readonly expected: string | undefined;
}

const OPTIONS: ReadonlySet<string> = new Set(['!allow_division_by_zero', 'termination', 'strict', 'simplify', 'big_endian', '!big_endian']);

type Fields = Record<string, unknown>;

/** Reads the cases of one file, in order. */
export function readCases(path: string, file: string): (Case | BrokenCase)[] {
  const documents: readonly Document.Parsed[] = [...parseAllDocuments(readFileSync(path, 'utf8'))];
  return documents.flatMap((document, index): (Case | BrokenCase)[] => {
    if (!isMap(document.contents)) return [];
    const name = `${document.get('test-case')}`;
    const wanted = document.get('expected-exception');
    const expected = wanted === undefined ? undefined : `${wanted}`;
    try {
      const blocks = document.get('code');
      if (!isMap(blocks)) throw new Error('code must be a map');
      // The order of the blocks is the program's order, which a plain object would not keep for numeric labels.
      const code = blocks.items.map(
        (pair) => [`${isScalar(pair.key) ? pair.key.value : pair.key}`, `${isScalar(pair.value) ? pair.value.value : ''}`] as const,
      );
      const read = readCase(document.toJS() as Fields, { file, name, index, blocks: code, hasSequence: isSeq(document.get('observe')) });
      return expected === undefined ? [read] : [{ file, name, index, error: 'no exception', expected }];
    } catch (error) {
      return [{ file, name, index, error: error instanceof Error ? error.message : `${error}`, expected }];
    }
  });
}

interface Frame {
  readonly file: string;
  readonly name: string;
  readonly index: number;
  readonly blocks: Case['blocks'];
  readonly hasSequence: boolean;
}

function readCase(fields: Fields, { file, name, index, blocks, hasSequence }: Frame): Case {
  const options = new Set(lines(fields['options'], 'options'));
  for (const option of options) if (!OPTIONS.has(option)) throw new Error(`Unknown option: ${option}`);
  const postLines = lines(fields['post'], 'post');
  return {
    file,
    name,
    index,
    options,
    blocks,
    pre: lines(fields['pre'], 'pre').map(parseConstraint),
    post: postLines.map(parseConstraint),
    postLines,
    messages: lines(fields['messages'], 'messages'),
    observe: readObservations(fields['observe'], hasSequence),
  };
}

function lines(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`${what} must be a sequence of strings`);
  return value.map((item) => `${item}`);
}

function readObservations(value: unknown, isSequence: boolean): Observation[] {
  if (value === undefined) return [];
  if (!isSequence || !Array.isArray(value)) throw new Error('observe must be a sequence');
  return value.map((item: unknown) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) throw new Error('observe item must be a map');
    const fields = item as Fields;
    const at = readLabel(fields['at']);
    const point = fields['point'] ?? 'pre';
    const mode = fields['mode'] ?? 'consistent';
    if (point !== 'pre' && point !== 'post') throw new Error(`Invalid observation point: ${point}`);
    if (mode !== 'consistent' && mode !== 'entailed') throw new Error(`Invalid observation mode: ${mode}`);
    if (fields['constraints'] === undefined || fields['constraints'] === null) throw new Error("observe item missing required 'constraints' field");
    return { at, point, mode, constraints: lines(fields['constraints'], 'observe.constraints').map(parseConstraint) };
  });
}

function readLabel(value: unknown): Observation['at'] {
  if (value === 'entry' || value === 'exit') return value;
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Error("Invalid observation label; expected scalar 'entry'/'exit' or instruction index");
  const label = Number(value);
  if (!Number.isInteger(label) || label < 0) throw new Error(`Invalid observation label: ${value}`);
  return label;
}
