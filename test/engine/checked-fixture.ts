import { Random } from '../../src/engine/checked/random.ts';
import type { CheckedInput, CheckedMap, CheckedOptions, CheckedOutcome, CheckedProgram } from '../../src/engine/checked-interpreter.ts';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { findHelper, findMapType } from '../../src/platform/find.ts';
import type { Platform, ProgramType } from '../../src/platform/platform.ts';

function checkedMap(platform: Platform, map: MapDefinition): CheckedMap {
  return {
    name: map.name,
    kind: findMapType(platform, map.type)?.kind ?? 'custom',
    keySize: map.keySize,
    valueSize: map.valueSize,
    maxEntries: map.maxEntries,
    readOnly: map.data?.readOnly === true,
    ...(map.data === undefined ? {} : { data: map.data.bytes }),
    ...(map.inner === undefined ? {} : { inner: map.inner }),
  };
}

export function checkedProgram(object: ObjectFile, program: ObjectProgram, platform: Platform, programType: ProgramType): CheckedProgram {
  return {
    instructions: program.instructions,
    platform,
    programType,
    maps: object.maps.map((map) => checkedMap(platform, map)),
    helper: (id) => findHelper(platform, programType, id),
    kfunc: (index) => platform.kfuncs.get(object.externs[index]?.name ?? ''),
  };
}

/** Ethernet + IPv4 + UDP, VLAN, IPv6 and plain bytes: enough structure to get through a parser's gates. */
function template(random: Random): Uint8Array {
  const bytes = new Uint8Array(random.below(3) === 0 ? random.below(24) : random.below(160));
  if (random.chance(2)) random.fill(bytes);
  const put = (at: number, ...values: number[]) => bytes.set(values.slice(0, Math.max(bytes.length - at, 0)), Math.min(at, bytes.length));
  switch (random.below(4)) {
    case 0:
      put(12, 0x08, 0x00, 0x45 + random.below(3));
      put(23, random.chance(2) ? 17 : 6);
      break;
    case 1:
      put(12, 0x86, 0xdd, 0x60);
      put(20, 17);
      break;
    case 2:
      put(12, 0x81, 0x00, 0, 1, 0x08, 0x00, 0x45);
      break;
    default:
      break;
  }
  return bytes;
}

/** Context words that programs compare with: small numbers, edges of signed and unsigned ranges, anything. */
function contextBytes(random: Random, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= size; at += 4) {
    const kind = random.below(5);
    view.setUint32(
      at,
      kind === 0
        ? 0
        : kind === 1
          ? random.below(70)
          : kind === 2
            ? 0xffff_ffff - random.below(3)
            : kind === 3
              ? 1 << random.below(31)
              : random.word(),
      true,
    );
  }
  return bytes;
}

export interface Found {
  readonly tries: number;
  readonly outcome: Extract<CheckedOutcome, { kind: 'fault' }>;
  readonly input: CheckedInput;
}

/** Undirected search for an input that breaks the program; undefined after `tries` runs without a fault. */
export function search(program: CheckedProgram, tries: number, options: CheckedOptions = {}): Found | undefined {
  for (let seed = 1; seed <= tries; seed++) {
    const random = new Random(seed);
    const input: CheckedInput = {
      seed,
      packet: template(random),
      metadata: new Uint8Array(4 * random.below(4)),
      context: contextBytes(random, program.programType?.context.size ?? 0),
    };
    const outcome = runChecked(program, input, { instructionLimit: 20_000, ...options });
    if (outcome.kind === 'fault') return { tries: seed, outcome, input };
  }
  return undefined;
}
