import { parseWatched, type Watched, watchedName } from '../../src/explain/aspect.ts';
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
      placeholder: 'register|fp-N[.min|.max|.type|.null] ...',
      help: 'The registers or stack places in question, or only what changed their least or largest number, what they are, or whether they may be null.\nThe default is the registers that the current instruction has requirements for.',
    },
  ],
  remarks: 'Tells what they were made from, which branches told more about them, and where merging paths lost something.',
  examples: ['why', 'why r2', 'why r6.max', 'why fp-16'],
  run({ register = [] }, { state }) {
    const { session } = debuggerOf(state);
    const asked: readonly Watched[] =
      register.length === 0 ? session.relevantRegisters().map((number) => ({ subject: `r${number}`, aspect: undefined })) : register.map(readWatched);
    // Places of one aspect are told together.
    const aspects = [...new Set(asked.map(({ aspect }) => aspect))];
    const events = aspects.flatMap((aspect) =>
      session.story(
        asked.filter((one) => one.aspect === aspect).map(({ subject }) => subject),
        aspect,
      ),
    );
    const placed: readonly PlacedEvent[] = events
      .toSorted((a, b) => a.index - b.index)
      .map((event) => ({ ...event, source: session.source.at(event.pc) }));
    return { pc: session.pc, places: asked.map(watchedName), events: placed };
  },
  text({ pc, places, events }) {
    const names = places.join(', ');
    if (places.length === 0) return `Instruction ${pc} requires nothing of a register.\n`;
    if (events.length === 0) return `${names}: as it was when the program was entered, or never set.\n`;
    return `How ${names} came to be what ${places.length === 1 ? 'it is' : 'they are'} before instruction ${pc}:\n${events.map(eventText).join('')}`;
  },
  json: (result) => ({ schema: 1, ...result }),
});

function eventText({ kind, pc, subject, words, before, source }: PlacedEvent, index: number): string {
  const line = source === undefined || source.line === 0 ? `instruction ${pc}` : `line ${source.line}: ${source.text.trim()}`;
  const was = before === undefined ? '' : ` (was ${before})`;
  return `  (${index + 1}) ${line}\n      ${wrap(`${pc}: ${kind}: ${subject}: ${words}${was}`, 73, '        ')}`;
}

/** @throws UsageError for a word that is no place. */
function readWatched(name: string): Watched {
  const watched = parseWatched(name);
  if (watched === undefined || watched.subject === 'packet')
    throw new UsageError(`${unacceptableValue(name, 'register')}\n${PARAMETER_INCORRECT}`, { value: name });
  return watched;
}
