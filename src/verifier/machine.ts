import type { Branch, Instruction, InstructionList } from '../isa/instruction.ts';
import { resolveType, sizeOf } from '../object/btf-types.ts';
import type { ObjectFile, ObjectProgram } from '../object/object-file.ts';
import type {
  AttachTarget,
  ContextLayout,
  HelperPrototype,
  MapKind,
  Platform,
  ProgramType,
  ReturnRange,
  SectionPrefix,
} from '../platform/platform.ts';
import { type CheckDetails, type CheckKind, checkRow } from './checks.ts';
import { Constraints } from './constraints.ts';
import type { Supply } from './lattice.ts';
import type { Int } from './number/index.ts';
import { constant, constantValue, isConstant, type Scalar } from './number/index.ts';
import { type SpecialField, specialFields } from './special-fields.ts';
import type { State } from './state.ts';
import { FIRST_FREE_SYMBOL, FIRST_KERNEL_TAG, READ_ONLY_MEMORY, type SymbolId, TYPED_MEMORY, Value, ZERO } from './value.ts';

/** A map as the verifier needs it; sizes in bytes. */
export interface MapFacts {
  readonly index: number;
  readonly name: string;
  readonly kind: MapKind;
  readonly typeName: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly readOnly: boolean;
  /** Index of the inner map's template. */
  readonly inner: number | undefined;
  readonly data: Uint8Array | undefined;
  /** It has a value for each processor. */
  readonly perCpu?: boolean;
  /** Programs may only write (BPF_F_WRONLY_PROG). */
  readonly writeOnly?: boolean;
  /** Parts of the value that only helpers may touch; absent where the value's type is not known. */
  readonly special?: readonly SpecialField[];
}

/** What a pointer of kind `memory` leads to. */
export interface MemoryFacts {
  /** Bytes. */
  readonly size: number;
  readonly readOnly: boolean;
  /** The C struct, where it has one. */
  readonly name?: string;
  readonly special?: readonly SpecialField[];
}

/** What decides verdicts besides the program. */
export interface Rules {
  readonly platform: Platform;
  readonly programType: ProgramType;
  readonly attachType: string | undefined;
  /** What the program is attached to, where that decides anything. */
  readonly target?: AttachTarget | undefined;
  /** What r0 must be at exit; undefined = any number. */
  readonly returns: ReturnRange | undefined;
  readonly section: SectionPrefix | undefined;
  readonly context: ContextLayout;
  readonly allowDivisionByZero: boolean;
  readonly checkTermination: boolean;
  /** Pointers may leave the program (stored, returned, compared). */
  readonly allowLeaks: boolean;
  readonly bigEndian: boolean;
  readonly gplCompatible: boolean;
  readonly stackSize: number;
  readonly callFrames: number;
  /** Array lookups with a known index in range are known not to fail. */
  readonly strict: boolean;
  /** Every failed check ends its path; otherwise some are assumed after they failed, so that independent ones behind them are found too. */
  readonly pathsEndAtFailure?: boolean;
  /** What-if: what is taken to hold before instructions, by slot. */
  readonly assumptions?: ReadonlyMap<number, readonly Assumption[]>;
}

/** Something that holds or not before an instruction: a comparison as a branch makes it, or the least size of the packet in bytes. */
export type Claim = { readonly kind: 'comparison'; readonly branch: Branch } | { readonly kind: 'packet'; readonly bytes: number };

/** Something taken to hold before an instruction whatever the program does; `havoc`: a register holds any number. */
export type Assumption = Claim | { readonly kind: 'havoc'; readonly register: number };

/** Bytes that no packet exceeds on the program's platform. */
export function largestPacket({ rules }: Machine): number {
  const { packetSize, linearSize } = rules.platform.limits;
  return linearSize ?? packetSize;
}

/** Nothing is known yet, except how large packets are at most. */
export function noConstraints(machine: Machine): Constraints {
  return new Constraints([], 0, 0, largestPacket(machine));
}

