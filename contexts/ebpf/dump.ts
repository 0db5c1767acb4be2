import { defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';
import { dumpScript } from './dump-script.ts';

export const command = defineCommand({
  tags: [],
  remarks:
    'The output is a script that exec and -f run. It recreates interfaces, programs, attachments, pins, entries of maps and the policy, with the same IDs.',
  examples: ['dump', 'set file open setup.nsh'],
  run(_tags, environment) {
    const machine = machineOf(environment);
    return machine.transaction(() => dumpScript(machine));
  },
  text: (lines) => lines.map((line) => `${line}\n`).join(''),
});
