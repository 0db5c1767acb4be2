/** Random programs for comparing engines: those of the soundness experiment, and statements for what only engines can get wrong. */
import { Random } from '../../../src/engine/checked/random.ts';
import type { AtomicOperator, Instruction, InstructionList, Register, Size } from '../../../src/isa/instruction.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../../../src/object/object-file.ts';
import { verifyProgram } from '../../../src/verifier/index.ts';
import { Generator } from '../../verifier/soundness/generator.ts';
import { type Host, MAPS, objectOf, programOf, valueSize } from '../../verifier/soundness/host.ts';

/** Index of the program array, behind the maps that every generated object has. */
const JUMPS = 7;
/** Slots of the program array: both programs, and one that is empty. */
const JUMP_SLOTS = 3;
const PROGRAMS = ['first', 'second'] as const;
const KEY = -132;
const CELL = -232;

/** Two programs of one type that may tail-call each other, and themselves, until the limit. */
export interface Pair {
  readonly seed: number;
  readonly host: Host;
  readonly object: ObjectFile;
}

type Statement = (g: Generator) => void;

const STATEMENTS: readonly Statement[] = [
  tailCall,
  forEach,
  nestedLoops,
  mayGoto,
  orderedAccess,
  deleteEntry,
  atomicChain,
  wideArithmetic,
  signedLoads,
];

class PairGenerator extends Generator {
  readonly #extra: Random;

  constructor(seed: number, extra: number) {
    super(seed);
    this.#extra = new Random(extra);
  }

