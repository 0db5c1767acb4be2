import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import { helperByName } from '../../src/platform/find.ts';
import { inferProgramType, inferProgramTypeOfObject, objectEvidence } from '../../src/platform/infer.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { checkedProgram, type Found, search } from './checked-fixture.ts';

const failures = corpusPath('failures');
const elf = corpusPath('elf');
if (failures === undefined) reportSkipped('failures', 140);
if (elf === undefined) reportSkipped('elf', 369);

interface Entry {
  readonly file: string;
  readonly stable_id: string;
  readonly truth: 'bug' | 'leak' | 'rule' | 'safe' | 'term';
  readonly concrete: { readonly bad: { readonly pc: number | null } };
}

/**
 * Where the first violation comes earlier than the instruction that the manifest names: at the move that reads an unset register
 * instead of the exit that returns it, and at the load of the unwritten byte instead of its use.
 */
const EARLIER: Readonly<Record<string, number>> = { 'UNI-02': 3, 'STK-04': 52 };

function attempt(entry: Entry, variant: 'bad' | 'fix', tries: number): Found | undefined {
  const path = join(failures ?? '', 'objects', entry.file.replace(/\.c$/, `.${variant}.o`));
  const object = loadObject(readFileSync(path), path);
  const program = object.programs.find(({ section }) => section !== '.text') as ObjectProgram;
  const type = inferProgramType(linux, program.section)?.type;
  if (type === undefined) throw new Error(`no program type for ${program.section}`);
  return search(checkedProgram(object, program, linux, type), tries, { instructionLimit: 2_000 });
}

describe.skipIf(failures === undefined)('failing programs of the corpus', () => {
  const manifest: readonly Entry[] = failures === undefined ? [] : (JSON.parse(readFileSync(join(failures, 'MANIFEST.json'), 'utf8')) as Entry[]);

  it('are shown to fail, at the instruction that the manifest names', { timeout: 120_000 }, () => {
    const broken = manifest.filter(({ truth }) => truth === 'bug' || truth === 'leak');
    expect(broken).toHaveLength(51);
    for (const entry of broken) {
      const found = attempt(entry, 'bad', 1_000);
      expect(found?.outcome.fault.instruction, entry.stable_id).toBe(EARLIER[entry.stable_id] ?? entry.concrete.bad.pc);
    }
  });

  it('are not shown to fail where they are safe, nor are their fixes', { timeout: 120_000 }, () => {
    for (const entry of manifest) {
      if (entry.truth === 'safe') expect(attempt(entry, 'bad', 200), entry.stable_id).toBeUndefined();
      const found = attempt(entry, 'fix', 100);
      // The corpus' own fix of STK-04 reads a byte that was never written.
      if (entry.stable_id === 'STK-04') expect(found?.outcome.fault.kind).toBe('stack_uninitialised');
      else expect(found, entry.stable_id).toBeUndefined();
    }
  });
});

describe.skipIf(elf === undefined)('shipped programs of the corpus', () => {
  it('run without a violation', { timeout: 120_000 }, () => {
    let programs = 0;
    for (const folder of ['cilium', 'cilium-examples', 'falco', 'linux', 'new_linux', 'prototype-kernel']) {
      for (const name of readdirSync(join(elf ?? '', folder)).filter((file) => file.endsWith('.o'))) {
        const path = join(elf ?? '', folder, name);
        const object = loadObject(readFileSync(path), path, { helperId: (helper) => helperByName(linux, helper)?.id });
        const evidence = objectEvidence(path, object.programs);
        for (const program of object.programs) {
          const type = inferProgramTypeOfObject(linux, evidence, program.section);
          if (program.section === '.text' || program.defect !== undefined || type === undefined) continue;
          programs++;
          const found = search(
            { ...checkedProgram(object, program, linux, type.type), ...(type.attachType === undefined ? {} : { attachType: type.attachType }) },
            6,
            {
              instructionLimit: 5_000,
            },
          );
          // Three programs call memset, which nothing provides.
          if (found?.outcome.fault.kind !== 'kfunc_unknown') expect(found, `${folder}/${name} ${program.section} ${program.name}`).toBeUndefined();
        }
      }
    }
    expect(programs).toBeGreaterThan(300);
  });
});
