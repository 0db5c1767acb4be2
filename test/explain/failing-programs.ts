import { readFileSync } from 'node:fs';
import { loadObject } from '../../src/object/load.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { type Verification, verify } from '../../src/verifier/index.ts';
import { corpusPath } from '../corpus.ts';

export interface Entry {
  readonly file: string;
  readonly stable_id: string;
  readonly truth: 'bug' | 'leak' | 'rule' | 'safe' | 'term';
}

/** The failing programs of the corpus; empty where it is absent. */
export function failingPrograms(): readonly Entry[] {
  const manifest = corpusPath('failures/MANIFEST.json');
  return manifest === undefined ? [] : (JSON.parse(readFileSync(manifest, 'utf8')) as Entry[]);
}

/** Verifies the failing variant of an entry, or its fix. */
export function verifyEntry(entry: Entry, variant: 'bad' | 'fix'): Verification {
  const path = corpusPath(`failures/objects/${entry.file.replace(/\.c$/, '')}.${variant}.o`)!;
  const object = loadObject(readFileSync(path), path);
  const program = object.programs.find(({ section }) => section !== '.text')!;
  // Division by zero is defined; only who asks for it is told.
  return verify(object, program, { platform: linux, allowDivisionByZero: !entry.file.includes('div-by-zero') });
}
