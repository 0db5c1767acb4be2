import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runConformance } from '../../shell/conformance-run.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import { encode } from '../../src/isa/encode.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

const folder = corpusPath('conformance');
if (folder === undefined) reportSkipped('conformance', 245);

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
const RETURN_LENGTH = 'bf 20 00 00 00 00 00 00 95 00 00 00 00 00 00 00';

describe('ebpfsh-conformance', () => {
  it.skipIf(folder === undefined).each(['interpreter', 'checked', 'jit', 'native'])('answers every case with %s', { timeout: 60_000 }, (engine) => {
    const names = readdirSync(folder!).filter((name) => name.endsWith('.data'));
    expect(names.length).toBeGreaterThanOrEqual(245);
    for (const name of names) {
      const { instructions, memory, result } = parseConformanceCase(readFileSync(join(folder!, name), 'utf8'));
      const args = [...(memory === undefined ? [] : [hex(memory).join('  ')]), '--engine', engine];
      const { code, output } = runConformance(args, `${hex(encode(instructions, 'little')).join(' ')}\n`);
      expect([code, output], name).toEqual([0, result!.toString(16)]);
    }
  });

  it('takes memory or none, and options in any order', () => {
    expect(runConformance([], RETURN_LENGTH)).toEqual({ code: 0, output: '0' });
    expect(runConformance(['aa  bb  cc'], RETURN_LENGTH)).toEqual({ code: 0, output: '3' });
    expect(runConformance(['--engine=jit', 'aa  bb'], RETURN_LENGTH)).toEqual({ code: 0, output: '2' });
  });

  it('runs the program of an ELF file', () => {
    const object = readFileSync(new URL('../../bench/programs/d_checksum.o', import.meta.url));
    for (const engine of ['interpreter', 'checked', 'jit', 'native']) {
      expect(runConformance(['00', '--engine', engine, '--elf'], hex(object).join(' '))).toEqual({ code: 0, output: '1' });
    }
  });

  it.each([
    { args: ['--engine', 'abacus'], input: RETURN_LENGTH, words: /no engine abacus/ },
    { args: ['--verbose'], input: RETURN_LENGTH, words: /unknown option --verbose/ },
    { args: ['aa', 'bb'], input: RETURN_LENGTH, words: /unexpected bb/ },
    { args: ['zz'], input: RETURN_LENGTH, words: /hexadecimal/ },
    { args: [], input: 'ff 00 00 00 00 00 00 00', words: /./ },
    { args: [], input: 'b7 00', words: /./ },
    { args: ['--elf'], input: RETURN_LENGTH, words: /./ },
    { args: ['--engine', 'jit'], input: '79 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00', words: /access outside the memory/ },
  ])('refuses $args with words', ({ args, input, words }) => {
    const { code, output } = runConformance(args, input);
    expect(code).toBe(1);
    expect(output).toMatch(words);
  });

  /** Eight functions, each of which calls the next forty times: no loop, and no end to be seen. */
  const tower = () => {
    const call = (to: number, at: number) => {
      const offset = new Uint8Array(new Int32Array([to - at - 1]).buffer);
      return `85 10 00 00 ${hex(offset).join(' ')}`;
    };
    const slots: string[] = [];
    for (let level = 0; level < 7; level++) {
      for (let index = 0; index < 40; index++) slots.push(call((level + 1) * 41, slots.length));
      slots.push('95 00 00 00 00 00 00 00');
    }
    return [...slots, 'b7 00 00 00 01 00 00 00', '95 00 00 00 00 00 00 00'].join(' ');
  };
  const loop = '05 00 ff ff 00 00 00 00 95 00 00 00 00 00 00 00';
  it.each(['interpreter', 'jit', 'native'])('gives endless programs up with %s', { timeout: 60_000 }, (engine) => {
    for (const input of [loop, tower()]) {
      expect(runConformance(['--engine', engine], input)).toEqual({ code: 1, output: 'the program did not end within 50,000,000 steps' });
    }
  });
  it('gives them up sooner with checked, which is slower', { timeout: 60_000 }, () => {
    expect(runConformance(['--engine', 'checked'], loop)).toEqual({ code: 1, output: 'the program did not end within 20,000,000 steps' });
  });
});
