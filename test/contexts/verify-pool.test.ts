import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { VerificationJob } from '../../contexts/verify.ts';
import { verifyInWorkers } from '../../contexts/verify-pool.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-pool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A worker that does to the program at an index what the job's path says: one letter per program. */
const worker = join(folder, 'worker.mjs');
writeFileSync(
  worker,
  `import { parentPort, threadId, workerData } from 'node:worker_threads';
const behaviours = {
  a: (index) => parentPort.postMessage({ index, report: { program: 'p' + index, verdict: 'accepted', thread: threadId } }),
  f: (index) => parentPort.postMessage({ index, failure: 'it went wrong' }),
  c: () => { throw new Error('crash\\nwith a second line'); },
  m: () => { const hoard = []; for (;;) hoard.push(new Array(100000).fill(hoard.length + 0.5)); },
  h: () => { for (;;); },
};
parentPort.on('message', (index) => behaviours[workerData.path[index]](index));
`,
);

function objectOf(behaviours: string): ObjectFile {
  const programs = [...behaviours].map(
    (_, index): Partial<ObjectProgram> => ({ section: 's', name: `p${index}`, size: 8 * (index + 1), instructions: [] }),
  );
  return { path: behaviours, programs } as unknown as ObjectFile;
}

function verify(behaviours: string, signal = new AbortController().signal, progress: string[] = []) {
  const job: VerificationJob = { path: behaviours, bytes: new Uint8Array(), platform: 'windows', type: undefined, precision: undefined };
  const indices = [...behaviours].map((_, index) => index);
  return verifyInWorkers(job, objectOf(behaviours), indices, pathToFileURL(worker), {
    signal,
    progress: ({ title, done, total }) => progress.push(`${title} ${done}/${total}`),
  });
}

describe('verification in workers', () => {
  it('gives the reports in the order of the programs, and says how far it is', async () => {
    const progress: string[] = [];
    const reports = await verify('aaaaa', undefined, progress);
    expect(reports.map((report) => report.program)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
    expect(progress).toHaveLength(5);
    expect(progress[0]).toBe('s p4 0/5');
  });

  it('reports a program that the verifier chokes on, and goes on', async () => {
    const reports = await verify('afa');
    expect(reports.map((report) => report.verdict)).toEqual(['accepted', 'error', 'accepted']);
    expect(reports[1]?.error).toEqual({ kind: 'unsupported', message: 'it went wrong' });
  });

  it('survives a worker that crashes', async () => {
    const reports = await verify('acaca');
    expect(reports.map((report) => report.verdict)).toEqual(['accepted', 'error', 'accepted', 'error', 'accepted']);
    expect(reports[1]?.error).toEqual({ kind: 'unsupported', message: 'internal error: crash' });
  });

  it('survives a worker that fills its memory', async () => {
    const reports = await verify('ma');
    expect(reports[0]?.error).toEqual({ kind: 'limit', message: 'verification needs more than 768 MB of memory' });
    expect(reports[1]?.verdict).toBe('accepted');
  }, 60_000);

  it('is cancelled while a program hangs', async () => {
    const cancel = new AbortController();
    const pending = verify('hhh', cancel.signal);
    await new Promise((settle) => setTimeout(settle, 300));
    cancel.abort();
    await expect(pending).rejects.toThrow('The command was cancelled.');
  });

  it('does not start when it is cancelled already', async () => {
    await expect(verify('a', AbortSignal.abort())).rejects.toThrow('The command was cancelled.');
  });
});
