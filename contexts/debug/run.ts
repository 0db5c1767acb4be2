import { type ComparedStep, runSideBySide } from '../../src/crosscheck/side-by-side.ts';
import { interestingNumbers } from '../../src/explain/search/constants.ts';
import { InputMaker } from '../../src/explain/search/inputs.ts';
import { type RunInput, type RunOutcome, runnableProgram } from '../../src/explain/search/runner.ts';
import { fromHex, inputOf, parseVector, VectorError } from '../../src/explain/search/vector.ts';
import { escapeText } from '../../src/explain/search/verdict.ts';
import type { Verification } from '../../src/verifier/index.ts';
import { defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';

/** Steps shown where nothing else is said. */
const MOST = 200;

export const command = defineCommand({
  tags: [
    { name: 'data', type: 'string', placeholder: 'hex', help: 'The packet, in hexadecimal.\nThe default is one drawn from the seed.' },
    { name: 'context', type: 'string', named: true, placeholder: 'hex', help: 'The context structure, in hexadecimal; its pointers are ignored.' },
    { name: 'input', type: 'file', named: true, placeholder: 'file', help: 'A whole input, as "attack save=" wrote it.' },
    { name: 'seed', type: 'integer', named: true, help: 'Draws what is not given: map values, results of helpers.\nThe default is 1.' },
    { name: 'steps', type: 'integer', named: true, help: `Instructions shown at most.\nThe default is ${MOST}.` },
  ],
  remarks:
    'Runs the program on one input with every access checked, and shows what each instruction wrote beside what the verifier knew of it there. A value outside what the verifier held possible is a mistake of the verifier and ends the run.',
  examples: ['run', 'run data=00112233445566778899aabb0800', 'run input=found.json'],
  async run({ data, context, input: file, seed = 1, steps = MOST }, { state, host }) {
    const { session } = debuggerOf(state, false);
    if (!session.steppable) throw new CommandError('debug', 'The verifier explored no path, so there is nothing to compare a run with.');
    const { verification } = session;
    const input =
      file === undefined
        ? drawn(verification, seed, hexOf(data, 'data'), hexOf(context, 'context'))
        : fileInput(verification, await host.readFile(file), file);
    return runSideBySide(verification, input, steps);
  },
  text({ steps, more, outcome, escape: left }) {
    const rest = more === 0 ? '' : `... ${more} more ${more === 1 ? 'instruction' : 'instructions'}; steps= shows them.\n`;
    const end = left === undefined ? `The run ${outcome === undefined ? 'ends.' : endWords(outcome)}\n` : wrap(escapeText(left), 79, '');
    return `${listing(steps)}${rest}${end}`;
  },
  json: ({ steps, more, outcome, escape: left }) => ({
    schema: 1,
    steps,
    more,
    outcome: outcome === undefined ? null : plain(outcome),
    ...(left === undefined ? {} : { escape: left }),
  }),
  outcome: ({ outcome, escape: left }) => ({ exitCode: left !== undefined || outcome?.kind === 'fault' ? 1 : 0 }),
});

/** @throws UsageError for what is no hexadecimal. */
function hexOf(text: string | undefined, tag: string): Uint8Array | undefined {
  if (text === undefined) return undefined;
  const plainText = text.toLowerCase().replaceAll(/[\s:]|^0x/g, '');
  if (plainText.length % 2 !== 0 || !/^[\da-f]*$/.test(plainText))
    throw new UsageError(`${unacceptableValue(text, tag)}\n${PARAMETER_INCORRECT}`, { value: text });
  return fromHex(plainText);
}

function drawn(verification: Verification, seed: number, packet: Uint8Array | undefined, context: Uint8Array | undefined): RunInput {
  const fresh = new InputMaker(runnableProgram(verification), interestingNumbers(verification.machine, undefined), seed).fresh();
  return { ...fresh, ...(packet === undefined ? {} : { packet, metadata: new Uint8Array(0) }), ...(context === undefined ? {} : { context }) };
}

function fileInput(verification: Verification, bytes: Uint8Array, file: string): RunInput {
  try {
    return inputOf(parseVector(new TextDecoder().decode(bytes)), runnableProgram(verification));
  } catch (error) {
    if (error instanceof VectorError) throw new CommandError('debug', `${file}: ${error.message}`);
    throw error;
  }
}

/** Source lines where they change, instructions, and what they wrote: the run's value, then the verifier's. */
function listing(steps: readonly ComparedStep[]): string {
  let line: string | undefined;
  return steps
    .map(({ pc, text, source, values }) => {
      const head = source === undefined || source.line === 0 ? '' : `line ${source.line}: ${source.text.trim()}`;
      const shown = head === line || head === '' ? '' : `${head}\n`;
      line = head;
      const rows = values.map(
        ({ register, concrete, abstract }) =>
          `          ${wrap(`${register} = ${concrete}${abstract === undefined ? '' : `; verifier: ${abstract}`}`, 69, '            ')}`,
      );
      return `${shown}${String(pc).padStart(8)}: ${text}\n${rows.join('')}`;
    })
    .join('');
}

function endWords(outcome: RunOutcome): string {
  switch (outcome.kind) {
    case 'exit':
      return `ends after ${outcome.steps} instructions with r0 = ${BigInt.asIntN(64, outcome.r0)}.`;
    case 'tail_call':
      return `leaves by a tail call after ${outcome.steps} instructions.`;
    case 'limit':
      return `has not ended after ${outcome.steps} instructions.`;
    case 'fault':
      return `breaks a rule at instruction ${outcome.fault.instruction}: ${outcome.fault.message}.`;
  }
}

function plain(outcome: RunOutcome) {
  switch (outcome.kind) {
    case 'exit':
      return { kind: outcome.kind, r0: `${BigInt.asIntN(64, outcome.r0)}`, instructions: outcome.steps };
    case 'fault':
      return { kind: outcome.kind, check: outcome.fault.kind, instruction: outcome.fault.instruction, message: outcome.fault.message };
    default:
      return { kind: outcome.kind, instructions: outcome.steps };
  }
}
