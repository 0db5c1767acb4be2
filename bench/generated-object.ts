import type { MapDefinition, ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import type { Code } from './shapes.ts';

const mapOf = (name: string, type: number, keySize: number, valueSize: number): MapDefinition => ({
  name,
  type,
  keySize,
  valueSize,
  maxEntries: 4096,
  flags: 0,
  pinning: 0,
  origin: 'btf',
});

/** BPF_MAP_TYPE_RINGBUF and ARRAY, as `shapes` number them. */
const MAPS = [mapOf('ring', 27, 0, 0), mapOf('array', 2, 4, 8)];

/** An object with the code as its only program, of type XDP. */
export function generatedProgram(instructions: Code): { object: ObjectFile; program: ObjectProgram } {
  const program: ObjectProgram = {
    section: 'xdp',
    name: 'generated',
    instructions,
    size: instructions.length * 8,
    offset: 0,
    functions: [{ name: 'generated', start: 0, end: instructions.length, section: 'xdp', sectionSlot: 0, linkage: 'global' }],
    lines: [],
  };
  const object: ObjectFile = {
    path: 'generated.o',
    sha256: '',
    byteOrder: 'little',
    programs: [program],
    maps: MAPS,
    externs: [],
    license: 'GPL',
    version: undefined,
    btf: undefined,
    sections: [],
  };
  return { object, program };
}
