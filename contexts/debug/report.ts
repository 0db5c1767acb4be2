import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { recordWalks } from '../../src/explain/export/walk.ts';
import { classOf, type Judgement } from '../../src/explain/fixes/judgement.ts';
import { invariantsOf } from '../../src/explain/invariants.ts';
import { explainFailures } from '../../src/explain/report.ts';
import { searchCounterexample } from '../../src/explain/search/search.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { defineCommand, type Environment } from '../command.ts';
import { sourceAt } from '../render/source.ts';
import { verificationJson, verificationText } from '../render/verification.ts';
import { debuggerOf } from './debugger.ts';
import { fixesFor } from './found.ts';

/** Failed checks whose stories are told. */
const EXPLAINED = 8;
/** How long an input is looked for (milliseconds). */
const BUDGET = 700;

export const command = defineCommand({
  tags: [
    {
      name: 'level',
      type: ['normal', 'informational', 'verbose'],
      help: 'normal: failed checks. informational: with the reasoning and the path.\nverbose: with figures and warnings as well.\nThe default is normal.',
    },
    {
      name: 'format',
      type: ['text', 'json', 'sarif', 'html'],
      named: true,
      help: 'text for people, json for programs, sarif for code scanning\n(SARIF 2.1.0), html for a page to step through the paths.\nThe default is text.',
    },
    { name: 'save', type: 'string', named: true, placeholder: 'file', help: 'Where to write it instead of showing it.' },
  ],
  remarks:
    'What "show verification" says of a program, said of the program as it stands here: with its assumptions, or with the fix that was applied.',
  examples: ['report', 'report level=informational', 'report format=html save=page.html'],
  async run({ level = 'normal', format = 'text', save }, environment) {
    const { session } = debuggerOf(environment.state, false);
    const { program, machine, verification } = session;
    const stepped = session.steppable;
    const rejected = session.report.verdict === 'rejected';
    const report = {
      ...session.report,
      ...(rejected && stepped ? { explanations: session.aside(() => explainFailures(session, EXPLAINED)) } : {}),
      ...(rejected && stepped ? { judgements: [await judged(session, environment)] } : {}),
      ...(level === 'verbose' && stepped ? { invariants: invariantsOf(verification) } : {}),
      ...(format === 'html' || format === 'sarif' ? { walks: session.aside(() => recordWalks(session, 'all')) } : {}),
    };
    const verified = [{ report, program, typeInferred: false, opening: 'guide' }];
    const json = { schema: 1, platform: report.platform, programs: [verificationJson(report, (slot) => sourceAt(program, slot))] };
    const text =
      format === 'sarif' || format === 'html'
        ? (await import('../render/exported.ts')).exportedDocument(format, machine.object, report.platform, verified)
        : verificationText(verified, level)
            .map((fragment) => fragment.text)
            .join('');
    if (save === undefined) return { text, json };
    await environment.host.writeFile(save, new TextEncoder().encode(format === 'json' ? `${JSON.stringify(json, undefined, 2)}\n` : text));
    return { text: `The report is in ${save}.\n`, json: { schema: 1, saved: save } };
  },
  text: ({ text }) => text,
  json: ({ json }) => json,
});

/** An input and the fixes for the first failed check. */
async function judged(session: DebugSession, { signal, progress }: Environment): Promise<Judgement> {
  const [first] = session.failures;
  const { failure } = first!;
  const verdict = await searchCounterexample(session.verification, failure, {
    run: runChecked,
    signal,
    budgetMilliseconds: BUDGET,
    onProgress: ({ tries }) => progress({ title: `attack ${failure.id}`, done: tries }),
  });
  const { fixes, lowering, rejected } = await fixesFor(session, first!, { signal, progress });
  return {
    failure: 0,
    class: classOf(failure, verdict, lowering),
    verdict,
    fixes: fixes.map(({ applied: _, ...fix }) => fix),
    rejected,
    lowering,
  };
}
