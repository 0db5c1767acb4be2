/** Programs that people wrote, with one or two instructions changed: idioms that no grammar has. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../../src/engine/checked/random.ts';
import { loadObject } from '../../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../../src/object/object-file.ts';
import { helperByName } from '../../../src/platform/find.ts';
import { inferProgramTypeOfObject, objectEvidence } from '../../../src/platform/infer.ts';
import { linux } from '../../../src/platform/linux/linux.ts';
import type { Platform } from '../../../src/platform/platform.ts';
import { windows } from '../../../src/platform/windows/windows.ts';
import type { Generated } from './generator.ts';
import type { Host } from './host.ts';
import { mutate } from './mutate.ts';

export interface Idiom {
  readonly host: Host;
  readonly object: ObjectFile;
  readonly program: ObjectProgram;
}

/** Longer ones take too long to verify again and again. */
const MAX_LENGTH = 250;

function idiomsIn(folder: string, platform: Platform, ending: string): Idiom[] {
  if (!existsSync(folder)) return [];
  const found: Idiom[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(ending))) {
    const path = join(folder, name);
    const object = loadObject(readFileSync(path), path, { helperId: (helper) => helperByName(platform, helper)?.id });
    const evidence = objectEvidence(path, object.programs);
    for (const program of object.programs) {
      const type = program.section === '.text' ? undefined : inferProgramTypeOfObject(platform, evidence, program.section)?.type;
      if (type === undefined || program.defect !== undefined || program.instructions.length > MAX_LENGTH) continue;
      found.push({ host: { platform, programType: type }, object, program });
    }
  }
  return found;
}

/** The samples of the project at `root`, and the corrected programs of the shared corpus where it is beside the project. */
export function loadIdioms(root: string): Idiom[] {
  return [
    ...idiomsIn(join(root, 'samples'), windows, '.o'),
    ...idiomsIn(join(root, '..', 'shared', 'corpus', 'failures', 'objects'), linux, '.fix.o'),
  ];
}

/** The idiom of a seed, changed by it. */
export function changedIdiom(idioms: readonly Idiom[], seed: number): Generated {
  const random = new Random(seed);
  const { host, object, program } = idioms[random.below(idioms.length)]!;
  let { instructions } = program;
  for (let count = random.below(3); count > 0; count--) instructions = mutate(instructions, random);
  return { host, object, instructions, mutated: true };
}
