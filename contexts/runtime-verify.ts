import type { ObjectProgram } from '../src/object/object-file.ts';
import type { ProgramType } from '../src/platform/platform.ts';
import { programsToLoad } from '../src/runtime/loader.ts';
import type { VerifyFunction } from '../src/runtime/runtime.ts';
import type { Verdict } from '../src/runtime/verdict.ts';
import type { VerificationReport } from '../src/verifier/report.ts';
import type { Environment } from './command.ts';
import type { OpenedObject } from './objects.ts';
import { verifyPrograms } from './verify.ts';

/** Verdicts that are ready when the runtime asks: verification runs in worker threads, before the store is locked. */
export class VerificationDesk {
  readonly #verdicts = new WeakMap<ObjectProgram, Verdict>();

  /** Says that a program needs no further proof (it comes from a signed image). */
  vouch(program: ObjectProgram): void {
    this.#verdicts.set(program, { section: program.section, program: program.name, verdict: 'accepted', failures: [] });
  }

  /**
   * Verifies the programs that a load takes.
   *
   * @param type of the first program, whatever its section says.
   * @param everywhere the type is that of all programs.
   * @returns the reports in the order of the programs.
   */
  async prepare(
    { object, bytes, choice }: OpenedObject,
    type: ProgramType | undefined,
    { host, signal, progress }: Pick<Environment, 'host' | 'signal' | 'progress'>,
    everywhere = false,
  ): Promise<readonly VerificationReport[]> {
    const programs = programsToLoad(object);
    const groups =
      type === undefined || everywhere
        ? [{ programs, type }]
        : [
            { programs: programs.slice(0, 1), type },
            { programs: programs.slice(1), type: undefined },
          ];
    const reports: VerificationReport[] = [];
    for (const group of groups) {
      if (group.programs.length === 0) continue;
      const job = { path: object.path, bytes, platform: choice.platform.name, type: group.type?.name, precision: undefined };
      reports.push(...(await verifyPrograms(job, object, group.programs, host, { signal, progress })));
    }
    for (const [index, program] of programs.entries()) this.#verdicts.set(program, reports[index]!);
    return reports;
  }

  /** What the runtime is handed: it looks the verdict up, so that commands that load nothing need not load the verifier. */
  readonly verify: VerifyFunction = ({ program }) => {
    const verdict = this.#verdicts.get(program);
    if (verdict === undefined) throw new Error(`program ${program.name} is to be loaded without a verdict`);
    return verdict;
  };
}
