import { defineCommand } from '../command.ts';
import { table } from '../render/table.ts';
import { machineOf } from '../runtime.ts';
import { hex } from '../runtime-values.ts';
import { findInterface, INTERFACE_PLATFORM } from './tags.ts';

export const command = defineCommand({
  tags: [
    { name: 'name', type: 'string', names: 'interface', help: 'Only this interface, by index, alias or name.\nThe default is every interface.' },
    INTERFACE_PLATFORM,
  ],
  remarks: 'Counters run since the interface was added; those of the loopback, since anything was stored.',
  examples: ['interface show', 'interface show eth1'],
  run(tags, environment) {
    return machineOf(environment).onPlatform(tags.platform ?? 'windows', (runtime) => {
      const shown = tags.name === undefined ? runtime.interfaces.list() : [findInterface(runtime, tags.name)];
      return shown.map(({ index, name, alias, address, counters }) => ({
        index,
        name,
        alias,
        address: hex(address, ':'),
        programs: runtime.attached('xdp', { interfaceIndex: index }).map(({ program }) => program.id),
        ...counters,
      }));
    });
  },
  text: (interfaces) =>
    table(
      [
        { title: ['Index'], width: 5, align: 'right' },
        { title: ['Program'], width: 7, align: 'right' },
        { title: ['Received'], width: 9, align: 'right' },
        { title: ['Passed'], width: 9, align: 'right' },
        { title: ['Dropped'], width: 9, align: 'right' },
        { title: ['Sent'], width: 9, align: 'right' },
        { title: ['Name'], width: 12 },
        { title: ['Alias'], width: 12 },
      ],
      interfaces.map(({ index, programs, received, passed, dropped, transmitted, name, alias }) => [
        String(index),
        programs.length === 0 ? '-' : programs.join(','),
        ...[received, passed, dropped, transmitted].map(String),
        name,
        alias,
      ]),
    ),
  json: (interfaces) => ({ schema: 1, interfaces }),
});
