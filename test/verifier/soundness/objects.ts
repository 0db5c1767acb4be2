import { Explored } from '../../../src/crosscheck/follow.ts';
import { loadObject } from '../../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../../src/object/object-file.ts';
import { helperByName } from '../../../src/platform/find.ts';
import { linux } from '../../../src/platform/linux/linux.ts';
import type { Platform } from '../../../src/platform/platform.ts';
import { windows } from '../../../src/platform/windows/windows.ts';
import { verify } from '../../../src/verifier/index.ts';
import { checkedProgram } from './host.ts';
import { Inputs } from './inputs.ts';
import { type Violation, watch } from './watch.ts';

export interface Watched {
  readonly program: string;
  /** 0: not accepted, or of no known type. */
  readonly runs: number;
  readonly violation?: Violation;
}

/** Runs beyond this many instructions are cut off without a verdict: shipped loops may be long. */
const INSTRUCTION_LIMIT = 50_000;
/** Instructions in all after which a program has had its share of the time. */
const SHARE = 200_000;

/** Verifies every program of an object and follows each accepted one over `inputs` runs. */
export function watchObject(bytes: Uint8Array, path: string, platformName: 'linux' | 'windows', inputs: number): Watched[] {
  const platform: Platform = platformName === 'linux' ? linux : windows;
  const object = loadObject(bytes, path, { helperId: (name) => helperByName(platform, name)?.id });
  return object.programs.map((program) => watchProgram(object, program, platform, inputs));
}

function watchProgram(object: ObjectFile, program: ObjectProgram, platform: Platform, inputs: number): Watched {
  const name = `${program.section}/${program.name}`;
  if (program.defect !== undefined) return { program: name, runs: 0 };
  const verification = verify(object, program, { platform });
  if (verification.report.verdict !== 'accepted') return { program: name, runs: 0 };
  const { programType, attachType } = verification.machine.rules;
  const explored = new Explored(verification);
  const checked = checkedProgram(object, program.instructions, { platform, programType }, attachType);
  const generator = new Inputs(checked);
  let steps = 0;
  let runs = 0;
  for (let seed = 1; seed <= inputs && steps < SHARE; seed++) {
    const violation = watch(explored, checked, generator.input(seed), {
      replays: seed % 2 === 0,
      instructionLimit: INSTRUCTION_LIMIT,
      onStep() {
        steps++;
      },
    });
    runs++;
    if (violation !== undefined && violation.kind !== 'limit') return { program: name, runs, violation };
  }
  return { program: name, runs };
}
