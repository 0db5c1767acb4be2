import { defineCommand } from '../command.ts';
import { table } from '../render/table.ts';
import { machineOf } from '../runtime.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'Processes that hold programs or maps which they loaded. What is only pinned belongs to no process.',
  examples: ['show processes'],
  run(_tags, environment) {
    const machine = machineOf(environment);
    return machine.transaction(() => {
      const { process } = environment.host;
      const own = process && machine.holds ? [{ pid: process.pid, name: process.command }] : [];
      return machine.processes?.list() ?? own;
    });
  },
  text: (processes) =>
    table(
      [
        { title: ['PID'], width: 5, align: 'right' },
        { title: ['Name'], width: 14 },
      ],
      processes.map(({ pid, name }) => [String(pid), name]),
    ),
  json: (processes) => ({ schema: 1, processes }),
});
