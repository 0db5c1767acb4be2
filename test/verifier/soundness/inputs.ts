/** Inputs that reach the corners of one program: its own constants as contents, its own lengths as packet sizes. */
import { Random } from '../../../src/engine/checked/random.ts';
import type { CheckedInput, CheckedProgram } from '../../../src/engine/checked-interpreter.ts';
import type { InstructionList } from '../../../src/isa/instruction.ts';

const MAX_PACKET = 200;

export class Inputs {
  private readonly constants: readonly number[];
  private readonly lengths: readonly number[];
  private readonly program: CheckedProgram;

  constructor(program: CheckedProgram) {
    this.program = program;
    const constants = constantsOf(program.instructions);
    this.constants = constants.length === 0 ? [0, 1, -1] : constants;
    const lengths = constants.filter((value) => value > 0 && value < MAX_PACKET);
    this.lengths = lengths.length === 0 ? [0, 14, 64] : lengths;
  }

  /** The input of a seed: always the same. */
  input(seed: number): CheckedInput {
    const random = new Random(seed);
    const packet = new Uint8Array(this.packetSize(random));
    this.fill(random, packet);
    const metadata = new Uint8Array(random.chance(2) ? 0 : 4 * random.below(9));
    this.fill(random, metadata);
    const context = new Uint8Array(this.program.programType?.context.size ?? 0);
    this.fill(random, context);
    const maps = new Map<number, ReadonlyMap<string, Uint8Array>>();
    for (const [index, map] of this.program.maps.entries()) {
      if (map.readOnly === true || map.keySize !== 4 || map.valueSize === 0 || (map.kind !== 'array' && map.kind !== 'hash')) continue;
      const entries = new Map<string, Uint8Array>();
      for (let key = 0; key < Math.min(map.maxEntries, 4); key++) {
        if (map.kind === 'hash' && random.chance(2)) continue;
        const value = new Uint8Array(map.valueSize);
        this.fill(random, value);
        entries.set(`${key.toString(16).padStart(2, '0')}000000`, value);
      }
      maps.set(index, entries);
    }
    return { packet, metadata, context, maps, seed };
  }

  private packetSize(random: Random): number {
    if (random.chance(3)) return random.below(MAX_PACKET);
    let size = 0;
    for (let count = 1 + random.below(2); count > 0; count--) size += this.lengths[random.below(this.lengths.length)]!;
    return Math.max(0, Math.min(MAX_PACKET, size + random.below(3) - 1));
  }

  /** Words of all widths: the program's own constants and their neighbours, small numbers, ends of ranges, anything. */
  private fill(random: Random, bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length; ) {
      const left = bytes.length - at;
      const size = left >= 8 && random.chance(3) ? 8 : left >= 4 && random.chance(2) ? 4 : 1;
      const value = this.word(random);
      if (size === 8) view.setBigInt64(at, value, true);
      else if (size === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
      else view.setUint8(at, Number(BigInt.asUintN(8, value)));
      at += size;
    }
  }

  private word(random: Random): bigint {
    switch (random.below(6)) {
      case 0:
        return 0n;
      case 1:
        return BigInt(random.below(64));
      case 2:
      case 3:
        return BigInt(this.constants[random.below(this.constants.length)]! + random.below(3) - 1);
      case 4:
        return random.chance(2) ? -1n - BigInt(random.below(4)) : 1n << BigInt(random.below(64));
      default:
        return BigInt.asIntN(64, random.wide());
    }
  }
}

function constantsOf(instructions: InstructionList): number[] {
  const found = new Set<number>();
  for (const instruction of instructions) {
    if (instruction === undefined) continue;
    if ((instruction.kind === 'binary' || instruction.kind === 'branch') && instruction.source.kind === 'immediate')
      found.add(instruction.source.value);
  }
  return [...found];
}
