import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import { decode } from '../../src/isa/decode.ts';
import { encode } from '../../src/isa/encode.ts';
import { formatInstruction } from '../../src/isa/format.ts';
import { parseInstruction, parseProgram } from '../../src/isa/parse.ts';
import { validate } from '../../src/isa/validate.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { executableSections } from './executable-sections.ts';

const elf = corpusPath('elf');
const conformance = corpusPath('conformance');
const yaml = corpusPath('verifier-yaml');
if (elf === undefined) reportSkipped('elf', 157);
if (conformance === undefined) reportSkipped('conformance', 245);
if (yaml === undefined) reportSkipped('verifier-yaml', 558);

const objects = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.o'))
    .sort();

describe.skipIf(elf === undefined)('objects of the corpus', () => {
  it('decode and encode to the same bytes, and their text parses back', { timeout: 120_000 }, () => {
    const folder = elf ?? '';
    let slots = 0;
    for (const name of objects(folder)) {
      const { byteOrder, sections } = executableSections(readFileSync(join(folder, name)));
      for (const section of sections) {
        const list = decode(section.bytes, byteOrder);
        slots += list.length;
        expect(Buffer.compare(encode(list, byteOrder), section.bytes), `${name} ${section.name}`).toBe(0);
        // Through the other byte order as well.
        expect(Buffer.compare(encode(decode(encode(list, 'big'), 'big'), byteOrder), section.bytes)).toBe(0);
        for (const [pc, instruction] of list.entries()) {
          if (instruction === undefined || pc % 7 !== 0) continue;
          const text = formatInstruction(instruction, pc);
          const parsed = parseInstruction(text, { pc, slotOf: Number });
          if (JSON.stringify(parsed) !== JSON.stringify(instruction)) expect(parsed, text).toEqual(instruction);
        }
      }
    }
    expect(slots).toBeGreaterThan(300_000);
  });
});

describe.skipIf(conformance === undefined)('conformance cases of the corpus', () => {
  it('assemble to valid programs with a result', () => {
    const folder = conformance ?? '';
    const names = readdirSync(folder).filter((name) => name.endsWith('.data'));
    expect(names).toHaveLength(245);
    for (const name of names) {
      const { instructions, result } = parseConformanceCase(readFileSync(join(folder, name), 'utf8'));
      expect(result, name).toBeTypeOf('bigint');
      expect(validate(instructions), name).toEqual([]);
      expect(decode(encode(instructions, 'little'), 'little'), name).toEqual(instructions);
    }
  });

  it('say the same in assembly and raw', () => {
    const text = readFileSync(join(conformance ?? '', 'lddw.data'), 'utf8');
    const raw = parseConformanceCase(text).instructions;
    expect(parseConformanceCase(text.replace(/-- raw[\s\S]*?(?=-- result)/, '')).instructions).toEqual(raw);
  });
});

describe.skipIf(yaml === undefined)('verifier cases of the corpus', () => {
  it('parse', () => {
    const folder = yaml ?? '';
    let cases = 0;
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.yaml'))) {
      for (const document of parseAllDocuments(readFileSync(join(folder, name), 'utf8'))) {
        const value: unknown = document.toJS();
        if (typeof value !== 'object' || value === null || !('code' in value)) continue;
        const blocks = Object.entries(value.code as Record<string, string>);
        const program = parseProgram(blocks);
        expect(program.slots.length, name).toBe(program.lines.length);
        cases++;
      }
    }
    expect(cases).toBe(558);
  });
});
