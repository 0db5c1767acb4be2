import { defineCommand, type Fragment } from '../command.ts';
import { machineOf } from '../runtime.ts';

export const command = defineCommand({
  tags: [],
  remarks:
    'Every file is checked. A store that is damaged, altered or of another version is set aside whole, in a directory beside it; programs whose objects are intact, and the entries of maps up to the damage, are kept. An intact store stays as it is.',
  examples: ['repair store'],
  run: (_tags, environment) => machineOf(environment).repair(Date.now()),
  text(stores): readonly Fragment[] {
    if (stores.length === 0) return [{ stream: 'stdout', text: 'Nothing is stored.\n' }];
    return stores.flatMap(({ platform, directory, problems, copy, kept, settingsKept }) => {
      const what = [count(kept.programs, 'program'), count(kept.maps, 'map'), count(kept.links, 'link'), count(kept.pins, 'pin')].join(', ');
      if (copy === undefined) return [{ stream: 'stdout' as const, text: `${platform}: ${directory} is intact: ${what}\n` }];
      const settings = settingsKept ? '' : `${platform}: policy and interfaces are those of a new machine\n`;
      return [
        { stream: 'stderr' as const, text: problems.map((problem) => `${platform}: ${problem}\n`).join('') },
        { stream: 'stdout' as const, text: `${platform}: set aside as ${copy}\n${platform}: kept ${what}\n${settings}` },
      ];
    });
  },
  json: (stores) => ({ schema: 1, stores }),
});

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
