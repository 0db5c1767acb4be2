/** What generated programs run on: platforms, program types and a fixed set of maps. */
import type { CheckedMap, CheckedProgram } from '../../../src/engine/checked-interpreter.ts';
import type { InstructionList } from '../../../src/isa/instruction.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../../../src/object/object-file.ts';
import { findHelper, findMapType, helperByName, programTypeByName } from '../../../src/platform/find.ts';
import { linux } from '../../../src/platform/linux/linux.ts';
import type { ContextField, MapKind, Platform, ProgramType } from '../../../src/platform/platform.ts';
import { windows } from '../../../src/platform/windows/windows.ts';

export interface Host {
  readonly platform: Platform;
  readonly programType: ProgramType;
}

function host(platform: Platform, name: string): Host {
  const programType = programTypeByName(platform, name);
  if (programType === undefined) throw new Error(`${platform.name} has no program type ${name}`);
  return { platform, programType };
}

/** Packet programs more often than others: they have most kinds of values. */
export const HOSTS: readonly Host[] = [
  host(linux, 'xdp'),
  host(linux, 'xdp'),
  host(linux, 'sched_cls'),
  host(linux, 'socket_filter'),
  host(linux, 'kprobe'),
  host(windows, 'xdp'),
  host(windows, 'sample'),
  host(windows, 'bind'),
];

export function packetField(type: ProgramType, kind: 'packet' | 'packet_end' | 'packet_meta'): ContextField | undefined {
  return type.context.fields.find((field) => field.kind === kind);
}

export function helperId({ platform, programType }: Host, name: string): number | undefined {
  return helperByName(platform, name, programType)?.id;
}

/** Indices of the maps every generated program has. */
export const MAPS = { hash: 0, array: 1, ringbuf: 2, constants: 3, variables: 4, outer: 5, perf: 6 } as const;

const RODATA = Uint8Array.from({ length: 32 }, (_, index) => (index * 37 + 11) & (index % 3 === 0 ? 0x0f : 0xff));

interface MapShape {
  readonly name: string;
  readonly kind: MapKind;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly inner?: number;
  readonly data?: { readonly section: string; readonly bytes: Uint8Array; readonly readOnly: boolean };
}

const SHAPES: readonly MapShape[] = [
  { name: 'table', kind: 'hash', keySize: 4, valueSize: 48, maxEntries: 16 },
  { name: 'slots', kind: 'array', keySize: 4, valueSize: 64, maxEntries: 4 },
  { name: 'events', kind: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 },
  { name: '.rodata', kind: 'array', keySize: 4, valueSize: 32, maxEntries: 1, data: { section: '.rodata', bytes: RODATA, readOnly: true } },
  { name: '.bss', kind: 'array', keySize: 4, valueSize: 40, maxEntries: 1, data: { section: '.bss', bytes: new Uint8Array(40), readOnly: false } },
  { name: 'outer', kind: 'map_of_maps_array', keySize: 4, valueSize: 4, maxEntries: 4, inner: MAPS.array },
  { name: 'perf', kind: 'perf_event_array', keySize: 4, valueSize: 4, maxEntries: 4 },
];

export function valueSize(map: number): number {
  return SHAPES[map]!.valueSize;
}

function definition(platform: Platform, shape: MapShape): MapDefinition {
  const type = platform.mapTypes.find(({ kind, perCpu, lru }) => kind === shape.kind && perCpu !== true && lru !== true);
  return {
    name: shape.name,
    type: type?.id ?? 0,
    keySize: shape.keySize,
    valueSize: shape.valueSize,
    maxEntries: shape.maxEntries,
    flags: 0,
    pinning: 0,
    origin: shape.data === undefined ? 'btf' : 'data',
    ...(shape.inner === undefined ? {} : { inner: shape.inner }),
    ...(shape.data === undefined ? {} : { data: shape.data }),
  };
}

const objects = new Map<Platform, ObjectFile>();

/** An object with the maps and no program of its own; the licence gives every helper. */
export function objectOf(platform: Platform): ObjectFile {
  let object = objects.get(platform);
  if (object === undefined) {
    object = {
      path: 'generated.o',
      sha256: '',
      byteOrder: 'little',
      programs: [],
      maps: SHAPES.map((shape) => definition(platform, shape)),
      externs: [],
      license: 'GPL',
      version: undefined,
      btf: undefined,
      sections: [],
    };
    objects.set(platform, object);
  }
  return object;
}

export function programOf(instructions: InstructionList): ObjectProgram {
  return {
    section: 'generated',
    name: 'generated',
    instructions,
    size: instructions.length * 8,
    offset: 0,
    functions: [{ name: 'generated', start: 0, end: instructions.length, section: 'generated', sectionSlot: 0, linkage: 'static' }],
    lines: [],
  };
}

/** An object's program as the checked interpreter takes it. */
export function checkedProgram(
  object: ObjectFile,
  instructions: InstructionList,
  { platform, programType }: Host,
  attachType?: string,
): CheckedProgram {
  return {
    instructions,
    platform,
    programType,
    ...(attachType === undefined ? {} : { attachType }),
    maps: object.maps.map((map) => checkedMap(platform, map)),
    helper: (id) => findHelper(platform, programType, id),
    kfunc: (index) => {
      const name = object.externs[index]?.name ?? '';
      return platform.kfuncs.get(name) ?? helperByName(platform, name, programType) ?? platform.libraryFunctions?.get(name);
    },
  };
}

function checkedMap(platform: Platform, map: MapDefinition): CheckedMap {
  return {
    name: map.name,
    kind: map.origin === 'data' ? 'array' : (findMapType(platform, map.type)?.kind ?? 'unspec'),
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    readOnly: map.data?.readOnly === true || (platform.name === 'linux' && (map.flags & BPF_F_RDONLY_PROG) !== 0),
    ...(map.data === undefined ? {} : { data: map.data.bytes }),
    ...(map.inner === undefined ? {} : { inner: map.inner }),
  };
}

/** Linux map flag: programs may only read. */
const BPF_F_RDONLY_PROG = 1 << 7;
