import { LDDW } from '../isa/opcodes.ts';
import type { Btf, BtfMember } from './btf.ts';
import type { CoreRelocation } from './btf-ext.ts';
import { resolveId, resolveType, sizeOf } from './btf-types.ts';
import type { CodeBuffer } from './code-buffer.ts';

/** A CO-RE relocation that cannot be computed or does not fit its instruction. */
export class CoreError extends Error {}

/** A field reached by an access string, in bits from the start of the root type. */
interface Field {
  readonly bitOffset: number;
  /** The last member stepped through; undefined when the last step was an array index. */
  readonly member: BtfMember | undefined;
  readonly type: number;
}

/** How far a bit-field must be loaded: the smallest aligned power-of-two window that covers it. */
interface Window {
  readonly byteOffset: number;
  readonly byteSize: number;
  readonly bitSize: number;
}

type Compute = (btf: Btf, relocation: CoreRelocation, little: boolean) => bigint;

/**
 * By `enum bpf_core_relo_kind` (linux/bpf.h). The target is the object's own BTF, so every type, field and enumerator it mentions exists and
 * existence folds to 1, as PREVAIL does it: there is no kernel here whose layout could differ.
 */
const KINDS: readonly { readonly name: string; readonly compute: Compute }[] = [
  { name: 'byte_off', compute: (btf, relocation) => BigInt(windowOf(btf, fieldOf(btf, relocation)).byteOffset) },
  { name: 'byte_sz', compute: (btf, relocation) => BigInt(windowOf(btf, fieldOf(btf, relocation)).byteSize) },
  { name: 'field_exists', compute: (btf, relocation) => (fieldOf(btf, relocation) === undefined ? 0n : 1n) },
  { name: 'signed', compute: (btf, relocation) => (isSigned(btf, fieldOf(btf, relocation).type) ? 1n : 0n) },
  { name: 'lshift_u64', compute: leftShift },
  {
    name: 'rshift_u64',
    compute: (btf, relocation) => BigInt(64 - windowOf(btf, fieldOf(btf, relocation)).bitSize),
  },
  { name: 'local_type_id', compute: (_, relocation) => BigInt(relocation.type) },
  { name: 'target_type_id', compute: (_, relocation) => BigInt(relocation.type) },
  { name: 'type_exists', compute: () => 1n },
  {
    name: 'type_size',
    compute: (btf, relocation) => BigInt(sizeOf(btf, relocation.type) ?? refuse(`type ${relocation.type} has no size`)),
  },
  { name: 'enumval_exists', compute: (btf, relocation) => (enumerator(btf, relocation) === undefined ? 0n : 1n) },
  { name: 'enumval_value', compute: enumerator },
  { name: 'type_matches', compute: () => 1n },
];

function refuse(reason: string): never {
  throw new CoreError(reason);
}

/** Applies one relocation to the instruction in `slot` of `code`. Throws CoreError. */
export function applyCoreRelocation(code: CodeBuffer, slot: number, relocation: CoreRelocation, btf: Btf): void {
  const kind = KINDS[relocation.kind] ?? refuse(`unknown CO-RE relocation kind ${relocation.kind}`);
  if (relocation.type >= btf.types.length) refuse(`CO-RE relocation against type ${relocation.type}, there are ${btf.types.length}`);
  patch(code, slot, kind.compute(btf, relocation, code.little), kind.name);
}

/** Which field of the instruction takes the value: the immediate of arithmetic, the offset of memory accesses, both halves of LDDW. */
function patch(code: CodeBuffer, slot: number, value: bigint, kind: string): void {
  const opcode = code.opcode(slot);
  const instructionClass = opcode & 7;
  if (opcode === LDDW) {
    if (slot + 1 >= code.slots) refuse(`CO-RE ${kind} relocation on half an instruction`);
    code.setImm(slot, Number(BigInt.asIntN(32, value)));
    code.setImm(slot + 1, Number(BigInt.asIntN(32, value >> 32n)));
  } else if (instructionClass === 4 || instructionClass === 7) {
    if ((opcode & 8) !== 0) refuse(`CO-RE ${kind} relocation on an instruction without immediate`);
    code.setImm(slot, Number(BigInt.asIntN(32, value)));
  } else if (instructionClass >= 1 && instructionClass <= 3) {
    if (value > 0x7fffn) refuse(`CO-RE ${kind} relocation: ${value} does not fit an offset`);
    code.setOffset(slot, Number(value));
  } else {
    refuse(`CO-RE ${kind} relocation on an instruction (opcode 0x${opcode.toString(16)}) that takes none`);
  }
}

