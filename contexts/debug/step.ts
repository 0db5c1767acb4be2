import { defineCommand } from '../command.ts';
import { debuggerOf, type ShownStep } from './debugger.ts';
import { stepText } from './render.ts';

/** Of a long walk only the last instructions are shown. */
export const SHOWN_STEPS = 25;

export interface Walk {
  /** Instructions passed before the first one shown. */
  readonly skipped: number;
  readonly steps: readonly ShownStep[];
  /** The path has an end, and it was there already. */
  readonly atEnd: boolean;
}

export function walkText({ skipped, steps, atEnd }: Walk, limit: string): string {
  const head = skipped === 0 ? '' : `${' '.repeat(10)}... ${skipped} instructions\n`;
  return `${head}${steps.map(stepText).join('')}${atEnd ? `${limit}\n` : ''}`;
}

export const command = defineCommand({
  tags: [{ name: 'count', type: 'integer', help: 'How many instructions.\nThe default is 1.' }],
  remarks: 'Each instruction is shown with its source line where that changes, what it requires, and the facts it changes.',
  examples: ['step', 'step 10'],
  run({ count = 1 }, { state }): Walk {
    const debug = debuggerOf(state);
    const silent = Math.max(0, count - SHOWN_STEPS);
    const skipped = silent === 0 ? 0 : debug.session.step(silent);
    const steps: ShownStep[] = [];
    let atEnd = false;
    for (let done = silent; done < count; done++) {
      if (debug.session.step(1) === 0) {
        atEnd = true;
        break;
      }
      steps.push(debug.look());
    }
    if (steps.length === 0 && skipped > 0) steps.push(debug.look());
    return { skipped, steps, atEnd };
  },
  text: (walk) => walkText(walk, 'The path ends here.'),
  json: ({ steps, atEnd }) => ({ schema: 1, steps, atEnd }),
});
