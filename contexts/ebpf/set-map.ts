import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { QueueMap } from '../../src/runtime/maps/queue.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { MISSING_PARAMETERS, OK, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { machineOf } from '../runtime.ts';
import { missing, sizedBytes } from '../runtime-values.ts';
import { ID } from './tags.ts';

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const FLAGS = { any: 0, noexist: 1, exist: 2 } as const;

export const command = defineCommand({
  tags: [
    { ...ID, help: 'The ID of the map.' },
    { name: 'key', type: 'string', help: 'The key: a decimal number, or all bytes in hexadecimal. Queues and stacks have none.' },
    { name: 'value', type: 'string', help: 'The value: a decimal number, or all bytes in hexadecimal; of maps of programs or maps, an ID.' },
    {
      name: 'flags',
      type: ['any', 'noexist', 'exist'],
      named: true,
      help: 'noexist: only a new entry. exist: only one that is there.\nThe default is any.',
    },
    { name: 'cpu', type: 'integer', named: true, help: 'The processor whose value is set, of per-CPU maps.\nThe default is every processor.' },
  ],
  remarks: 'Adds the entry or replaces its value.',
  examples: ['set map 4 1 42', 'set map 4 key=0x0a000001 value=0x0100000000000000', 'set map 3 value=7'],
  run(tags, environment) {
    const machine = machineOf(environment);
    return machine.transaction(() => {
      const found = machine.map(tags.id);
      if (!found) throw missing('Map');
      const { map } = found;
      const keyless = map instanceof QueueMap;
      if (tags.value === undefined || (tags.key === undefined && !keyless)) throw new UsageError(MISSING_PARAMETERS);
      const key = keyless ? new Uint8Array(0) : sizedBytes(tags.key!, map.keySize, 'key');
      const value = wholeValue(map, key, sizedBytes(tags.value, map.valueSize, 'value'), tags.cpu);
      map.update(key, value, FLAGS[tags.flags ?? 'any']);
    });
  },
  text: () => OK,
});

/** The value of one processor or of all, as user space hands it over. */
function wholeValue(map: BpfMap, key: Uint8Array, value: Uint8Array, cpu: number | undefined): Uint8Array {
  if (map.cpuStride === 0) return value;
  const whole = (cpu === undefined ? undefined : map.lookup(key)) ?? new Uint8Array(map.userValueSize);
  const cpus = map.userValueSize / map.cpuStride;
  if (cpu !== undefined && cpu >= cpus) {
    throw new UsageError(`${unacceptableValue(String(cpu), 'cpu')} There are ${cpus} processors.\n${PARAMETER_INCORRECT}`, { value: String(cpu) });
  }
  for (let at = cpu ?? 0; at < (cpu === undefined ? cpus : cpu + 1); at++) whole.set(value, at * map.cpuStride);
  return whole;
}