  override statement(depth: number): void {
    if (this.#extra.chance(4)) STATEMENTS[this.#extra.below(STATEMENTS.length)]!(this);
    super.statement(depth);
  }
}

/** The pair of a seed: always the same. Both programs are of the type that the first one's seed draws. */
export function generatePair(seed: number): Pair {
  const first = new PairGenerator(2 * seed, seed);
  const { host } = first;
  let other = 2 * seed + 1;
  let second = new PairGenerator(other, seed + 1);
  while (second.host.programType !== host.programType) {
    other += 0x10_0001;
    second = new PairGenerator(other, seed + 1);
  }
  const base = objectOf(host.platform);
  const programs = [first, second].map((generator, index) => named(PROGRAMS[index]!, generator.program().instructions));
  return { seed, host, object: { ...base, programs, maps: [...base.maps.map((map) => loadable(host, map)), jumps(host)] } };
}

/** Whether the verifier accepts both programs, with loops short enough to be run often. */
export function isAccepted({ host, object }: Pair): boolean {
  const { platform, programType } = host;
  return object.programs.every((program) => {
    const report = verifyProgram(object, program, { platform, programType, timeLimit: 500, precision: 4 });
    return report.verdict === 'accepted' && report.maxLoopCount <= 100;
  });
}

function named(name: string, instructions: InstructionList): ObjectProgram {
  const program = programOf(instructions);
  return { ...program, name, functions: program.functions.map((one) => ({ ...one, name })) };
}

/** Perf event arrays of Windows are rings, without keys or values; the verifier does not mind either way. */
function loadable({ platform }: Host, map: MapDefinition): MapDefinition {
  return platform.name === 'windows' && map.name === 'perf' ? { ...map, keySize: 0, valueSize: 0, maxEntries: 4096 } : map;
}

function jumps({ platform }: Host): MapDefinition {
  const type = platform.mapTypes.find(({ kind }) => kind === 'prog_array');
  return {
    ...{ name: 'jumps', type: type?.id ?? 0, keySize: 4, valueSize: 4, maxEntries: JUMP_SLOTS, flags: 0, pinning: 0, origin: 'btf' },
    initialSlots: PROGRAMS.map((target, index) => ({ index, target })),
  };
}

/** Bytes of the frame that a statement uses as it likes, at offsets where no other statement keeps anything for later. */
function cell(g: Generator, offset: number): void {
  g.code.storeImmediate(8, 10, offset, g.constant32());
}

/** In the entry function only, where nothing is held; a call that fails goes on. */
function tailCall(g: Generator): void {
  const id = g.helper('bpf_tail_call');
  if (id === undefined || g.current >= 0 || g.holding || g.scope.registers[6]?.kind !== 'ctx') return;
  const { code, random } = g;
  code.alu('mov', 1, 6);
  code.lddw(2, 'map_fd', JUMPS);
  code.aluImmediate('mov', 3, random.below(JUMP_SLOTS + 1));
  code.helper(id);
  g.afterCall();
}

/** A callback per entry that adds up what it finds in the caller's frame. */
function forEach(g: Generator): void {
  const id = g.helper('bpf_for_each_map_elem');
  if (id === undefined || g.current >= 0) return;
  const { code, random } = g;
  const [body, over] = [code.label(), code.label()];
  cell(g, CELL);
  code.lddw(1, 'map_fd', random.chance(2) ? MAPS.hash : MAPS.array);
  code.address(2, body);
  code.alu('mov', 3, 10);
  code.aluImmediate('add', 3, CELL);
  code.aluImmediate('mov', 4, 0);
  code.helper(id);
  g.afterCall();
  code.load(8, 7, 10, CELL);
  if (!g.scope.pinned.has(7)) g.believe(7, { kind: 'number' });
  else code.aluImmediate('mov', 7, 1);
  code.jump(over);
  code.place(body);
  code.load(4, 5, 2, 0);
  code.load(8, 3, 3, 8);
  code.load(8, 0, 4, 0);
  code.alu('mul', 0, 5);
  code.alu('xor', 0, 3);
  code.store(8, 4, 0, 0);
  code.aluImmediate('and', 0, 0x20);
  code.aluImmediate('rsh', 0, 5);
  code.exit();
  code.place(over);
}

/** bpf_loop in a callback of bpf_loop: frames of callbacks upon frames of callbacks. */
function nestedLoops(g: Generator): void {
  const id = g.helper('bpf_loop');
  if (id === undefined || g.current >= 0) return;
  const { code, random } = g;
  const [outer, inner, over] = [code.label(), code.label(), code.label()];
  cell(g, CELL);
  const call = (count: number, body: number, offset: number) => {
    code.aluImmediate('mov', 1, count);
    code.address(2, body);
    code.alu('mov', 3, 10);
    code.aluImmediate('add', 3, offset);
    code.aluImmediate('mov', 4, 0);
    code.helper(id);
  };
  call(1 + random.below(4), outer, CELL);
  g.afterCall();
  g.believe(0, { kind: 'number' });
  code.jump(over);
  code.place(outer);
  code.alu('mov', 6, 2);
  code.load(8, 7, 6, 0);
  code.store(8, 10, -8, 7);
  code.store(8, 10, -16, 1);
  call(1 + random.below(4), inner, -8);
  code.load(8, 1, 10, -8);
  code.load(8, 2, 10, -16);
  code.alu('add', 1, 2);
  code.alu('add', 1, 0);
  code.store(8, 6, 0, 1);
  code.aluImmediate('mov', 0, 0);
  code.exit();
  code.place(inner);
  code.load(8, 3, 2, 0);
  code.aluImmediate('mul', 3, 31);
  code.alu('add', 3, 1);
  code.store(8, 2, 0, 3);
  code.aluImmediate('mov', 0, 0);
  code.exit();
  code.place(over);
}

/** A loop that a may_goto lets end, and that ends by its counter. */
function mayGoto(g: Generator): void {
  if (g.host.platform.name !== 'linux') return;
  const { code, random } = g;
  code.aluImmediate('mov', 0, 0);
  code.emit({ kind: 'may_goto', offset: 3 });
  code.aluImmediate('add', 0, 1 + random.below(3));
  code.emit({ kind: 'branch', comparison: 'gt', width: 64, dst: 0, source: { kind: 'immediate', value: 3 + random.below(20) }, offset: 1 });
  code.emit({ kind: 'jump', wide: random.chance(2), offset: -4 });
  g.believe(0, { kind: 'number', max: 32 });
}

/** Load-acquire and store-release of every size. */
function orderedAccess(g: Generator): void {
  if (g.host.platform.name !== 'linux') return;
  const { code } = g;
  const size = g.pick([1, 2, 4, 8] as const);
  const value = g.number() as Register;
  cell(g, CELL);
  code.emit({ kind: 'store_release', size, dst: 10, src: value, offset: CELL });
  const dst = g.destination() as Register;
  code.emit({ kind: 'load_acquire', size: g.pick([1, 2, 4, 8] as const), dst, src: 10, offset: CELL });
  g.believe(dst, { kind: 'number' });
}

function deleteEntry(g: Generator): void {
  const id = g.helper('bpf_map_delete_elem');
  if (id === undefined) return;
  const { code, random } = g;
  code.storeImmediate(4, 10, KEY, random.below(6));
  code.alu('mov', 2, 10);
  code.aluImmediate('add', 2, KEY);
  code.lddw(1, 'map_fd', MAPS.hash);
  code.helper(id);
  g.afterCall();
  // A value that was looked up before may be gone now.
  for (let r = 0; r < 10; r++) if (g.scope.registers[r]?.kind === 'map_value') g.believe(r, undefined);
  g.believe(0, { kind: 'number' });
}

const OPERATORS: readonly AtomicOperator[] = ['add', 'or', 'and', 'xor', 'xchg', 'cmpxchg'];

/** Atomics of both widths on one cell, each result the operand of the next. */
function atomicChain(g: Generator): void {
  const { code, random } = g;
  cell(g, CELL);
  const src = g.freeNumber(0) as Register;
  code.aluImmediate('mov', 0, g.constant32());
  for (let count = 2 + random.below(4); count > 0; count--) {
    const operator = g.pick(OPERATORS);
    const fetch = operator === 'xchg' || operator === 'cmpxchg' || random.chance(2);
    const size = g.pick([4, 8] as const);
    if (random.chance(3)) code.load(size, 0, 10, CELL);
    code.atomic(operator, fetch, size, 10, CELL + (size === 4 ? g.pick([0, 4]) : 0), src);
  }
  g.believe(0, { kind: 'number' });
  g.believe(src, { kind: 'number' });
}

/** Products and quotients of numbers that fill 64 bits. */
function wideArithmetic(g: Generator): void {
  const { code, random } = g;
  const dst = g.freeNumber();
  const src = g.destination(dst);
  code.wide(src, g.constant64());
  for (let count = 1 + random.below(3); count > 0; count--) {
    code.alu(g.pick(['mul', 'div', 'mod', 'sdiv', 'smod', 'add', 'sub', 'lsh', 'rsh', 'arsh'] as const), dst, src, g.width());
    if (random.chance(3)) code.alu(g.pick(['xor', 'add'] as const), src, dst);
  }
  g.believe(dst, { kind: 'number' });
  g.believe(src, { kind: 'number' });
}

function signedLoads(g: Generator): void {
  const { code, random } = g;
  const value = g.number();
  code.store(8, 10, CELL, value);
  const dst = g.destination();
  const size = g.pick([1, 2, 4] as const) satisfies Size;
  code.emit({ kind: 'load', size, signed: true, dst: dst as Register, src: 10, offset: CELL + random.below(8 - size + 1) } satisfies Instruction);
  g.believe(dst, { kind: 'number' });
  if (g.bail !== undefined && valueSize(MAPS.array) > 0 && random.chance(3)) code.branchImmediate('slt', dst, g.constant32(), g.bail, g.width());
}