/** A failed check before it is worded. */
export interface Finding {
  readonly kind: CheckKind;
  readonly instruction: number;
  readonly details: CheckDetails;
  readonly state: State;
}

/** Everything the transfer functions share during one exploration: the program's facts, the rules, and where findings go. */
export class Machine implements Supply {
  readonly object: ObjectFile;
  readonly program: ObjectProgram;
  readonly instructions: InstructionList;
  readonly rules: Rules;
  readonly maps: readonly MapFacts[];
  readonly findings: Finding[] = [];
  /** Findings that reject the program, as opposed to remarks. */
  failures = 0;
  /** By slot, one pointer through which the instruction accessed memory. */
  readonly accessed: (Value | undefined)[] = [];
  /** The program subtracts packet pointers; slots whose proof by such a difference has been looked at. */
  subtractsPackets = false;
  readonly differencesNoted = new Set<number>();
  /** Slots of branches that were found to compare a packet pointer with the packet's end. */
  readonly packetChecks = new Set<number>();
  readonly findHelper: (id: number) => HelperPrototype | undefined;
  readonly findKfunc: (id: number) => HelperPrototype | undefined;
  private readonly structs: readonly ContextLayout[];
  private readonly objectNames: string[] = [];
  private readonly kernelNames: string[] = [];
  private readonly homes = new Map<number, number>();
  private readonly inners: ReadonlySet<number | undefined>;
  private hostStructs: ReadonlySet<string> | undefined;
  private readonly typedMemory = new Map<number, MemoryFacts>();
  private nextSymbol = FIRST_FREE_SYMBOL;
  private nextIdentity = 1;
  private readonly found = new Set<string>();

  constructor(
    object: ObjectFile,
    program: ObjectProgram,
    rules: Rules,
    maps: readonly MapFacts[],
    findHelper: (id: number) => HelperPrototype | undefined,
    findKfunc: (id: number) => HelperPrototype | undefined,
  ) {
    this.object = object;
    this.program = program;
    this.instructions = program.instructions;
    this.rules = rules;
    this.maps = maps;
    this.inners = new Set(maps.map(({ inner }) => inner));
    this.findHelper = findHelper;
    this.findKfunc = findKfunc;
    this.structs = [...(rules.platform.structs?.values() ?? [])];
  }

  symbol(): SymbolId {
    return this.nextSymbol++;
  }

  identity(): number {
    return this.nextIdentity++;
  }

  /** Records a failed check once per instruction and kind; the caller decides whether the path goes on. */
  fail(kind: CheckKind, instruction: number, state: State, details: CheckDetails = {}): void {
    const key = `${kind}:${instruction}:${details.register ?? ''}`;
    if (this.found.has(key)) return;
    this.found.add(key);
    if (checkRow(kind).severity !== 'portability') this.failures++;
    this.findings.push({ kind, instruction, details, state: state.clone() });
  }

  /** A number known only by its range, related to nothing; constants need no symbol. */
  number(range: Scalar): Value {
    if (isConstant(range)) return new Value('number', 0, ZERO, constantValue(range)!, range, false, 0, undefined, undefined);
    return new Value('number', 0, this.symbol(), 0, range, false, 0, undefined, undefined);
  }

  constant(value: Int): Value {
    return this.number(constant(value));
  }

  /** A pointer `offset` bytes into a region. */
  pointer(kind: Value['kind'], tag: number, offset: Int, nullable = false, identity = 0): Value {
    return new Value(kind, tag, ZERO, offset, constant(offset), nullable, identity, undefined, undefined);
  }

  /** The map a value of kind `map` or `map_value` belongs to; negative tags are inner maps known by their template only. */
  map(tag: number): MapFacts | undefined {
    return this.maps[tag >= 0 ? tag : -1 - tag];
  }

