import type { SourceLine } from '../../src/explain/source.ts';
import type { StoryEvent } from '../../src/explain/story.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';

interface PlacedEvent extends StoryEvent {
  readonly source: SourceLine | undefined;
}

export const command = defineCommand({
  tags: [
    {
      name: 'register',
      type: 'rest',
      placeholder: 'register ...',
      help: 'The registers in question.\nThe default is those that the current instruction has requirements for.',
    },
  ],
  remarks: 'Tells what the registers were made from, which branches told more about them, and where merging paths lost something.',
  examples: ['why', 'why r2'],
  run({ register = [] }, { state }) {
    const { session } = debuggerOf(state);
    const registers = register.length === 0 ? session.relevantRegisters() : register.map(registerNumber);
    const events: readonly PlacedEvent[] = session.story(registers).map((event) => ({ ...event, source: session.source.at(event.pc) }));
    return { pc: session.pc, registers, events };
  },
  text({ pc, registers, events }) {
    const names = registers.map((register) => `r${register}`).join(', ');
    if (registers.length === 0) return `Instruction ${pc} requires nothing of a register.\n`;
    if (events.length === 0) return `${names}: as it was when the program was entered, or never set.\n`;
    return `How ${names} came to be what ${registers.length === 1 ? 'it is' : 'they are'} before instruction ${pc}:\n${events.map(eventText).join('')}`;
  },
  json: (result) => ({ schema: 1, ...result }),
});

function eventText({ kind, pc, subject, words, before, source }: PlacedEvent, index: number): string {
  const line = source === undefined || source.line === 0 ? `instruction ${pc}` : `line ${source.line}: ${source.text.trim()}`;
  const was = before === undefined ? '' : ` (was ${before})`;
  return `  (${index + 1}) ${line}\n      ${wrap(`${pc}: ${kind}: ${subject}: ${words}${was}`, 73, '        ')}`;
}

/** @throws UsageError for a word that is no register. */
function registerNumber(name: string): number {
  const found = /^[rw](\d)$/i.exec(name);
  if (found === null) throw new UsageError(`${unacceptableValue(name, 'register')}\n${PARAMETER_INCORRECT}`, { value: name });
  return Number(found[1]);
}
