/** Programs that would misuse what the kernel lends them (sockets, records, iterators, locks, packets), each as small as it gets, and neighbours that do not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { BtfType } from '../../src/object/btf.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { type TextMap, verifyText } from './program-text.ts';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly section?: string;
  /** Check that must fail, whatever the precision. */
  readonly finds?: string;
  readonly text: string;
}

const VALUE = 4;

const TYPES: readonly BtfType[] = [
  { kind: 'int', name: 'unsigned int', size: 4, bits: 32, bitOffset: 0, signed: false, char: false, bool: false },
  { kind: 'struct', name: 'bpf_spin_lock', size: 4, members: [{ name: 'val', type: 1, bitOffset: 0, bitSize: 0 }] },
  { kind: 'struct', name: 'bpf_timer', size: 16, members: [] },
  {
    kind: 'struct',
    name: 'value',
    size: 32,
    members: [
      { name: 'count', type: 1, bitOffset: 0, bitSize: 0 },
      { name: 'lock', type: 2, bitOffset: 32, bitSize: 0 },
      { name: 'timer', type: 3, bitOffset: 64, bitSize: 0 },
    ],
  },
];

const MAPS: readonly TextMap[] = [
  { name: 'h', type: 'hash', key: 4, value: 64 },
  { name: 'a', type: 'array', key: 4, value: 64 },
  { name: 'rb', type: 'ringbuf', key: 0, value: 0 },
  { name: 'urb', type: 'user_ringbuf', key: 0, value: 0 },
  { name: 'progs', type: 'prog_array', key: 4, value: 4 },
  { name: 'sm', type: 'sockmap', key: 4, value: 4 },
  { name: 't', type: 'array', key: 4, value: 32, valueType: VALUE },
  { name: 't2', type: 'array', key: 4, value: 32, valueType: VALUE },
  { name: 'ts', type: 'array_of_maps', key: 4, value: 4, inner: 't' },
];

const ROWS = parse(readFileSync(join(import.meta.dirname, 'lent-objects.yaml'), 'utf8')) as readonly Row[];

const sourceOf = ({ type, section, text }: Row) => ({
  platform: linux,
  type,
  ...(section === undefined ? {} : { section }),
  maps: MAPS,
  types: TYPES,
  text,
});

describe('misuse is found at every precision', () => {
  it.each(ROWS.filter(({ finds }) => finds !== undefined).map((row) => [row.name, row] as const))('%s', (_, row) => {
    const report = verifyText(sourceOf(row));
    expect(report.failures.map(({ check }) => check.kind)).toContain(row.finds);
    for (const precision of [1, 4, 32]) expect(verifyText(sourceOf(row), precision).verdict, `precision ${precision}`).toBe('rejected');
  });
});

describe('what is given back in time passes', () => {
  it.each(ROWS.filter(({ finds }) => finds === undefined).map((row) => [row.name, row] as const))('%s', (_, row) => {
    const report = verifyText(sourceOf(row));
    expect(report.failures.map(({ message }) => message)).toEqual([]);
    expect(report.verdict).toBe('accepted');
  });
});

it('says of an address in a frame that is gone what it is', () => {
  const text = `
    *(u64 *)(r10 - 8) = 0
    r1 = r10
    r1 += -8
    call <sub>
    r1 = *(u64 *)(r10 - 8)
    r0 = *(u64 *)(r1 + 0)
    exit
  sub:
    *(u64 *)(r10 - 16) = 0
    r2 = r10
    r2 += -16
    *(u64 *)(r1 + 0) = r2
    r0 = 0
    exit`;
  expect(verifyText({ platform: linux, type: 'kprobe', text }).failures.map(({ message }) => message)).toEqual([
    'r1 is read here, but it points into the frame of a function that has returned.',
  ]);
});
