import { coverageSteps } from '../../src/explain/queries/coverage.ts';
import { NOTHING_EXPLORED } from '../../src/explain/session.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { count } from './render.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Lines that no state of the verifier reaches often stand behind a check against a wrong constant, such as one in the wrong byte order.',
  examples: ['show coverage'],
  async run(_tags, { state, signal, progress }) {
    const { session } = debuggerOf(state, false);
    const coverage = await patiently(coverageSteps(session), 'coverage', { signal, progress });
    if (coverage === undefined) throw new CommandError('debug', NOTHING_EXPLORED);
    const { instructions, reached, complete, lines, blocks } = coverage;
    const never = blocks.flatMap(({ last, edges }) =>
      edges
        .filter(({ kind, possible }) => kind !== 'next' && !possible)
        .flatMap(({ kind }) =>
          edges.some((edge) => edge.possible) ? [{ instruction: last, source: session.source.at(last) ?? null, never: kind }] : [],
        ),
    );
    return { verdict: session.report.verdict, complete, instructions, reached, lines, never };
  },
  text({ verdict, complete, instructions, reached, lines, never }) {
    const bad = lines.filter((line) => line.reached < line.instructions);
    const sure = complete && verdict === 'accepted' ? 'no run can' : 'the verifier did not';
    const rest = reached === instructions ? '' : `; where not, ${sure} come there`;
    const head = `${reached} of ${count(instructions, 'instruction is', 'instructions are')} reached${rest}.\n`;
    const rows = bad
      .map(({ line, reached: some, text }) => `  ${some === 0 ? 'never   ' : 'in part '} ${wrap(`line ${line}: ${text}`, 68, '             ')}`)
      .join('');
    const branches = never
      .map(({ instruction, source, never: kind }) => {
        const line = source === null || source.line === 0 ? '' : ` (line ${source.line}: ${source.text.trim()})`;
        return `  ${wrap(`the branch at instruction ${instruction}${line} ${kind === 'taken' ? 'never jumps' : 'always jumps'}`, 77, '    ')}`;
      })
      .join('');
    return `${head}${rows}${branches}`;
  },
  json: (result) => ({ schema: 1, ...result }),
});
