import type { BlockInvariant, InvariantStep } from '../../src/explain/invariants.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import { sourceText } from './disassembly.ts';
import { wrap } from './wrap.ts';

/** What holds before and after every block, in the original's order: where it comes from, what holds, the instructions, what holds then. */
export function invariantsText(blocks: readonly BlockInvariant[]): string {
  let shown: SourceLine | undefined;
  return blocks
    .map((block) => {
      const steps = block.steps.map((step) => {
        const changed = step.source !== undefined && step.source.line > 0 && !sameLine(step.source, shown);
        shown = step.source;
        return `${changed ? `\n${sourceText(step.source!)}\n` : ''}${stepText(step)}`;
      });
      const which = block.states === 1 ? '' : ` (state ${block.state} of ${block.states})`;
      const from = block.from.length === 0 ? '' : `  from ${block.from.join(', ')};`;
      const after = block.after === undefined ? 'Nothing goes on from here.\n' : `Post-invariant: ${listText(block.after)}`;
      return `\nPre-invariant : ${listText(block.before)}${from}\n${block.label}:${which}\n${steps.join('')}\n${after}`;
    })
    .join('');
}

function stepText({ pc, text, changes }: InvariantStep): string {
  return `  ${pc}: ${text};\n${changes.map((change) => `      ${wrap(change, 73, '        ')}`).join('')}`;
}

/** `[` facts `]`, one a line. */
function listText(facts: readonly string[]): string {
  return `[${facts.map((fact) => `\n    ${fact}`).join(',')}]\n`;
}
