import type { ObjectFile } from '../../src/object/object-file.ts';
import { LOOPBACK } from '../../src/runtime/hooks/interfaces.ts';
import { programsToLoad } from '../../src/runtime/loader.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import { PerfEventArrayMap } from '../../src/runtime/maps/perf-event-array.ts';
import { QueueMap } from '../../src/runtime/maps/queue.ts';
import { RingBufferMap } from '../../src/runtime/maps/ringbuf.ts';
import { defaultPolicy } from '../../src/runtime/policy.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Machine } from '../runtime.ts';
import { imageObject, isImage, readAnyImage } from '../runtime-images.ts';
import { objectOf } from '../runtime-objects.ts';
import { hex, valuesIn } from '../runtime-values.ts';
import { joinWords } from '../tokens.ts';

/** Entries of a map that a script recreates; a script with more is one that nobody reads. */
const MOST_ENTRIES = 1000;

const HEAD = ['# ----------------------------------', '# eBPF configuration', '# ----------------------------------', 'pushd ebpf'];
const TAIL = ['popd', '# End of eBPF configuration'];

/** Commands that recreate what is loaded, with the same ids, on a machine that holds nothing. */
export function dumpScript(machine: Machine): readonly string[] {
  const runtimes = machine.runtimes();
  const lines = [...HEAD];
  for (const runtime of runtimes) lines.push(...interfaceLines(runtime));
  // In the order in which they were loaded: ids only grow.
  const loads = runtimes.flatMap(loadsOf).sort((a, b) => a.programs[0]!.id - b.programs[0]!.id);
  const made = new Set<number>();
  const loose: LoosePins = new Map();
  for (const load of loads) lines.push(...loadLines(load, made, loose));
  for (const [path, id] of loose) lines.push(unpinLine(path, id));
  for (const runtime of runtimes) {
    lines.push(...linkLines(runtime), ...runtime.maps().flatMap((map) => (made.has(map.id) ? entryLines(map) : [])));
    lines.push(...omissions(runtime, made));
  }
  // Last, because it might refuse what was loaded before it was set.
  if (runtimes[0]) lines.push(...policyLines(runtimes[0]));
  return [...lines, ...TAIL];
}

/** Whether a script recreates nothing. */
export function isEmptyDump(script: readonly string[]): boolean {
  return script.length === HEAD.length + TAIL.length;
}

function interfaceLines(runtime: Runtime): readonly string[] {
  const [loopback, ...others] = runtime.interfaces.list();
  const renamed =
    loopback === undefined || loopback.alias === LOOPBACK[runtime.platform.name].alias ? [] : [['interface', 'set', '1', loopback.alias]];
  const added = others.map(({ index, name, alias }) => ['interface', 'add', name, alias, `index=${index}`]);
  return [...renamed, ...added].map((words) => joinWords([...words, ...platformTag(runtime)]));
}

function platformTag({ platform }: Runtime): readonly string[] {
  return platform.name === 'windows' ? [] : [`platform=${platform.name}`];
}

/** Programs that came with one load. */
interface Load {
  readonly runtime: Runtime;
  readonly programs: readonly BpfProgram[];
  /** Id of the load's first program, which may be gone. */
  readonly firstProgram: number;
}

