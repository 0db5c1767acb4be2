import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { UserRingBufferMap } from '../../src/runtime/maps/user-ringbuf.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { MISSING_PARAMETERS, OK, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { typesOf } from '../runtime-objects.ts';
import { parseHex } from '../runtime-values.ts';
import { onMap } from './on-object.ts';
import { MAP_ID } from './tags.ts';
import { typedBytes } from './typed-bytes.ts';

/** BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
const FLAGS = { any: 0, noexist: 1, exist: 2 } as const;

export const command = defineCommand({
  tags: [
    MAP_ID,
    {
      name: 'key',
      type: 'string',
      help: 'The key: a decimal number, all bytes in hexadecimal, or as show map prints it: "{id: 3, color: GREEN}". Queues and stacks have none.',
    },
    {
      name: 'value',
      type: 'string',
      help: 'The value, in the same ways; members that are left out stay as they are. Of maps of programs or maps, an ID; of user ring buffers, a record in hexadecimal.',
    },
    {
      name: 'flags',
      type: ['any', 'noexist', 'exist'],
      named: true,
      help: 'noexist: only a new entry. exist: only one that is there.\nThe default is any.',
    },
    { name: 'cpu', type: 'integer', named: true, help: 'The processor whose value is set, of per-CPU maps.\nThe default is every processor.' },
  ],
  remarks: 'Adds the entry or replaces its value.',
  examples: [
    'set map 4 1 42',
    'set map 4 key=0x0a000001 value=0x0100000000000000',
    'set map 3 value=7',
    'set map 4 key=1 value="{count: 7, name: eth0}"',
  ],
  run(tags, environment) {
    return onMap(environment, tags.id, (map, runtime) => {
      const types = typesOf(runtime, map);
      const keyless = map.keySize === 0;
      if (tags.value === undefined || (tags.key === undefined && !keyless)) throw new UsageError(MISSING_PARAMETERS);
      const key = keyless ? new Uint8Array(0) : typedBytes(tags.key!, map.keySize, 'key', types);
      if (map instanceof UserRingBufferMap) {
        map.update(key, recordBytes(tags.value));
        return;
      }
      // Members that are not named keep what the entry has.
      const present = keyless || !tags.value.trimStart().startsWith('{') ? undefined : map.lookup(key)?.subarray((tags.cpu ?? 0) * map.cpuStride);
      const value = typedBytes(tags.value, map.valueSize, 'value', types, present?.slice(0, map.valueSize));
      map.update(key, wholeValue(map, key, value, tags.cpu), FLAGS[tags.flags ?? 'any']);
    });
  },
  text: () => OK,
});

/** A record for programs: any number of bytes. */
function recordBytes(text: string): Uint8Array {
  const bytes = parseHex(text);
  if (bytes === undefined) throw new UsageError(`${unacceptableValue(text, 'value')} It is a record in hexadecimal.\n${PARAMETER_INCORRECT}`);
  return bytes;
}

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
