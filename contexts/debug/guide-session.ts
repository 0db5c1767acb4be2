import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { GuideError, type GuidePage, guidePage } from '../../src/explain/guide.ts';
import { searchCounterexample } from '../../src/explain/search/search.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import type { Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import type { Host } from '../host.ts';
import { fixesFor } from './found.ts';
import { shortPath } from './guide-text.ts';

/** The answers given so far, by what they are about: another program or a changed copy begins anew. */
const GIVEN = new WeakMap<DebugSession, readonly number[]>();

export interface GuideStep {
  readonly page: GuidePage;
  /** The failing line's file can be read from here; objects may have been compiled on another machine. */
  readonly sourceHere: boolean;
  readonly answers: readonly number[];
}

/** What is shown for the answers given so far. */
export async function showGuide(session: DebugSession, environment: Environment): Promise<GuideStep> {
  return look(session, GIVEN.get(session) ?? [], environment);
}

/**
 * Takes one more answer, or all of them from the start.
 *
 * @throws CommandError for an answer that the question does not have.
 */
export async function answerGuide(session: DebugSession, more: readonly number[], fromStart: boolean, environment: Environment): Promise<GuideStep> {
  return look(session, [...(fromStart ? [] : (GIVEN.get(session) ?? [])), ...more], environment);
}

/** Takes the last answer back; the first question stays. */
export async function backInGuide(session: DebugSession, environment: Environment): Promise<GuideStep> {
  return look(session, (GIVEN.get(session) ?? []).slice(0, -1), environment);
}

async function look(session: DebugSession, answers: readonly number[], { host, signal, progress }: Environment): Promise<GuideStep> {
  try {
    const page = await guidePage(
      session,
      {
        verdict: ({ failure }) =>
          searchCounterexample(session.verification, failure, {
            run: runChecked,
            signal,
            onProgress: ({ tries }) => progress({ title: `attack ${failure.id}`, done: tries }),
          }),
        fixes: (failure) => fixesFor(session, failure, { signal, progress }),
      },
      answers,
    );
    GIVEN.set(session, answers);
    return { page, answers, sourceHere: page.ending !== undefined && (await isHere(host, page.source?.file)) };
  } catch (error) {
    if (error instanceof GuideError) throw new CommandError('guide', error.message);
    throw error;
  }
}

async function isHere(host: Host, file: string | undefined): Promise<boolean> {
  if (file === undefined) return false;
  try {
    await host.readFile(shortPath(file));
    return true;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}
