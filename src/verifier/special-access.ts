import { type Access, plain, span } from './access.ts';
import type { Machine } from './machine.ts';
import { constantValue } from './number/index.ts';
import { fieldAt, overlappingField, SPECIAL_WORDS, type SpecialField } from './special-fields.ts';
import type { State } from './state.ts';
import type { Value } from './value.ts';

/** Fields that belong to the host are no bytes of the program: only a kernel pointer may be loaded, whole. */
export function checkSpecial(
  machine: Machine,
  state: State,
  pc: number,
  access: Access,
  fields: readonly SpecialField[] | undefined,
  owner: string,
): boolean {
  if (fields === undefined || fields.length === 0 || access.special === true) return true;
  const { min, max } = span(access);
  const field = overlappingField(fields, Number(min), Number(max) + access.width);
  if (field === undefined) return true;
  const whole = min === max && min === field.offset && access.width === field.size && access.argument === undefined;
  if (whole && field.kind === 'kptr' && access.mode === 'read') return true;
  if (whole && field.kind === 'kptr_untrusted') return true;
  machine.fail('special_field', pc, state, { ...plain(access), want: SPECIAL_WORDS[field.kind], limit: field.offset, name: owner });
  return false;
}

/** The kernel pointer that a checked access is of: no part of one can be accessed. */
export function pointerField(
  fields: readonly SpecialField[] | undefined,
  pointer: Value,
  displacement: number,
  size: number,
): SpecialField | undefined {
  if (fields === undefined || fields.length === 0 || size !== 8) return undefined;
  const at = constantValue(pointer.range);
  return at === undefined ? undefined : fieldAt(fields, Number(at) + displacement, 'kptr', 'kptr_untrusted');
}

/** Whether a kernel object is certainly not of the struct that a pointer leads to. */
export function isOtherStruct(machine: Machine, value: Value, struct: string | undefined): boolean {
  const have = machine.kernelStruct(value.tag);
  return struct !== undefined && have !== undefined && have !== struct;
}

/** What a load of a kernel pointer yields. */
export function pointerFieldValue(
  machine: Machine,
  fields: readonly SpecialField[] | undefined,
  pointer: Value,
  displacement: number,
  size: number,
): Value | undefined {
  const field = pointerField(fields, pointer, displacement, size);
  return field === undefined ? undefined : machine.pointer('btf', machine.kernelTag(field.struct ?? ''), 0, true, machine.identity());
}