function loadsOf(runtime: Runtime): readonly Load[] {
  const groups = new Map<string, Load & { readonly programs: BpfProgram[] }>();
  for (const program of runtime.programs()) {
    const object = loadedObject(runtime, program);
    const position = object ? programsToLoad(object).indexOf(object.programs[program.index]!) : program.index;
    const firstProgram = program.id - Math.max(0, position);
    const key = `${program.source.sha256} ${firstProgram}`;
    const group = groups.get(key) ?? { runtime, programs: [], firstProgram };
    group.programs.push(program);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function loadedObject(runtime: Runtime, program: BpfProgram): ObjectFile | undefined {
  const { bytes, fileName } = program.source;
  return bytes && isImage(bytes) ? imageObject(readAnyImage(bytes, fileName), bytes) : objectOf(runtime, program);
}

/** Pins that loading makes and that are gone by now: later loads may have shared their maps before. */
type LoosePins = Map<string, number>;

function unpinLine(path: string, id: number): string {
  return joinWords(['unpin', 'map', String(id), path]);
}

function loadLines({ runtime, programs, firstProgram }: Load, made: Set<number>, loose: LoosePins): readonly string[] {
  const first = programs[0]!;
  const { source, objectMapIds, mode } = first;
  const type = first.id === firstProgram && mode !== 'native' ? [`type=${first.type.name}`] : [];
  const add = (start: number) =>
    joinWords([
      'add',
      'program',
      source.fileName,
      ...type,
      'pinned=none',
      'attach=none',
      `execution=${mode}`,
      `at=${start}`,
      ...platformTag(runtime),
    ]);
  const lines: string[] = [];
  for (const [path, id] of loose) {
    // Whoever did not share the map came after its pin was gone.
    const there = objectMapIds.find((mapId) => mapId !== undefined && autoPinned(runtime, first, mapId) === path);
    if (there === undefined || there === id) continue;
    lines.push(unpinLine(path, id));
    loose.delete(path);
  }
  lines.push(`# SHA-256 ${source.sha256}`);
  // Opening an object spends an id on Windows.
  const spent = runtime.platform.name === 'windows' ? 1 : 0;
  const ids = objectMapIds.filter((id) => id !== undefined);
  const own = ids.filter((id) => !made.has(id) && id >= firstProgram - ids.length);
  const [older] = ids.filter((id) => !made.has(id) && !own.includes(id));
  if (older !== undefined) {
    // Its maps came with an earlier load that is gone: a passing one makes them again.
    const start = older - creationOrder(runtime, first).indexOf(objectMapIds.indexOf(older)) - spent;
    lines.push(add(start));
    made.add(older);
    lines.push(add(firstProgram - own.length - spent), `delete program ${start + spent + ids.length}`);
  } else lines.push(add(firstProgram - own.length - spent));
  for (const program of programs) {
    for (const path of runtime.pins.pathsOf(program.id)) lines.push(joinWords(['pin', 'program', String(program.id), path]));
  }
  for (const id of ids) {
    if (made.has(id) && id !== older) continue;
    made.add(id);
    const automatic = autoPinned(runtime, first, id);
    const paths = runtime.pins.pathsOf(id);
    for (const path of paths) if (path !== automatic) lines.push(joinWords(['pin', 'map', String(id), path]));
    if (automatic !== undefined && !paths.includes(automatic)) loose.set(automatic, id);
  }
  return lines;
}

/** Indexes of an object's maps in the order in which loading makes them: a map of maps comes after the map that describes its inner ones. */
function creationOrder(runtime: Runtime, program: BpfProgram): readonly number[] {
  const order: number[] = [];
  const definitions = loadedObject(runtime, program)?.maps ?? [];
  const visit = (index: number): void => {
    if (order.includes(index)) return;
    const inner = definitions[index]?.inner;
    if (inner !== undefined && inner !== index) visit(inner);
    if (!order.includes(index)) order.push(index);
  };
  for (const index of definitions.keys()) visit(index);
  return order;
}

/** The path to which loading pins a map by itself. */
function autoPinned(runtime: Runtime, program: BpfProgram, mapId: number): string | undefined {
  const definition = loadedObject(runtime, program)?.maps[program.objectMapIds.indexOf(mapId)];
  return definition?.pinning === 1 ? runtime.autoPinPath(definition.name) : undefined;
}

function linkLines(runtime: Runtime): readonly string[] {
  const links = runtime.links().filter(({ state }) => state === 'attached');
  return links.map(({ programId, attachType, parameters: { interfaceIndex, compartmentId } }) =>
    joinWords([
      ...['set', 'program', String(programId), `attached=${attachType.name}`],
      ...(interfaceIndex === undefined ? [] : [`interface=${interfaceIndex}`]),
      ...(compartmentId === undefined ? [] : [`compartment=${compartmentId}`]),
    ]),
  );
}

/** What no line recreates, said where it is missing. */
function omissions(runtime: Runtime, made: ReadonlySet<number>): readonly string[] {
  const maps = runtime.maps().filter(({ id }) => !made.has(id));
  const links = runtime.pinned().filter(({ kind }) => kind === 'link');
  return [
    ...maps.map(({ id, name }) => `# map ${id} (${name}) came with no program that is still there: bpftool map create makes one`),
    ...links.map(({ id, path }) => `# link ${id} is pinned to ${path}: pin link pins it again`),
  ];
}

function entryLines(map: BpfMap): readonly string[] {
  // What is frozen is as loading made it.
  if (map.frozen || map instanceof RingBufferMap || map instanceof PerfEventArrayMap) return [];
  if (map instanceof QueueMap) {
    const packed = map.exportAll();
    const elements = Array.from({ length: packed.length / map.valueSize }, (_, index) =>
      packed.subarray(index * map.valueSize, (index + 1) * map.valueSize),
    );
    return elements.slice(0, MOST_ENTRIES).map((value) => `set map ${map.id} value=0x${hex(value, '')}`);
  }
  const lines: string[] = [];
  for (const { key, value } of map.entries()) {
    // Elements of arrays are zero to begin with.
    if (map.kind === 'array' && value.every((byte) => byte === 0)) continue;
    if (lines.length >= MOST_ENTRIES) return [...lines, `# map ${map.id} (${map.name}) has more entries than a script should have`];
    lines.push(...valueLines(map, `set map ${map.id} key=0x${hex(key, '')}`, value));
  }
  return lines;
}

function valueLines(map: BpfMap, start: string, value: Uint8Array): readonly string[] {
  return valuesIn(map, value).map((own, cpu) => `${start} value=0x${hex(own, '')}${map.cpuStride === 0 ? '' : ` cpu=${cpu}`}`);
}

function policyLines({ policy }: Runtime): readonly string[] {
  if (JSON.stringify(policy) === JSON.stringify(defaultPolicy)) return [];
  const onOff = (on: boolean) => (on ? 'on' : 'off');
  const { hypervisorCodeIntegrity, debug, testSigning, proofOfVerification } = policy;
  return [
    `set policy hvci=${onOff(hypervisorCodeIntegrity)} build=${debug ? 'debug' : 'release'} testsigning=${onOff(testSigning)} proof=${onOff(proofOfVerification)}`,
  ];
}
