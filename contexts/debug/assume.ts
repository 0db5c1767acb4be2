import type { Failure } from '../../src/verifier/report.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type Debugger, debuggerOf, type NamedAssumption } from './debugger.ts';
import { PROPOSITION, readProposition } from './proposition.ts';
import { count } from './render.ts';

/** What became of the failed checks. */
export interface WhatIf {
  readonly assumptions: readonly NamedAssumption[];
  /** Undefined where nothing was verified again. */
  readonly outcome?: {
    readonly gone: readonly Failure[];
    readonly left: readonly Failure[];
    readonly appeared: readonly Failure[];
  };
}

export const command = defineCommand({
  tags: [
    {
      ...PROPOSITION,
      help: 'Such as r6 <= 63, r0 != 0 or packet >= 34; with "at" before that instruction.\nThe default is to list what is assumed.',
    },
  ],
  remarks: 'The whole program is verified again, as if a check there had made sure of it; "undo" drops the last assumption.',
  examples: ['assume r0 != 0', 'assume packet >= 34 at 2', 'assume'],
  async run({ proposition: words = [] }, { state, signal, progress }): Promise<WhatIf> {
    const debug = debuggerOf(state, words.length > 0);
    if (words.length === 0) return { assumptions: debug.assumptions };
    const { text, proposition, at } = readProposition(words);
    const pc = at ?? debug.session.pc;
    const known = debug.session.prove(proposition, pc);
    if (known === undefined) throw new CommandError('debug', `The verifier never came to instruction ${pc}.`);
    if (known.answer === 'undefined')
      throw new CommandError('debug', `This cannot be assumed at instruction ${pc}: the operands cannot be compared there.`);
    return whatIf(debug, () => debug.assume({ text, pc, assumption: proposition }, `assume ${text} at ${pc}`, { signal, progress }));
  },
  text: whatIfText,
  json: whatIfJson,
});

/** Compares the failures before and after a change. */
export async function whatIf(debug: Debugger, change: () => Promise<void> | void): Promise<WhatIf> {
  const before = debug.session.report.failures;
  await change();
  const after = debug.session.report.failures;
  const key = (failure: Failure) => `${failure.instruction}:${failure.check.kind}:${failure.check.register ?? ''}`;
  const had = new Set(before.map(key));
  const has = new Set(after.map(key));
  return {
    assumptions: debug.assumptions,
    outcome: {
      gone: before.filter((failure) => !has.has(key(failure))),
      left: after.filter((failure) => had.has(key(failure))),
      appeared: after.filter((failure) => !had.has(key(failure))),
    },
  };
}

export function whatIfText({ assumptions, outcome }: WhatIf): string {
  const listed = assumptions.map(({ text, pc }, index) => `  ${index + 1}. ${text} before instruction ${pc}\n`).join('');
  const head = assumptions.length === 0 ? 'Nothing is assumed.\n' : `Assumed:\n${listed}`;
  if (outcome === undefined) return head;
  const { gone, left, appeared } = outcome;
  const failing = left.length + appeared.length;
  const verdict = failing === 0 ? 'The program passes.\n' : `${count(failing, 'check fails', 'checks fail')}.\n`;
  const rows = (word: string, failures: readonly Failure[]) =>
    failures.map(({ id, instruction }) => `  ${word}: ${id} at instruction ${instruction}\n`).join('');
  return `${head}${verdict}${rows('gone', gone)}${rows('still', left)}${rows('new', appeared)}`;
}

export function whatIfJson({ assumptions, outcome }: WhatIf) {
  const places = (failures: readonly Failure[]) => failures.map(({ id, instruction }) => ({ id, instruction }));
  return {
    schema: 1,
    assumptions: assumptions.map(({ text, pc }) => ({ proposition: text, instruction: pc })),
    ...(outcome === undefined ? {} : { gone: places(outcome.gone), left: places(outcome.left), appeared: places(outcome.appeared) }),
  };
}
