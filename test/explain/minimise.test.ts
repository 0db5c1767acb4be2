import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { minimise } from '../../src/explain/minimise/minimise.ts';
import { objectWith, UnwritableError } from '../../src/explain/minimise/object.ts';
import { without } from '../../src/explain/minimise/remove.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { ElfError } from '../../src/object/errors.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { verify } from '../../src/verifier/index.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { debugSample } from './open.ts';
import { atFailure, hasFailures } from './queries/corpus-failure.ts';

function instructionCount({ instructions }: ObjectProgram): number {
  return instructions.filter((instruction) => instruction !== undefined).length;
}

describe('taking out instructions', () => {
  it('moves jumps, functions and lines, and drops what is no longer reached', async () => {
    const { program } = await debugSample('droppacket_unsafe');
    const branch = program.instructions.findIndex((instruction) => instruction?.kind === 'branch');
    const straight = without(program, new Set(), new Set([branch]))!;
    expect(straight.instructions[branch]).toMatchObject({ kind: 'jump' });
    expect(instructionCount(straight)).toBeLessThan(instructionCount(program));
    expect(straight.functions[0]).toMatchObject({ start: 0, end: straight.instructions.length });
    expect(straight.lines.every(({ slot }) => slot < straight.instructions.length)).toBe(true);
    const last = straight.instructions.at(-1);
    expect(last?.kind).toBe('exit');
  });

  it('leaves nothing where control would leave the code', async () => {
    const { program } = await debugSample('droppacket_unsafe');
    const exits = program.instructions.flatMap((instruction, slot) => (instruction?.kind === 'exit' ? [slot] : []));
    expect(without(program, new Set(exits))).toBeUndefined();
    expect(without(program, new Set(program.instructions.keys()))).toBeUndefined();
  });

  it('changes nothing where nothing is taken out', async () => {
    const { program } = await debugSample('bpf2bpf');
    expect(without(program, new Set())?.instructions).toEqual(program.instructions);
  });
});

describe('an object with the code of one program', () => {
  const again = (bytes: Uint8Array, object: ObjectFile, program: ObjectProgram) => loadObject(objectWith(bytes, object, program), 'small.o');

  it('holds what it was made of', async () => {
    const bytes = readFileSync('samples/droppacket_unsafe.o');
    const session = await debugSample('droppacket_unsafe');
    const object = again(bytes, session.machine.object, session.program);
    const program = object.programs[0]!;
    expect(object.programs).toHaveLength(1);
    expect(program).toMatchObject({ section: session.program.section, name: session.program.name, lines: [] });
    expect(program.instructions).toEqual(session.program.instructions);
    expect(object.license).toBe(session.machine.object.license);
    expect(object.maps).toEqual(session.machine.object.maps);
    const { failures } = verify(object, program, { platform: windows }).report;
    expect(failures.map(({ id, instruction }) => [id, instruction])).toEqual(session.report.failures.map(({ id, instruction }) => [id, instruction]));
  });

  it('is told from what the object does not have', async () => {
    const bytes = readFileSync('samples/droppacket_unsafe.o');
    const { machine, program } = await debugSample('droppacket_unsafe');
    const elsewhere = { ...program, functions: program.functions.map((range) => ({ ...range, section: 'tc' })) };
    expect(() => objectWith(bytes, machine.object, elsewhere)).toThrow(new UnwritableError('The object has no section tc for DropPacket'));
    const nameless = { ...machine.object, maps: machine.object.maps.map((map) => ({ ...map, name: 'other' })) };
    expect(() => objectWith(bytes, nameless, program)).toThrow(new UnwritableError('The object has no symbol for the map other'));
    expect(() => objectWith(bytes.subarray(0, 80), machine.object, program)).toThrow(ElfError);
  });

  /** Every program of an object, alone: its instructions as they were, calls, data, maps and kernel symbols included. */
  function expectAllKept(path: string, bytes: Uint8Array): number {
    const object = loadObject(bytes, path, { helperId: () => undefined });
    const whole = object.programs.filter(({ defect }) => defect === undefined);
    for (const program of whole) {
      const found = again(bytes, object, program).programs.find(({ section, name }) => section === program.section && name === program.name);
      expect(found?.instructions, `${path} ${program.name}`).toEqual(program.instructions);
      expect(found?.defect).toBeUndefined();
    }
    return whole.length;
  }

  it('keeps every program of the samples', () => {
    const names = readdirSync('samples').filter((name) => name.endsWith('.o'));
    const programs = names.reduce((sum, name) => sum + expectAllKept(name, readFileSync(`samples/${name}`)), 0);
    expect(programs).toBeGreaterThan(names.length);
  });

  const folder = corpusPath('elf');
  if (folder === undefined) reportSkipped('elf', 'all');
  it.skipIf(folder === undefined)('keeps the programs of a corpus, of old compilers and new ones', { timeout: 120_000 }, () => {
    let programs = 0;
    for (const part of ['build', 'linux', 'new_linux', 'prototype-kernel', 'cilium-examples', 'failures/objects']) {
      const path = part.includes('/') ? corpusPath(part)! : `${folder}/${part}`;
      for (const name of readdirSync(path).filter((file) => file.endsWith('.o')))
        programs += expectAllKept(`${part}/${name}`, readFileSync(`${path}/${name}`));
    }
    expect(programs).toBeGreaterThan(300);
  });
});

describe.runIf(hasFailures(3))('the smallest failing program', () => {
  const CASES: readonly (readonly [string, string, number])[] = [
    ['05-packet-check-too-short', 'PKT-02', 8],
    ['44-loop-packet-walk', 'PKT-06', 7],
    ['69-subprog-args', 'NUL-06', 11],
  ];

  it.each(CASES)('of %s fails with %s and has at most %i instructions', async (name, id, most) => {
    const session = await atFailure(name);
    const fails = (candidate: ObjectProgram) =>
      verify(session.machine.object, candidate, { platform: linux, precision: 4 }).report.failures.some((one) => one.id === id);
    const progress: number[] = [];
    const { program, tries } = await minimise(
      session,
      async (candidate) => fails(candidate),
      ({ left }) => progress.push(left),
    );
    expect(fails(program)).toBe(true);
    expect(instructionCount(program)).toBeLessThanOrEqual(most);
    expect(progress).toHaveLength(tries);
    expect(progress).toEqual(progress.toSorted((a, b) => b - a));
    // No single instruction can be spared.
    const single = [...program.instructions.keys()].filter((slot) => {
      const candidate = program.instructions[slot] === undefined ? undefined : without(program, new Set([slot]));
      return candidate !== undefined && instructionCount(candidate) < instructionCount(program) && fails(candidate);
    });
    expect(single).toEqual([]);
  });

  it('stops when it is told to', async () => {
    const session: DebugSession = await atFailure('05-packet-check-too-short');
    const stop = new Error('stop');
    await expect(
      minimise(
        session,
        () => Promise.reject(stop),
        () => undefined,
      ),
    ).rejects.toBe(stop);
  });
});
