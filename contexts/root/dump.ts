import { defineCommand } from '../command.ts';
import { joinWords } from '../tokens.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'The output is a script that exec and -f run.',
  examples: ['dump', 'set file open setup.nsh'],
  async run(_tags, environment) {
    const [{ machineOf }, { dumpScript, isEmptyDump }] = await Promise.all([import('../runtime.ts'), import('../ebpf/dump-script.ts')]);
    const machine = machineOf(environment);
    const script = await machine.transaction(() => dumpScript(machine));
    return { aliases: [...environment.session.aliases], script: isEmptyDump(script) ? [] : script };
  },
  text: ({ aliases, script }) =>
    [
      '# ----------------------------------',
      '# ebpfsh configuration',
      '# ----------------------------------',
      ...aliases.map(([name, words]) => `alias ${joinWords([name])} ${words}`),
      ...script,
      '# End of ebpfsh configuration',
      '',
    ].join('\n'),
});
