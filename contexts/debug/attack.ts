import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { searchCounterexample } from '../../src/explain/search/search.ts';
import { fromHex, type Vector } from '../../src/explain/search/vector.ts';
import { type Verdict, verdictText } from '../../src/explain/search/verdict.ts';
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
    'Runs the program on directed inputs with every access checked. A failed check that an input breaks is a bug; one that no input broke although all ways to it were taken is likely more than the verifier can prove, which does not mean that it is safe.',
  examples: ['attack', 'attack budget=5000', 'attack save=found.json'],
  async run({ failure, budget, seed, save, capture }, { state, host, signal, progress }) {
    const debug = debuggerOf(state, false);
    const chosen = chosenFailure(debug, failure);
    const verdict = await searchCounterexample(debug.session.verification, chosen.failure, {
      run: runChecked,
      signal,
      ...(budget === undefined ? {} : { budgetMilliseconds: budget }),
      ...(seed === undefined ? {} : { seed }),
      onProgress: ({ tries }) => progress({ title: `attack ${chosen.failure.id}`, done: tries }),
    });
    const vector = 'vector' in verdict ? verdict.vector : undefined;
    if ((save !== undefined || capture !== undefined) && vector === undefined)
      throw new CommandError('debug', `There is no input to keep. ${verdictText(verdict)}`);
    if (save !== undefined && vector !== undefined) await host.writeFile(save, new TextEncoder().encode(`${JSON.stringify(vector, undefined, 2)}\n`));
    if (capture !== undefined && vector !== undefined) await host.writeFile(capture, captureOf(vector));
    return { title: failureTitle(debug, chosen), number: chosen.number, verdict, kept: [save, capture].filter((path) => path !== undefined) };
  },
  text: ({ title, verdict, kept }) => title + verdictBlock(verdict) + kept.map((path) => `  kept in ${path}\n`).join(''),
  json: ({ number, verdict }) => ({ schema: 1, failure: number, verdict }),
});

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
