import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedProgram } from '../../bench/generated-object.ts';
import * as shapes from '../../bench/shapes.ts';
import type { VerificationJob } from '../../contexts/verify.ts';
import { verifySmall } from '../../contexts/verify-small.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile } from '../../src/object/object-file.ts';

const job: VerificationJob = { path: 'generated.o', bytes: new Uint8Array(), platform: 'linux', type: undefined, precision: undefined };

function verify(object: ObjectFile, given: VerificationJob = job, signal = new AbortController().signal, brief = Number.POSITIVE_INFINITY) {
  return verifySmall(
    given,
    object,
    object.programs.map((_, index) => index),
    { signal, progress: () => undefined },
    brief,
  );
}

function sample(name: string): ObjectFile {
  return loadObject(readFileSync(new URL(`../../samples/${name}`, import.meta.url)), name);
}

it('judges small programs that pass', async () => {
  const reports = await verify(sample('droppacket.o'), { ...job, platform: 'windows' });
  expect(reports?.map(({ program, verdict }) => `${program} ${verdict}`)).toEqual(['DropPacket accepted']);
});

it('leaves programs that fail to a worker, which tells why', async () => {
  expect(await verify(sample('droppacket_unsafe.o'), { ...job, platform: 'windows' })).toBeUndefined();
});

it('leaves what takes more than a moment to a worker', async () => {
  expect(await verify(generatedProgram(shapes.nestedCounters(60)).object, job, undefined, 0)).toBeUndefined();
});

it('leaves large programs to a worker', async () => {
  expect(await verify(generatedProgram(shapes.branches(5_000)).object)).toBeUndefined();
});

it('leaves what records states to a worker', async () => {
  expect(await verify(generatedProgram(shapes.nested(2)).object, { ...job, invariants: true })).toBeUndefined();
});

it('stops when it is cancelled', async () => {
  const cancel = new AbortController();
  const pending = verify(generatedProgram(shapes.nestedCounters(100)).object, job, cancel.signal);
  cancel.abort();
  await expect(pending).rejects.toThrow('The command was cancelled.');
});
