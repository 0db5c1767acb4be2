import { describe, expect, it } from 'vitest';
import { minimise } from '../../src/explain/minimise/minimise.ts';
import { minimalObject } from '../../src/explain/minimise/object.ts';
import { without } from '../../src/explain/minimise/remove.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { verify } from '../../src/verifier/index.ts';
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

describe('an object of one program', () => {
  it('holds what it was made of', async () => {
    const session = await debugSample('droppacket_unsafe');
    const bytes = minimalObject(session.machine.object, session.program)!;
    const object = loadObject(bytes, 'small.o');
    const program = object.programs[0]!;
    expect(program).toMatchObject({ section: session.program.section, name: session.program.name });
    expect(program.instructions).toEqual(session.program.instructions);
    expect(object.license).toBe(session.machine.object.license);
    expect(object.maps.map(({ name, type, keySize, valueSize, maxEntries }) => ({ name, type, keySize, valueSize, maxEntries }))).toEqual(
      session.machine.object.maps.map(({ name, type, keySize, valueSize, maxEntries }) => ({ name, type, keySize, valueSize, maxEntries })),
    );
    const { failures } = verify(object, program, { platform: windows }).report;
    expect(failures.map(({ id, instruction }) => [id, instruction])).toEqual(session.report.failures.map(({ id, instruction }) => [id, instruction]));
  });

  it('cannot hold functions of its own or global data', async () => {
    for (const name of ['bpf2bpf', 'global_vars']) {
      const session = await debugSample(name);
      expect(minimalObject(session.machine.object, session.program), name).toBeUndefined();
    }
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
