import { defineCommand } from '../command.ts';
import { joinWords } from '../tokens.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'The output is a script that exec and -f run.',
  examples: ['dump', 'set file open setup.nsh'],
  run: (_tags, { session }) => [...session.aliases],
  text: (aliases) =>
    [
      '# ----------------------------------',
      '# ebpfsh configuration',
      '# ----------------------------------',
      ...aliases.map(([name, words]) => `alias ${joinWords([name])} ${words}`),
      '# End of ebpfsh configuration',
      '',
    ].join('\n'),
});
