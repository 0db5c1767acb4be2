import { readFileSync } from 'node:fs';
import { DebugSession } from '../../src/explain/session.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { helperByName } from '../../src/platform/find.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { verify } from '../../src/verifier/index.ts';

export async function openObject(path: string, platformName: PlatformName): Promise<ObjectFile> {
  const platform = await loadPlatform(platformName);
  return loadObject(readFileSync(path), path, { helperId: (name) => helperByName(platform, name)?.id });
}

/** Verifies a program and opens the debugger's model on it. */
export async function debugProgram(
  object: ObjectFile,
  program: ObjectProgram,
  platformName: PlatformName,
  precision?: number,
): Promise<DebugSession> {
  const platform = await loadPlatform(platformName);
  return new DebugSession(program, verify(object, program, { platform, ...(precision === undefined ? {} : { precision }) }));
}

/** The debugger on the first program of one of the project's samples. */
export async function debugSample(name: string, program?: string, platformName: PlatformName = 'windows'): Promise<DebugSession> {
  const object = await openObject(`samples/${name}.o`, platformName);
  const found = object.programs.find((candidate) => (program === undefined ? candidate.section !== '.text' : candidate.name === program));
  return debugProgram(object, found!, platformName);
}