  /** The layout of what a pointer of kind `socket` leads to; undefined where none is known (tag 0). */
  struct(tag: number): ContextLayout | undefined {
    return this.structs[tag - 1];
  }

  /** The tag of pointers to a struct of that name, 0 where the platform has no layout for it. */
  structTag(name: string | undefined): number {
    return this.structs.findIndex((layout) => layout.name === name) + 1;
  }

  /** The tag of pointers to a kernel object of that struct, 0 where its name is not known. */
  kernelTag(name: string): number {
    if (name === '') return 0;
    const known = this.kernelNames.indexOf(name);
    return FIRST_KERNEL_TAG + (known >= 0 ? known : this.kernelNames.push(name) - 1);
  }

  /** The struct that pointers with that tag lead to; undefined where it is not known. */
  kernelStruct(tag: number): string | undefined {
    return this.kernelNames[tag - FIRST_KERNEL_TAG];
  }

  /** Remembers in which map a value was found, by the identities of pointers to them; 0: a map that the program names. */
  foundIn(value: number, map: number): void {
    this.homes.set(value, map);
  }

  /** In which map a value was found; undefined where states with different ones were merged. */
  homeOf(value: number): number | undefined {
    return this.homes.get(value);
  }

  /** Whether the map stands for those that other maps hold. */
  isInner(tag: number): boolean {
    return this.inners.has(tag);
  }

  /** Whether the host hands out objects of that struct, so that a program cannot have allocated them. */
  isHostStruct(name: string): boolean {
    this.hostStructs ??= new Set(
      [...this.rules.platform.kfuncs.values()].flatMap(({ returns }) => (returns.kind === 'btf' && returns.struct !== '' ? [returns.struct] : [])),
    );
    return this.hostStructs.has(name);
  }

  /** The tag of stack objects of that name ("dynptr", "bpf_iter_num"); with the first the program is one that has such objects. */
  objectTag(name: string): number {
    const known = this.objectNames.indexOf(name);
    return known >= 0 ? known : this.objectNames.push(name) - 1;
  }

  objectName(tag: number): string {
    return this.objectNames[tag] ?? 'object';
  }

  /** Whether any stack object was made so far. */
  get hasObjects(): boolean {
    return this.objectNames.length > 0;
  }

  /** What memory of a tag is: plain sizes, READ_ONLY_MEMORY + size, or TYPED_MEMORY + an id of the object's BTF. */
  memory(tag: number): MemoryFacts {
    if (tag < TYPED_MEMORY) return tag < READ_ONLY_MEMORY ? { size: tag, readOnly: false } : { size: tag - READ_ONLY_MEMORY, readOnly: true };
    let facts = this.typedMemory.get(tag);
    if (facts === undefined) {
      const { btf } = this.object;
      const id = tag - TYPED_MEMORY;
      const type = btf === undefined ? undefined : resolveType(btf, id);
      const size = btf === undefined ? undefined : sizeOf(btf, id);
      facts = {
        size: size ?? 0,
        readOnly: false,
        ...(type?.kind === 'struct' ? { name: type.name } : {}),
        ...(btf === undefined ? {} : { special: specialFields(btf, id) }),
      };
      this.typedMemory.set(tag, facts);
    }
    return facts;
  }

  instruction(pc: number): Instruction {
    return this.instructions[pc]!;
  }

  /** The helper or kernel function that an instruction names; undefined where it names none, or one that is not known. */
  calledBy(instruction: Instruction): HelperPrototype | undefined {
    if (instruction.kind === 'call') return this.findHelper(instruction.helper);
    return instruction.kind === 'call_btf' ? this.findKfunc(instruction.btfId) : undefined;
  }

  /** Whether an instruction calls a helper that calls the program back; kernel functions that do are not followed. */
  callsBack(instruction: Instruction): boolean {
    return instruction.kind === 'call' && this.calledBy(instruction)?.callback !== undefined;
  }
}
