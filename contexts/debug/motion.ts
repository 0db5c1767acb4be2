import { parseWatched } from '../../src/explain/aspect.ts';
import { type Direction, move, type Unit } from '../../src/explain/queries/motion.ts';
import type { Tag } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import type { Debugger, ShownStep } from './debugger.ts';
import { stepText } from './render.ts';

/** Of a long walk only the last instructions are shown. */
const SHOWN_STEPS = 25;

export interface Walk {
  /** Instructions passed before the first one shown. */
  readonly skipped: number;
  readonly steps: readonly ShownStep[];
  /** The path has an end, and it was there already; or nothing was found any more. */
  readonly atEnd: boolean;
}

/** The tags of commands that go along the path. */
export const MOTION_TAGS = [
  { name: 'count', type: 'integer', help: 'How many of them.\nThe default is 1.' },
  {
    name: 'by',
    type: 'string',
    named: true,
    placeholder: 'insn|line|event|change:<place>',
    help: 'insn: instructions. line: source lines. event: what the story of the failure tells; on another path branches, calls, returns and joins that lose something. change:r6.max: where something else is known of a place, or of its min, max, type or null.\nThe default is insn.',
  },
] as const satisfies readonly Tag[];

const UNITS: readonly (readonly [string, Unit])[] = [
  ['insn', { kind: 'instruction' }],
  ['instruction', { kind: 'instruction' }],
  ['line', { kind: 'line' }],
  ['event', { kind: 'event' }],
];

/** @throws UsageError for words that are no unit. */
function readUnit(by: string): Unit {
  const word = by.toLowerCase();
  const found = UNITS.find(([name]) => name.startsWith(word));
  if (found !== undefined) return found[1];
  const [kind, place] = word.split(':');
  const watched = kind !== '' && 'change'.startsWith(kind!) ? parseWatched(place ?? '') : undefined;
  if (watched === undefined)
    throw new UsageError(`${unacceptableValue(by, 'by')} It is one of: insn, line, event, change:<place>.\n${PARAMETER_INCORRECT}`, { value: by });
  return { kind: 'change', watched };
}

/** Goes along the path and looks at what it comes to; instruction by instruction forward every one of them is shown. */
export function travel(debug: Debugger, direction: Direction, { count = 1, by = 'insn' }: { readonly count?: number; readonly by?: string }): Walk {
  const unit = readUnit(by);
  const verb = direction === 'forward' ? 'step' : 'back';
  if (unit.kind === 'instruction') {
    debug.moved(`${verb} ${count}`);
    return direction === 'forward' ? stepThrough(debug, count) : goBack(debug, count);
  }
  debug.moved(`${verb} ${count} by=${by}`);
  let went = 0;
  for (let done = 0; done < count; done++) {
    const motion = move(debug.session, direction, unit);
    went += motion.went;
    if (!motion.arrived) return { skipped: Math.max(0, went - 1), steps: went === 0 ? [] : [debug.look()], atEnd: true };
  }
  return { skipped: Math.max(0, went - 1), steps: went === 0 ? [] : [debug.look()], atEnd: false };
}

function stepThrough(debug: Debugger, count: number): Walk {
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
}

function goBack(debug: Debugger, count: number): Walk {
  const done = debug.session.back(count);
  return { skipped: 0, steps: done === 0 && count > 0 ? [] : [debug.look()], atEnd: done < count };
}

export function walkText({ skipped, steps, atEnd }: Walk, limit: string): string {
  const head = skipped === 0 ? '' : `${' '.repeat(10)}... ${skipped} ${skipped === 1 ? 'instruction' : 'instructions'}\n`;
  return `${head}${steps.map(stepText).join('')}${atEnd ? `${limit}\n` : ''}`;
}

/** @throws CommandError where a slot holds no instruction. */
export function checkInstruction({ session }: Debugger, pc: number): void {
  if (session.program.instructions[pc] === undefined) throw new CommandError('debug', `There is no instruction ${pc}.`);
}
