import type { Machine } from './machine.ts';
import { constant, constantValue, TOP } from './number/index.ts';
import type { StackFrame } from './stack.ts';
import type { State } from './state.ts';
import { Value, ZERO } from './value.ts';

/*
 * Dynptrs and iterators: a few words of a frame that belong to a kernel function. Each word is a cell of kind `object` that carries the identity of the
 * whole; a write over one word ends the object, and with it the memory that was reached through it.
 */

/** Bytes of one word. */
const WORD = 8;

/** Names of the kinds of dynptr; iterators are named by their structs. */
export const PLAIN_DYNPTR = 'a dynptr';
export const PACKET_DYNPTR = 'a dynptr of the packet';

/** What becomes unusable when a stack object ends. */
const ENDED = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'released');

/** The object that begins at a stack address; undefined where there is none. */
export function objectAt(state: State, address: Value): Value | undefined {
  const offset = constantValue(address.range);
  if (address.kind !== 'stack' || offset === undefined) return undefined;
  const stack = state.frames[address.tag]!.stack;
  const value = stack.cells.get(stack.size + Number(offset))?.value;
  return value?.kind === 'object' && value.offset === 0 ? value : undefined;
}

/** The first object that [from, to) of a frame overlaps. */
function overlapping(stack: StackFrame, from: number, to: number): Value | undefined {
  return stack.cells.overlapping(from, to).find((cell) => cell.value.kind === 'object')?.value;
}

/** Whether an object is, or lives in, something that must be given back. */
function isOwed(state: State, object: Value): boolean {
  return state.references.some((reference) => reference.identity === object.root);
}

/** Fails where bytes of a stack object are read, or an object that must be given back is written over. Indices are those of the frame. */
export function checkObjects(
  machine: Machine,
  state: State,
  pc: number,
  details: { readonly register: number; readonly displacement: number; readonly width: number; readonly mode: 'read' | 'write' },
  place: { readonly frame: number; readonly from: number; readonly to: number },
): boolean {
  const stack = state.frames[place.frame]?.stack;
  const object = stack === undefined ? undefined : overlapping(stack, place.from, place.to);
  if (object === undefined || (details.mode === 'write' && !isOwed(state, object))) return true;
  machine.fail('stack_object', pc, state, { ...details, name: machine.objectName(object.tag), min: place.from - stack!.size });
  return false;
}

/** Ends the objects that a write to [from, to) of a frame destroys. */
export function endOverwritten(state: State, frame: number, from: number, to: number): void {
  for (;;) {
    const object = overlapping(state.frames[frame]!.stack, from, to);
    if (object === undefined) return;
    endObject(state, object.identity);
  }
}

/** Makes an object, its words and all that lives in it unusable. */
export function endObject(state: State, identity: number): void {
  state.rewrite((value) => (Math.abs(value.parent) === identity || (value.kind === 'object' && value.identity === identity) ? ENDED : value));
}

/** The object that a constructor makes. */
export interface NewObject {
  readonly name: string;
  /** Bytes, a multiple of 8. */
  readonly size: number;
  /** Identity of what it lives in, 0 for none; see Value.parent. */
  readonly parent: number;
}

/** Puts an object at a checked, constant address of the stack; returns its identity. */
export function placeObject(machine: Machine, state: State, address: Value, object: NewObject): number {
  const identity = machine.identity();
  const tag = machine.objectTag(object.name);
  const offset = Number(constantValue(address.range)!);
  const from = state.frames[address.tag]!.stack.size + offset;
  endOverwritten(state, address.tag, from, from + object.size);
  const stack = state.writableStack(address.tag);
  stack.objects = true;
  for (let word = 0; word * WORD < object.size; word++)
    stack.store(from + word * WORD, WORD, new Value('object', tag, ZERO, word, constant(word), false, identity, undefined, undefined, object.parent));
  return identity;
}

/** Whether an address is one at which an object may be made: a multiple of 8 known to the byte. */
export function isObjectPlace(address: Value): boolean {
  const offset = constantValue(address.range);
  return address.kind === 'stack' && offset !== undefined && Number(offset) % WORD === 0;
}
