import type { DebugSession } from '../../../src/explain/session.ts';
import { corpusPath, reportSkipped } from '../../corpus.ts';
import { debugProgram, openObject } from '../open.ts';

/** Whether the failing programs of the shared corpus are there; says loudly how many cases are not run where they are not. */
export function hasFailures(cases: number): boolean {
  if (corpusPath('failures/objects') !== undefined) return true;
  reportSkipped('failures', cases);
  return false;
}

/** The debugger on the failing variant of one of them, at its first failure. */
export async function atFailure(name: string, precision?: number): Promise<DebugSession> {
  const object = await openObject(corpusPath(`failures/objects/${name}.bad.o`)!, 'linux');
  const session = await debugProgram(object, object.programs.find(({ section }) => section !== '.text')!, 'linux', precision);
  session.failure(1);
  return session;
}
