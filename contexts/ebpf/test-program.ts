import { defaultData, readContext } from '../../src/runtime/hooks/contexts.ts';
import { eventFacts, splitFacts } from '../../src/runtime/hooks/facts.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import { RingBufferMap } from '../../src/runtime/maps/ringbuf.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { TestRunOptions } from '../../src/runtime/test-run.ts';
import { defineCommand } from '../command.ts';
import { table } from '../render/table.ts';
import { wrap } from '../render/wrap.ts';
import { typesOf } from '../runtime-objects.ts';
import { addressText, bytesOrFile, hex, parseFields } from '../runtime-values.ts';
import { codeOf, type LineCoverage, probe } from './coverage.ts';
import { entryText, type ShownEntry, shownEntries } from './map-entries.ts';
import { onProgram } from './on-object.ts';
import { runner, runRepeatedly } from './repeated-run.ts';
import { traceText } from './show-trace.ts';
import { PROGRAM_ID } from './tags.ts';

/** Maps with more entries are not compared: the run would be lost in the comparison. */
const MOST_COMPARED = 10_000;
const BYTES_PER_LINE = 16;
/** Changed entries of a map that the text lists. */
const MOST_SHOWN = 20;
/** Nanoseconds under which a tenth matters. */
const SHORT = 100;

type Result = Awaited<ReturnType<typeof runRepeatedly>>;

interface MapChange {
  readonly id: number;
  readonly name: string;
  /** Entries that are new or have another value; `values` empty: deleted. */
  readonly entries: readonly ShownEntry[];
}

export const command = defineCommand({
  tags: [
    PROGRAM_ID,
    {
      name: 'data',
      type: 'string',
      help: 'The packet or other data: hex digits, or a file.\nThe default for packets is 64 zero bytes; bind and process get a program, netevent_monitor an event.',
    },
    { name: 'ctx', type: 'string', help: 'The whole context: hex digits, or a file.\nThe default is a plausible event of the type.' },
    {
      name: 'fields',
      type: 'string',
      help: 'Fields of the context, and facts that helpers ask for: name=value,name=value. Values are numbers, addresses, htons(80), or bytes as 0x...\nThe others keep their defaults.',
    },
    { name: 'repeat', type: 'integer', help: 'How many times to run; context and data stay as the last run left them.\nThe default is 1.' },
    { name: 'cpu', type: 'integer', named: true, help: 'The processor that the program sees.\nThe default is 0.' },
    {
      name: 'coverage',
      type: ['no', 'yes'],
      named: true,
      help: 'yes: which source lines were executed, and how often. Interpreted;\na native image by way of the object that it was made of.\nThe default is no.',
    },
    { name: 'data_out', type: 'file', named: true, help: 'The file that gets the data as the program left it.' },
    { name: 'ctx_out', type: 'file', named: true, help: 'The file that gets the context as the program left it.' },
  ],
  remarks: 'Runs the program on made-up input (bpf_prog_test_run) and shows its result, duration, trace, and what changed in its maps.',
  examples: [
    'test program 5',
    'test program 5 data=packet.bin repeat=1000000',
    'test program 5 fields=process_id=42,protocol=17',
    'test program 7 fields=user_ip=10.0.0.1,user_port=htons(443),is_admin=1',
    'test program 5 coverage=yes',
  ],
  async run(tags, environment) {
    const { host, signal } = environment;
    const data = tags.data === undefined ? undefined : await bytesOrFile(host, tags.data);
    const context = tags.ctx === undefined ? undefined : await bytesOrFile(host, tags.ctx);
    const outcome = await onProgram(environment, tags.id, async (program, runtime) => {
      const { platform } = runtime;
      const given = tags.fields === undefined ? undefined : parseFields(tags.fields, program.type.context, eventFacts(platform, program.type));
      const { fields, hook } = splitFacts(platform, program.type, given ?? {}, {});
      const input = data ?? defaultData(runtime.platform, program.type);
      const options: TestRunOptions = {
        ...(input ? { data: input } : {}),
        ...(context ? { context } : {}),
        // Types with a context want to be told that their defaults will do.
        ...(given || !context ? { fields } : {}),
        hook,
        ...(tags.cpu === undefined ? {} : { cpu: tags.cpu }),
      };
      const maps = [...new Set(program.mapIds)].flatMap((id) => runtime.map(id) ?? []).filter(comparable);
      const before = maps.map(contents);
      const probes = tags.coverage === 'yes' ? probe(runtime, program, codeOf(runtime, program)) : undefined;
      let result: Result;
      try {
        result = await runRepeatedly(runner(runtime, probes?.program ?? program), options, Math.max(1, tags.repeat ?? 1), signal);
      } finally {
        probes?.close();
      }
      const coverage = probes?.coverage();
      const changes = maps.flatMap((map, index) => changesOf(runtime, map, before[index]!));
      return { program, result, coverage, changes, dataIn: input };
    });
    if (tags.data_out !== undefined) await host.writeFile(tags.data_out, outcome.result.data);
    if (tags.ctx_out !== undefined) await host.writeFile(tags.ctx_out, outcome.result.context);
    return outcome;
  },
  text: ({ program, result, coverage, changes, dataIn }) =>
    [
      result.trace.map(traceText).join(''),
      resultText(result),
      noteText(result),
      redirectText(result),
      dataIn && !sameBytes(dataIn, result.data) ? `\nData (${result.data.length} bytes):\n${hexLines(result.data)}` : '',
      contextText(program, result),
      changes.map(changeText).join(''),
      coverage ? coverageText(coverage) : '',
    ].join(''),
  json: ({ program, result, coverage, changes }) => ({
    schema: 1,
    id: program.id,
    returnValue: result.returnValue,
    ...(result.returnName === undefined ? {} : { returnName: result.returnName }),
    nanoseconds: average(result.elapsed, result.runs),
    runs: result.runs,
    data: hex(result.data, ''),
    context: hex(result.context, ''),
    trace: result.trace.map(({ cpu, program: name, text }) => ({ cpu, program: name, text })),
    events: result.events.map((event) => hex(event, '')),
    ...(result.hookReturn === undefined ? {} : { hookReturn: result.hookReturn }),
    ...(result.newValue === undefined ? {} : { newValue: result.newValue }),
    ...(result.output === '' ? {} : { output: result.output }),
    ...(result.timers === 0 ? {} : { timers: result.timers }),
    ...(result.unsupported.length === 0 ? {} : { unsupported: result.unsupported }),
    ...(result.redirect === undefined ? {} : { redirect: result.redirect }),
    ...(result.redirectContext === undefined ? {} : { redirectContext: hex(result.redirectContext, '') }),
    maps: changes,
    ...(coverage ? { coverage } : {}),
  }),
});

