import { type Fix, type Fixes, SURE } from '../../src/explain/fixes/fixes.ts';
import { DebugSession } from '../../src/explain/session.ts';
import type { VerificationReport } from '../../src/verifier/report.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { chosenFailure, FAILURE, failureTitle } from './failure-tag.ts';
import { fixesFor } from './found.ts';
import { count } from './render.ts';

type Result =
  | { readonly did: 'list'; readonly title: string; readonly number: number; readonly found: Fixes }
  | { readonly did: 'applied'; readonly fix: Fix; readonly report: VerificationReport }
  | { readonly did: 'undone'; readonly report: VerificationReport };

export const command = defineCommand({
  tags: [
    {
      name: 'what',
      type: 'string',
      placeholder: 'list|undo|letter',
      help: 'list: the fixes that were found. A letter: applies that fix to the copy in memory. undo: takes the last one back.\nThe default is list.',
    },
    FAILURE,
  ],
  remarks: 'Every fix is applied to a copy of the compiled program and verified before it is shown. The object and its source stay as they are.',
  examples: ['fix', 'fix A', 'fix undo'],
  async run({ what = 'list', failure }, { state, signal, progress }): Promise<Result> {
    const debug = debuggerOf(state, false);
    const wanted = what.toLowerCase();
    if (wanted.length > 1 && 'undo'.startsWith(wanted)) {
      if (!debug.undo()) throw new CommandError('debug', 'No fix was applied.');
      return { did: 'undone', report: debug.session.report };
    }
    const chosen = chosenFailure(debug, failure);
    const found = await fixesFor(debug.session, chosen, { signal, progress });
    if (wanted.length > 1 && 'list'.startsWith(wanted)) return { did: 'list', title: failureTitle(debug, chosen), number: chosen.number, found };
    const fix = found.fixes.find(({ letter }) => letter.toLowerCase() === wanted);
    if (fix === undefined) throw new CommandError('debug', `There is no fix ${what}; "fix list" shows them.`);
    if (fix.applied === undefined) throw new CommandError('debug', `Fix ${fix.letter} is a text to write; there is nothing to apply.`);
    const { program, verification } = fix.applied;
    debug.apply(new DebugSession(program, verification), `fix ${fix.letter} failure=${chosen.number}`);
    return { did: 'applied', fix, report: verification.report };
  },
  text(result) {
    if (result.did === 'undone') return `The last fix is taken back. ${standing(result.report)}`;
    if (result.did === 'applied') return `Fix ${result.fix.letter} is applied to the copy in memory. ${standing(result.report)}`;
    const { title, found } = result;
    const lowering = found.lowering === undefined ? '' : `  ${wrap(`compiler: ${found.lowering.words}`, 77, '  ')}${cLines(found.lowering.cure)}`;
    if (found.fixes.length === 0) return `${title}${lowering}  No change that the verifier accepts was found.\n`;
    return `${title}${lowering}${found.fixes.map(fixText).join('')}`;
  },
  json(result) {
    if (result.did !== 'list') return { schema: 1, did: result.did, verdict: result.report.verdict, failures: result.report.failures.length };
    const { fixes, lowering, rejected } = result.found;
    return {
      schema: 1,
      did: 'list',
      failure: result.number,
      fixes: fixes.map(({ applied: _, ...fix }) => fix),
      lowering: lowering ?? null,
      rejected,
    };
  },
});

function standing({ verdict, failures }: VerificationReport): string {
  return verdict === 'accepted' ? 'The program passes.\n' : `${count(failures.length, 'check fails', 'checks fail')}.\n`;
}

function fixText({ letter, applicability, title, c, effect, patch }: Fix): string {
  const code = patch.map(({ sign, pc, text }) => `      ${sign}${String(pc).padStart(5)}: ${text}\n`).join('');
  return `  fix ${letter} (${SURE[applicability]}): ${wrap(title, 60, '    ')}${cLines(c)}    ${wrap(effect, 75, '    ')}${code}`;
}

function cLines(lines: readonly string[]): string {
  return lines.map((line) => `      ${line}\n`).join('');
}
