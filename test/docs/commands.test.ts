import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ContextDefinition, contextPath } from '../../contexts/context.ts';
import { debugContext } from '../../contexts/debug/index.ts';
import { ebpfContext } from '../../contexts/ebpf/index.ts';
import { commandHelp } from '../../contexts/help.ts';
import { rootContext } from '../../contexts/root/index.ts';
import { projectRoot } from '../end-to-end/bin.ts';

const INTRODUCTION = `# Command reference

Made from the command tables by \`npm run docs\`; what stands here is what
\`<command> ?\` prints. Every word can be shortened as long as it stays
unambiguous, and case does not matter: \`eb sh sec samples/bpf.o\`. Tags in
inner brackets, \`[filename=]\`, may be given by position alone; the others only
as \`tag=value\`. A value with blanks goes in double quotes; \`""\` is an empty
value. Commands of an outer context work in the inner ones.
`;

/** Contexts that need a state to be entered with, so a command enters them. */
const ENTERED_BY_COMMANDS: ReadonlyMap<ContextDefinition, readonly ContextDefinition[]> = new Map([[ebpfContext, [debugContext]]]);

/** The reference of a context and of those below it. */
async function contextReference(chain: readonly ContextDefinition[]): Promise<string> {
  const context = chain[0]!;
  const rows = context.commands.toSorted((a, b) => (a.words < b.words ? -1 : 1));
  const list = rows.map(({ words, summary }) => `| \`${words}\` | ${summary} |\n`).join('');
  let text = `\n## ${contextPath(chain)}\n\n| Command | |\n|---|---|\n${list}`;
  for (const { words, summary, load } of rows) {
    const help = commandHelp(words, summary, await load());
    text += `\n### \`${contextPath(chain)}> ${words}\`\n\n\`\`\`text\n${help.trim()}\n\`\`\`\n`;
  }
  for (const inner of [...context.contexts, ...(ENTERED_BY_COMMANDS.get(context) ?? [])]) text += await contextReference([inner, ...chain]);
  return text;
}

it('docs/commands.md is what the command tables say ("npm run docs" writes it)', async () => {
  await expect(INTRODUCTION + (await contextReference([rootContext]))).toMatchFileSnapshot(join(projectRoot, 'docs/commands.md'));
});
