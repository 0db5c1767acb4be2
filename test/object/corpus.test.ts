import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ObjectError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile } from '../../src/object/object-file.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { processorTime } from '../processor-time.ts';

const elf = corpusPath('elf');
if (elf === undefined) reportSkipped('elf', 146);
const folder = elf ?? '';

interface Verdict {
  readonly section: string;
  readonly program: string;
  readonly instructions: number;
}

function verdicts(): Map<string, Verdict[]> {
  const byObject = new Map<string, Verdict[]>();
  const [, ...rows] = readFileSync(join(folder, 'peer-verdicts.csv'), 'utf8').trim().split('\n');
  for (const row of rows) {
    const [object = '', section = '', program = '', instructions = ''] = row.split(',');
    const list = byObject.get(object) ?? [];
    list.push({ section, program, instructions: Number(instructions) });
    byObject.set(object, list);
  }
  return byObject;
}

const files = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.o') || name.startsWith('invalid/'));

/** Objects whose BTF is damaged: their programs are listed, and each has that defect. */
const DAMAGED_BTF = 'invalid/58087ea4ff41695f3186d628a3250b26dc8d237a';
const NO_SECTION_TABLE = 'invalid/806cc077e56f0ec32236c99055714f63649e7a38';

const load = (name: string): ObjectFile => loadObject(readFileSync(join(folder, name)), name);

describe.skipIf(elf === undefined)('every object of the corpus', () => {
  it('loads or is refused with one located line, and lists the programs of peer-verdicts.csv', () => {
    const expected = verdicts();
    const refused: string[] = [];
    const names = files();
    expect(names.length).toBe(146);
    for (const name of names) {
      const sorted = (list: readonly { section: string; program: string }[]): string[] =>
        list.map((item) => `${item.section} ${item.program}`).sort();
      let listed: string[] = [];
      const took = processorTime(() => {
        try {
          listed = sorted(load(name).programs.map(({ section, name: program }) => ({ section, program })));
        } catch (error) {
          if (!(error instanceof ObjectError)) throw error;
          refused.push(name);
          expect(error.message, name).toMatch(/^[^\n]+: (section .+|offset 0x[0-9a-f]+): [^\n]+$/);
        }
      });
      expect(took, name).toBeLessThan(2000);
      expect(listed, name).toEqual(sorted(expected.get(name) ?? []));
    }
    expect(refused).toEqual([NO_SECTION_TABLE]);
  });

  it('links every program to as many instructions as the peer counts, without a defect', { timeout: 60_000 }, () => {
    const expected = verdicts();
    const defects: string[] = [];
    let programs = 0;
    for (const name of files()) {
      if (name === NO_SECTION_TABLE) continue;
      const object = load(name);
      for (const program of object.programs) {
        programs++;
        if (program.defect !== undefined) defects.push(`${name} ${program.name}: ${program.defect.message}`);
        const row = expected.get(name)?.find((candidate) => candidate.section === program.section && candidate.program === program.name);
        if (name !== DAMAGED_BTF) expect(program.instructions.length, `${name} ${program.name}`).toBe(row?.instructions);
        expect(program.functions[0]).toMatchObject({ name: program.name, start: 0, end: program.size / 8 });
        expect(program.functions.at(-1)?.end).toBe(program.instructions.length);
        for (const line of program.lines) expect(program.instructions[line.slot], `${name} line of slot ${line.slot}`).toBeDefined();
        for (const instruction of program.instructions) {
          if (instruction?.kind !== 'lddw') continue;
          if (instruction.source === 'map_fd' || instruction.source === 'map_value') expect(object.maps[instruction.low], name).toBeDefined();
          if (instruction.source === 'variable') expect(object.externs[instruction.low], name).toBeDefined();
        }
      }
    }
    expect(programs).toBe(463);
    expect(defects).toHaveLength(4);
    for (const defect of defects)
      expect(defect).toContain(`${DAMAGED_BTF}: section .BTF + 0x1c: Invalid .BTF section: BTF type 1 has unknown kind 0`);
  });

  it('lists the largest object without linking it', () => {
    const bytes = readFileSync(join(folder, 'falco/probe.o'));
    loadObject(bytes, 'warm-up');
    const took = processorTime(() => {
      const object = loadObject(bytes, 'probe.o');
      const listed = object.programs.map(({ section, name, size }) => `${section} ${name} ${size}`);
      expect(listed).toHaveLength(95);
    });
    // Ten times what it takes; linking 95 programs alone would take longer.
    expect(took).toBeLessThan(500);
  });
});

describe.skipIf(elf === undefined)('maps of the corpus', () => {
  const map = (name: string, map: string) => {
    const object = load(name);
    const found = object.maps.find((candidate) => candidate.name === map);
    return { object, found, inner: found?.inner === undefined ? undefined : object.maps[found.inner]?.name };
  };

  it.each([
    ['build/map_in_map_legacy.o', 'array_of_maps', 'inner_map'],
    ['build/map_in_map.o', 'array_of_maps', 'inner_map'],
    ['build/map_in_map_anonymous.o', 'outer_map', '__anonymous_map_1'],
    ['build/map_in_map_typedef.o', 'outer_map_1', '__anonymous_map_1'],
    ['build/map_in_map_typedef.o', 'outer_map_2', '__anonymous_map_1'],
    ['cilium/bpf_xdp_snat_linux.o', 'cilium_lb6_maglev', 'cilium_lb6_maglev_inner'],
    ['cilium/bpf_xdp_snat_linux.o', 'cilium_lb4_maglev', 'cilium_lb4_maglev_inner'],
    ['linux/test_map_in_map_kern.o', 'a_of_port_a', 'port_a'],
    ['linux/test_map_in_map_kern.o', 'h_of_port_h', 'port_h'],
  ])('%s: %s holds %s', (name, outer, inner) => {
    const result = map(name, outer);
    expect(result.inner).toBe(inner);
    expect(result.found?.valueSize).toBe(4);
  });

  it('reads initial slots of program and map arrays', () => {
    expect(map('build/prog_array.o', 'prog_array_map').found?.initialSlots).toEqual([
      { index: 0, target: 'func0' },
      { index: 1, target: 'func1' },
      { index: 2, target: 'func2' },
      { index: 3, target: 'func3' },
    ]);
    expect(map('build/map_in_map.o', 'array_of_maps').found?.initialSlots).toEqual([{ index: 0, target: 'inner_map' }]);
  });

  it('reads legacy definitions of every size', () => {
    expect(map('linux/xdp1_kern.o', 'rxcnt').found).toEqual({
      name: 'rxcnt',
      type: 6,
      keySize: 4,
      valueSize: 8,
      maxEntries: 256,
      flags: 0,
      pinning: 0,
      origin: 'legacy',
    });
    expect(map('invalid/af99e766f6ba44fd7f2135c3e325c817224b99a3', 'outer_map')).toMatchObject({
      inner: 'inner_map',
      found: { keySize: 4, pinning: 2 },
    });
    expect(map('cilium/bpf_xdp_snat_linux.o', 'cilium_lxc').found).toMatchObject({ keySize: 20, valueSize: 48, maxEntries: 65535, pinning: 2 });
  });
});