/** Follows an access string such as "0:1:2": array index of the root, then members and indexes. */
function fieldOf(btf: Btf, { type, access }: CoreRelocation): Field {
  const steps = access.split(':').map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : refuse(`bad CO-RE access string "${access}"`)));
  const [first = 0, ...rest] = steps;
  if (rest.length > 64) refuse(`CO-RE access string of ${steps.length} steps`);
  let id = resolveId(btf, type) ?? refuse(`type ${type} cannot be resolved`);
  let bitOffset = first * 8 * (sizeOf(btf, id) ?? refuse(`type ${type} has no size`));
  let member: BtfMember | undefined;
  let flexible = false;
  for (const step of rest) {
    const current = btf.types[id];
    if (current?.kind === 'struct' || current?.kind === 'union') {
      member = current.members[step] ?? refuse(`${current.kind} ${current.name} has no member ${step}`);
      flexible = step === current.members.length - 1;
      bitOffset += member.bitOffset;
      id = resolveId(btf, member.type) ?? refuse(`type ${member.type} cannot be resolved`);
    } else if (current?.kind === 'array') {
      // The last array of a struct may be declared without length.
      if (step >= current.count && !(current.count === 0 && flexible)) refuse(`array of ${current.count} has no element ${step}`);
      member = undefined;
      id = resolveId(btf, current.type) ?? refuse(`type ${current.type} cannot be resolved`);
      bitOffset += step * 8 * (sizeOf(btf, id) ?? refuse(`type ${id} has no size`));
    } else {
      refuse(`CO-RE access "${access}" steps into a ${current?.kind ?? 'missing type'}`);
    }
  }
  return { bitOffset, member, type: id };
}

function windowOf(btf: Btf, { bitOffset, member, type }: Field): Window {
  const size = sizeOf(btf, type) ?? refuse(`type ${type} has no size`);
  const bitSize = member?.bitSize ?? 0;
  if (size === 0) refuse('field has no bytes');
  if (bitSize === 0) return { byteOffset: Math.floor(bitOffset / 8), byteSize: size, bitSize: size * 8 };
  let byteSize = size;
  let byteOffset = Math.floor(bitOffset / 8 / byteSize) * byteSize;
  while (bitOffset + bitSize - byteOffset * 8 > byteSize * 8) {
    if (byteSize >= 8) refuse('bit-field cannot be read with one 64-bit load');
    byteSize *= 2;
    byteOffset = Math.floor(bitOffset / 8 / byteSize) * byteSize;
  }
  return { byteOffset, byteSize, bitSize };
}

function leftShift(btf: Btf, relocation: CoreRelocation, little: boolean): bigint {
  const field = fieldOf(btf, relocation);
  const { byteOffset, byteSize, bitSize } = windowOf(btf, field);
  const inWindow = field.bitOffset - byteOffset * 8;
  return BigInt(little ? 64 - (inWindow + bitSize) : (8 - byteSize) * 8 + inWindow);
}

function isSigned(btf: Btf, id: number): boolean {
  const type = resolveType(btf, id);
  return (type?.kind === 'int' || type?.kind === 'enum' || type?.kind === 'enum64') && type.signed;
}

function enumerator(btf: Btf, { type, access }: CoreRelocation): bigint {
  const resolved = resolveType(btf, type);
  if (resolved?.kind !== 'enum' && resolved?.kind !== 'enum64') return refuse(`type ${type} is no enum`);
  const value = /^\d{1,9}$/.test(access) ? resolved.values[Number(access)] : undefined;
  return (value ?? refuse(`enum ${resolved.name} has no enumerator ${access}`)).value;
}
