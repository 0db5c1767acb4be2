import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatType, memberAt } from '../../src/object/btf-format.ts';
import { decodeValue } from '../../src/object/btf-value.ts';
import { ObjectError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

const MUTANTS = 5000;
/** Mutants of small files reach more code per second; the large ones have nothing the small ones lack. */
const LARGEST = 12_000;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const elf = corpusPath('elf');
if (elf === undefined) reportSkipped('elf', 'the corpus part of 5,000 mutants');

function seeds(): Uint8Array[] {
  const folders = [here('../../samples/'), here('fixtures/'), ...(elf === undefined ? [] : [elf])];
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => join(folder, name))
      .filter((path) => (path.endsWith('.o') || path.includes('/invalid/')) && statSync(path).size <= LARGEST)
      .map((path) => new Uint8Array(readFileSync(path))),
  );
}

/** Mulberry32: small, seeded, the same everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const INTERESTING = [0, 1, 7, 8, 0x7f, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff];

type Mutation = (bytes: Uint8Array, random: (below: number) => number, other: Uint8Array) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  // A few random bytes.
  (bytes, random) => {
    for (let count = 1 + random(8); count > 0; count--) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  // One field of the ELF header.
  (bytes, random) => {
    bytes[random(64)] = random(256);
    return bytes;
  },
  // A 32-bit field anywhere.
  (bytes, random) => {
    const view = new DataView(bytes.buffer);
    for (let count = 1 + random(3); count > 0; count--) {
      view.setUint32(random((bytes.length - 4) >> 2) << 2, INTERESTING[random(INTERESTING.length)] ?? 0, random(2) === 0);
    }
    return bytes;
  },
  // A field of a section header.
  (bytes, random) => {
    const view = new DataView(bytes.buffer);
    const table = view.getUint32(0x28, true);
    const count = view.getUint16(0x3c, true);
    const at = table + random(Math.max(count, 1)) * 64 + 4 * random(16);
    if (at + 4 <= bytes.length) view.setUint32(at, random(2) === 0 ? random(bytes.length) : (INTERESTING[random(INTERESTING.length)] ?? 0), true);
    return bytes;
  },
  (bytes, random) => bytes.slice(0, random(bytes.length)),
  // A piece of another object.
  (bytes, random, other) => {
    const size = random(Math.min(other.length, bytes.length, 512));
    const from = random(other.length - size + 1);
    bytes.set(other.subarray(from, from + size), random(bytes.length - size + 1));
    return bytes;
  },
];

/** Asks for everything that is computed on demand. */
function touch(bytes: Uint8Array): 'clean' | 'defect' {
  const object = loadObject(bytes, 'mutant.o');
  let outcome: 'clean' | 'defect' = 'clean';
  for (const program of object.programs) {
    if (program.defect !== undefined) {
      outcome = 'defect';
      expect(program.defect.message).not.toMatch(/[\n\r]/);
      expect(program.defect.slot).toBeLessThanOrEqual(program.instructions.length + 1);
    }
    expect(program.lines.length).toBeGreaterThanOrEqual(0);
    expect(program.functions.every((range) => range.start <= range.end)).toBe(true);
  }
  for (const map of object.maps) {
    if (map.inner !== undefined) expect(object.maps[map.inner]).toBeDefined();
    if (map.data !== undefined) expect(map.data.bytes.length).toBe(map.valueSize);
  }
  const btf = object.btf;
  if (btf !== undefined) {
    const value = new Uint8Array(64);
    btf.types.forEach((_, id) => {
      expect(typeof formatType(btf, id)).toBe('string');
      memberAt(btf, id, 12, 4);
      JSON.stringify(decodeValue(btf, id, value, object.byteOrder));
    });
  }
  return outcome;
}

describe('mutated objects', () => {
  it(`end in a typed error or a clean load, ${MUTANTS} of them`, { timeout: 120_000 }, () => {
    const originals = seeds();
    const random = generator(20_250_101);
    const outcomes = { clean: 0, defect: 0, refused: 0 };
    for (let index = 0; index < MUTANTS; index++) {
      const original = originals[random(originals.length)] ?? new Uint8Array();
      const mutate = MUTATIONS[random(MUTATIONS.length)];
      const mutant = mutate?.(original.slice(), random, originals[random(originals.length)] ?? original) ?? original;
      try {
        outcomes[touch(mutant)]++;
      } catch (error) {
        if (!(error instanceof ObjectError)) throw new Error(`mutant ${index} ended in ${String(error)}`, { cause: error });
        expect(error.message).toMatch(/^mutant\.o: (section .+|offset 0x[0-9a-f]+): [^\n]+$/);
        outcomes.refused++;
      }
    }
    // All three ends are common; a reader that refused or swallowed everything would show here.
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(MUTANTS / 50);
  });
});
