import { setTimeout as delay } from 'node:timers/promises';
import { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import { Failure } from './failure.ts';
import { hexLines } from './hex.ts';
import { findOne } from './references.ts';
import { DONE, defineVerb } from './verb.ts';

/** Milliseconds between two looks at the map; programs of other processes cannot wake this one. */
const INTERVAL = 200;
/** PERF_RECORD_SAMPLE and PERF_RECORD_LOST of the Linux uapi. */
const SAMPLE = 9;
const LOST = 2;
const NANOSECONDS = 1_000_000_000n;

interface Event {
  readonly time: bigint;
  readonly cpu: number;
  /** A record, or how many found no room. */
  readonly content: Uint8Array | number;
}

/** Prints records of a perf event array as they come, until Ctrl-C. */
export const mapEventPipe = defineVerb({
  words: ['event_pipe'],
  usage: 'event_pipe MAP [cpu N index M]',
  slots: [
    { kind: 'reference', name: 'map', of: 'map' },
    {
      kind: 'keywords',
      name: 'settings',
      rows: [
        { word: 'cpu', value: 'number', what: 'CPU ID' },
        { word: 'index', value: 'number', what: 'index' },
      ],
    },
  ],
  least: 2,
  async run({ map, settings: { cpu, index } }, { machine, signal, options, write }) {
    if ((cpu === undefined) !== (index === undefined)) throw new Failure('cpu and index must be specified together');
    const lost = new Map<number, number>();
    let separator = '[';
    while (!signal.aborted) {
      const events = await machine.transaction(() => consume(findMap(), cpu, lost));
      for (const event of events) {
        write(options.json ? `${separator}${JSON.stringify(eventJson(event, index))}` : eventText(event, index), 'stdout');
        separator = ',';
      }
      await delay(INTERVAL, undefined, { signal });
    }
    return DONE;

    function findMap() {
      const { runtime, object } = findOne(machine, 'map', map);
      if (!(object instanceof PerfEventArrayMap)) throw new Failure('map is not a perf event array');
      return { map: object, now: runtime.host.monotonic() };
    }
  },
});

function consume(
  { map, now }: { readonly map: PerfEventArrayMap; readonly now: bigint },
  only: number | undefined,
  reported: Map<number, number>,
): Event[] {
  const events: Event[] = [];
  for (let cpu = 0; cpu < map.bufferCount; cpu++) {
    if (only !== undefined && cpu !== only) continue;
    map.consumeCpu(cpu, (record) => events.push({ time: now, cpu, content: record.slice() }));
    const lost = map.lost(cpu) - (reported.get(cpu) ?? 0);
    if (lost > 0) events.push({ time: now, cpu, content: lost });
    reported.set(cpu, map.lost(cpu));
  }
  return events;
}

function eventText({ time, cpu, content }: Event, index = cpu): string {
  if (typeof content === 'number') return `lost ${content} events\n`;
  const place = `${time / NANOSECONDS}.${String(time % NANOSECONDS).padStart(9, '0')}`;
  return `== @${place} CPU: ${cpu} index: ${index} =====\n${hexLines(content)}\n`;
}

function eventJson({ time, cpu, content }: Event, index = cpu) {
  const type = typeof content === 'number' ? LOST : SAMPLE;
  const rest = typeof content === 'number' ? { lost: { id: 0, count: content } } : { data: [...content] };
  return { timestamp: Number(time), type, cpu, index, ...rest };
}
