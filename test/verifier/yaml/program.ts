import type { Instruction } from '../../../src/isa/instruction.ts';
import { type ParsedProgram, parseProgram } from '../../../src/isa/parse.ts';
import type { ObjectFile, ObjectProgram } from '../../../src/object/object-file.ts';
import { findHelper } from '../../../src/platform/find.ts';
import { linux } from '../../../src/platform/linux/linux.ts';
import type { HelperPrototype, Platform, ProgramType } from '../../../src/platform/platform.ts';
import { NEGATED } from '../../../src/verifier/branch.ts';
import { Machine, type MapFacts, type Rules } from '../../../src/verifier/machine.ts';
import type { Case } from './case.ts';

/** Map references are file descriptors; those of program arrays are told apart from the others by this distance. */
export const PROGRAM_MAPS = 1000;

/** The peer's harness has a stack of this many bytes in all, and frames of 512. */
export const FRAME_SIZE = 512;

/** A case's code, ready to run. */
export interface TestProgram {
  readonly instructions: readonly (Instruction | undefined)[];
  readonly parsed: ParsedProgram;
  /** Slot of the `exit` that stands for running past the last line. */
  readonly end: number;
  /** Slot where paths go whose assumption does not hold. */
  readonly dead: number;
}

/** Assembles the code: an assumption becomes a branch away where it does not hold, and running past the end becomes an exit. */
export function assemble(test: Case): TestProgram {
  const parsed = parseProgram(test.blocks);
  const end = parsed.elements.length;
  const dead = end + 1;
  const instructions: (Instruction | undefined)[] = parsed.elements.map((element, slot) => {
    if (element?.kind !== 'assume') return element;
    const { width, dst, source } = element;
    return { kind: 'branch', comparison: NEGATED[element.comparison], width, dst, source, offset: dead - slot - 1 };
  });
  for (const [index, line] of parsed.lines.entries()) {
    const slot = parsed.slots[index]!;
    const instruction = instructions[slot];
    // The text tells program arrays from other maps, the instruction does not.
    if (instruction?.kind === 'lddw' && /map_fd_programs/.test(line)) instructions[slot] = { ...instruction, low: instruction.low + PROGRAM_MAPS };
  }
  // A write of the frame pointer ends any path, in subprograms too; what is said of it lies behind the program and is not heard.
  instructions.push({ kind: 'exit' }, { kind: 'negate', width: 64, dst: 10 }, { kind: 'exit' });
  return { instructions, parsed, end, dead };
}

/** The peer's context: 64 bytes, pointers to the packet and to its end in the first two words, no metadata, numbers behind. */
const PROGRAM_TYPE: ProgramType = {
  name: 'unprivileged',
  id: 0,
  context: {
    name: 'context',
    size: 64,
    fields: [
      { name: 'data', offset: 0, size: 4, kind: 'packet', narrow: false, writable: false },
      { name: 'data_end', offset: 4, size: 4, kind: 'packet_end', narrow: false, writable: false },
    ],
    gaps: 'number',
    loose: true,
  },
  legacyPacketAccess: true,
  packetWrite: true,
};

/** Linux's helpers without what only Linux demands of programs (alignment, targets of atomic operations): the peer has no such rules. */
const PLATFORM: Platform = {
  ...linux,
  name: 'windows',
  title: 'the test harness',
  limits: { ...linux.limits, stackSize: FRAME_SIZE, callFrames: 8, linearSize: 65_535 },
};

const helpers = new Map<number, HelperPrototype | undefined>();

/** The peer's one fake map fits every helper, all of which may see packets; what a helper hands out need not be given back. */
function helperOf(id: number): HelperPrototype | undefined {
  if (!helpers.has(id)) {
    const found = findHelper(PLATFORM, PROGRAM_TYPE, id);
    if (found === undefined) helpers.set(id, undefined);
    else {
      const { mapKinds, acquires: _, noPackets: __, ...rest } = found;
      helpers.set(id, mapKinds?.includes('prog_array') === true ? { ...rest, mapKinds } : rest);
    }
  }
  return helpers.get(id);
}

/** A machine that runs the program under the rules of the peer's harness. */
export function createMachine(test: Case, program: TestProgram, mapTags: ReadonlySet<number>): Machine {
  const instructions = program.instructions;
  const objectProgram: ObjectProgram = {
    section: '.text',
    name: test.name,
    instructions,
    size: instructions.length * 8,
    offset: 0,
    functions: [{ name: test.name, start: 0, end: instructions.length, section: '.text', sectionSlot: 0, linkage: 'static' }],
    lines: [],
  };
  const object: ObjectFile = {
    path: test.file,
    sha256: '',
    byteOrder: test.options.has('big_endian') ? 'big' : 'little',
    programs: [objectProgram],
    maps: [],
    externs: [],
    license: 'GPL',
    version: undefined,
    btf: undefined,
    sections: [],
  };
  const rules: Rules = {
    platform: PLATFORM,
    programType: PROGRAM_TYPE,
    attachType: undefined,
    returns: PROGRAM_TYPE.returns,
    section: undefined,
    context: PROGRAM_TYPE.context,
    allowDivisionByZero: !test.options.has('!allow_division_by_zero'),
    checkTermination: test.options.has('termination'),
    allowLeaks: false,
    bigEndian: object.byteOrder === 'big',
    gplCompatible: true,
    stackSize: FRAME_SIZE,
    callFrames: 8,
    strict: test.options.has('strict'),
    pathsEndAtFailure: true,
  };
  const maps: MapFacts[] = [];
  const define = (tag: number) => {
    maps[tag] = fakeMap(tag);
  };
  define(0);
  for (const tag of mapTags) define(tag);
  for (const instruction of instructions)
    if (instruction?.kind === 'lddw' && (instruction.source === 'map_fd' || instruction.source === 'map_value')) define(instruction.low);
  return new Machine(object, objectProgram, rules, maps, helperOf, () => undefined);
}

function fakeMap(index: number): MapFacts {
  return {
    index,
    name: `map${index}`,
    kind: index >= PROGRAM_MAPS ? 'prog_array' : 'unspec',
    typeName: 'fake',
    keySize: 4,
    valueSize: 4,
    maxEntries: 4,
    readOnly: false,
    inner: undefined,
    data: undefined,
  };
}