function comparable(map: BpfMap): boolean {
  return !(map instanceof RingBufferMap || map instanceof PerfEventArrayMap) && map.count <= MOST_COMPARED;
}

type Contents = ReadonlyMap<string, Uint8Array>;

function contents(map: BpfMap): Contents {
  return map.keySize === 0 ? new Map([['', map.exportAll()]]) : new Map([...map.entries()].map(({ key, value }) => [hex(key), value]));
}

function changesOf(runtime: Runtime, map: BpfMap, before: Contents): readonly MapChange[] {
  const after = contents(map);
  const changed = new Set([...after].filter(([key, value]) => !sameBytes(value, before.get(key))).map(([key]) => key));
  const gone = [...before.keys()].filter((key) => !after.has(key)).map((key): ShownEntry => ({ key, values: [] }));
  if (changed.size + gone.length === 0) return [];
  const { entries } = shownEntries(map, typesOf(runtime, map), Number.POSITIVE_INFINITY);
  return [{ id: map.id, name: map.name, entries: [...entries.filter(({ key }) => changed.has(key)), ...gone] }];
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** `Return value: 2 (XDP_DROP), duration (average): 300ns`, bpftool's words with the name added. */
function resultText({ returnValue, returnName, elapsed, runs }: Result): string {
  const name = returnName === undefined ? '' : ` (${returnName})`;
  return `Return value: ${returnValue}${name}, duration (average): ${average(elapsed, runs)}ns${runs > 1 ? `, ${runs} runs` : ''}\n`;
}

/** Nanoseconds of one run: a tenth where many were measured and they were short. */
function average(elapsed: number, runs: number): number {
  const each = elapsed / runs;
  return runs > 1 && each < SHORT ? Math.round(each * 10) / 10 : Math.round(each);
}

/** What helpers left behind besides the result. */
function noteText({ unsupported, hookReturn, newValue, output, timers }: Result): string {
  const lines: string[] = [];
  if (hookReturn !== undefined) lines.push(`The hook returns ${hookReturn} to its caller.`);
  if (newValue !== undefined) lines.push(`The new value is ${JSON.stringify(newValue)}.`);
  if (output !== '') lines.push(`Output:\n${output.replace(/\n$/, '').replace(/^/gm, '  ')}`);
  if (timers > 0) lines.push(`${timers} timer${timers === 1 ? ' is' : 's are'} running.`);
  const needing = unsupported.length === 0 ? '' : wrap(`Returned an error, because it needs a kernel: ${unsupported.join(', ')}`, 80, '  ');
  return lines.map((line) => `${line}\n`).join('') + needing;
}

function redirectText({ redirect, redirectContext, events }: Result): string {
  const lines: string[] = [];
  if (redirect) lines.push(`Redirected to ${redirect.target}${redirect.map === undefined ? '' : ` of map ${redirect.map}`}`);
  if (redirectContext) lines.push(`Redirect context (${redirectContext.length} bytes): ${hex(redirectContext)}`);
  for (const event of events) lines.push(`Event (${event.length} bytes): ${hex(event)}`);
  return lines.map((line) => `${line}\n`).join('');
}

function contextText({ type }: BpfProgram, { context }: Result): string {
  if (type.context.size === 0 || type.context.fields.every(({ writable }) => !writable)) return '';
  const values = readContext(type.context, context);
  const all = Object.entries(values);
  const shown =
    all.length > MANY_FIELDS ? all.filter(([, value]) => (typeof value === 'bigint' ? value !== 0n : value.some((byte) => byte !== 0))) : all;
  const fields = shown.map(([name, value]) => `  ${name}: ${fieldText(name, value, values['family'] === AF_INET)}\n`);
  const others = all.length - shown.length;
  if (others > 0) fields.push(`  (${others} more ${others === 1 ? 'field is' : 'fields are'} 0)\n`);
  return fields.length === 0 ? '' : `\nContext (${type.context.name}):\n${fields.join('')}`;
}

const AF_INET = 2n;
/** Structures with more fields are shown without those that are 0. */
const MANY_FIELDS = 12;

/** Addresses as people write them, numbers in decimal, other bytes in hexadecimal without the zeros at the end of long ones. */
function fieldText(name: string, value: bigint | Uint8Array, version4: boolean): string {
  if (typeof value === 'bigint')
    return /_ip4$/.test(name) ? addressText(Uint8Array.from([0n, 8n, 16n, 24n], (shift) => Number((value >> shift) & 0xffn))) : String(value);
  if (/_ip6?$/.test(name) && value.length === 16) return addressText(version4 && !name.endsWith('6') ? value.subarray(0, 4) : value);
  const end = value.findLastIndex((byte) => byte !== 0) + 1;
  return value.length - end > BYTES_PER_LINE
    ? `${hex(value.subarray(0, Math.max(1, end)))} (and ${value.length - Math.max(1, end)} zeros)`
    : hex(value);
}

function changeText({ id, name, entries }: MapChange): string {
  const lines = entries
    .slice(0, MOST_SHOWN)
    .map((entry) => (entry.values.length === 0 ? `key: ${entry.key}  deleted\n` : entryText(entry)).replace(/^/gm, '  ').trimEnd());
  const others = entries.length - MOST_SHOWN;
  if (others > 0) lines.push(`  and ${others} more; "show map ${id}" shows the map, format=json every change.`);
  return `\nMap ${id} (${name}):\n${lines.map((line) => `${line}\n`).join('')}`;
}

function hexLines(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    text += `  ${at.toString(16).padStart(4, '0')}: ${hex(bytes.subarray(at, at + BYTES_PER_LINE))}\n`;
  }
  return text;
}

function coverageText({ executed, total, lines }: LineCoverage): string {
  const percent = total === 0 ? '' : ` (${Math.round((executed * 100) / total)}%)`;
  const head = `\nCoverage: ${executed} of ${total} instructions${percent}\n`;
  return (
    head +
    table(
      [
        { title: ['Runs'], width: 8, align: 'right' },
        { title: ['Line'], width: 6, align: 'right' },
        { title: ['Source'], width: 6 },
      ],
      lines.map(({ count, line, text }) => [count === 0 ? '-' : String(count), String(line), text]),
    )
  );
}
