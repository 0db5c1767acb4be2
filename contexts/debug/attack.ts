import { Crosscheck } from '../../src/crosscheck/index.ts';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import type { RunInput } from '../../src/explain/search/runner.ts';
import { searchCounterexample } from '../../src/explain/search/search.ts';
import { type Survey, surveyProgram } from '../../src/explain/search/survey.ts';
import { fromHex, type Vector } from '../../src/explain/search/vector.ts';
import { escapeText, type Verdict, verdictText } from '../../src/explain/search/verdict.ts';
import { LinkType } from '../../src/runtime/capture/packet.ts';
import { writePcap } from '../../src/runtime/capture/pcap.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE, failureTitle } from './failure-tag.ts';

export const command = defineCommand({
  tags: [
    FAILURE,
    { name: 'budget', type: 'integer', named: true, placeholder: 'milliseconds', help: 'How long to search.\nThe default is 1000 milliseconds.' },
    { name: 'seed', type: 'integer', named: true, help: 'Another number tries other inputs.\nThe default is 1.' },
    { name: 'save', type: 'string', named: true, placeholder: 'file', help: 'Where to keep the input that was found, for replay.' },
    { name: 'capture', type: 'string', named: true, placeholder: 'file', help: 'Where to keep its packet as a capture.' },
  ],
  remarks:
    'Runs the program on directed inputs with every access checked. A failed check that an input breaks is a bug; one that no input broke although all ways to it were taken is likely more than the verifier can prove, which does not mean that it is safe. Every new way is followed through the states of the verifier: one that it held impossible is a mistake of the verifier, and reported as such. A program that passes is attacked as a whole.',
  examples: ['attack', 'attack budget=5000', 'attack save=found.json'],
  async run({ failure, budget, seed, save, capture }, { state, host, signal, progress }): Promise<Result> {
    const debug = debuggerOf(state, false);
    const { verification, report, steppable } = debug.session;
    const crosscheck = steppable ? new Crosscheck(verification) : undefined;
    const options = {
      run: runChecked,
      signal,
      ...(crosscheck === undefined ? {} : { follow: (input: RunInput) => crosscheck.follow(input).escape }),
      ...(budget === undefined ? {} : { budgetMilliseconds: budget }),
      ...(seed === undefined ? {} : { seed }),
    };
    const keep = async (vector: Vector | undefined, why: string) => {
      if ((save !== undefined || capture !== undefined) && vector === undefined) throw new CommandError('debug', `There is no input to keep. ${why}`);
      if (save !== undefined && vector !== undefined)
        await host.writeFile(save, new TextEncoder().encode(`${JSON.stringify(vector, undefined, 2)}\n`));
      if (capture !== undefined && vector !== undefined) await host.writeFile(capture, captureOf(vector));
      return [save, capture].filter((path) => path !== undefined);
    };
    if (failure === undefined && report.failures.length + report.warnings.length === 0) {
      const survey = await surveyProgram(verification, { ...options, onProgress: ({ tries }) => progress({ title: 'attack', done: tries }) });
      return { did: 'survey', survey, kept: await keep(survey.escape?.vector, 'No check fails.') };
    }
    const chosen = chosenFailure(debug, failure);
    const verdict = await searchCounterexample(verification, chosen.failure, {
      ...options,
      onProgress: ({ tries }) => progress({ title: `attack ${chosen.failure.id}`, done: tries }),
    });
    const vector = verdict.escape?.vector ?? ('vector' in verdict ? verdict.vector : undefined);
    const kept = await keep(vector, verdictText(verdict));
    return { did: 'search', title: failureTitle(debug, chosen), number: chosen.number, verdict, kept };
  },
  text(result) {
    const kept = result.kept.map((path) => `  kept in ${path}\n`).join('');
    return result.did === 'survey' ? surveyText(result.survey) + kept : result.title + verdictBlock(result.verdict) + kept;
  },
  json: (result) => (result.did === 'survey' ? { schema: 1, survey: result.survey } : { schema: 1, failure: result.number, verdict: result.verdict }),
  outcome: (result) => ({ exitCode: (result.did === 'survey' ? result.survey : result.verdict).escape === undefined ? 0 : 1 }),
});

type Result =
  | { readonly did: 'survey'; readonly survey: Survey; readonly kept: readonly string[] }
  | { readonly did: 'search'; readonly title: string; readonly number: number; readonly verdict: Verdict; readonly kept: readonly string[] };

/** Accesses named that came closest to the ends of their regions. */
const CLOSEST = 3;

/** What runs of a passing program showed; never that it is safe, which only the verifier says. */
function surveyText({ tries, executed, explored, margins, escape: left }: Survey): string {
  if (left !== undefined) return wrap(escapeText(left), 79, '  ');
  const ran = `No check fails. ${tries} inputs ran over ${executed} of the ${explored} instructions that the verifier came to; every state on the way was one that it held possible.`;
  const closest = margins.slice(0, CLOSEST).map(({ pc, words }) => `  ${wrap(`closest at instruction ${pc}: ${words}`, 77, '  ')}`);
  return `${wrap(ran, 79, '')}${closest.join('')}`;
}

/** The verdict, and what it rests on. */
export function verdictBlock(verdict: Verdict): string {
  const found = 'vector' in verdict && verdict.vector !== undefined;
  const after = verdict.kind === 'confirmed' ? ` (found after ${verdict.tries} ${verdict.tries === 1 ? 'input' : 'inputs'})` : '';
  const hint = found ? '  "attack save=FILE" keeps the input, "replay FILE" runs it again.\n' : '';
  return `  ${wrap(`${verdictText(verdict)}${after}`, 77, '  ')}${hint}`;
}

/** A capture of the vector's one packet, from its first byte on. */
function captureOf({ packet }: Vector): Uint8Array {
  const data = fromHex(packet);
  return writePcap([{ timestamp: 0n, data, originalLength: data.length }], LinkType.ethernet);
}
