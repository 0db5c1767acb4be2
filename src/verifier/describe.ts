import type { Machine } from './machine.ts';
import { constantValue, format } from './number/index.ts';
import type { State } from './state.ts';
import { DYNPTR, META_OFFSET, PACKET_SIZE, type Value, ZERO } from './value.ts';
import { sized } from './words.ts';

/** A value in words: "number 0..63", "pointer to packet + 14", "maybe-null pointer to an 8-byte value of map m". */
export function describeValue(machine: Machine, value: Value | undefined, state?: State): string {
  if (value === undefined) return 'never set';
  const at = position(value);
  const maybe = value.nullable ? 'maybe-null ' : '';
  switch (value.kind) {
    case 'number':
      return value.symbol === PACKET_SIZE && value.offset === 0 ? 'number: length of the packet' : numberText(value);
    case 'ctx':
      return `pointer to the context${at}`;
    case 'stack':
      return value.symbol === ZERO ? `pointer to the stack, fp${signed(value.offset)}` : `pointer to the stack, fp + (${rangeText(value)})`;
    case 'packet': {
      if (value.symbol === PACKET_SIZE) return `pointer to the packet's end${value.offset === 0 ? '' : ` ${signed(value.offset)}`}`;
      if (value.symbol === META_OFFSET) return `pointer to the packet's metadata${value.offset === 0 ? '' : ` ${signed(value.offset)}`}`;
      return `pointer to the packet${at}${state === undefined ? '' : `, ${provedBytes(state, value)}`}`;
    }
    case 'map_value': {
      const map = machine.map(value.tag);
      return `${maybe}pointer to ${sized(map?.valueSize)} value of map ${map?.name}${at}`;
    }
    case 'map':
      return `map ${machine.map(value.tag)?.name}${value.tag < 0 ? "'s inner map" : ''}`;
    case 'memory':
      return `${maybe}pointer to ${memoryWords(machine, value)}${at}`;
    case 'socket':
      return `${maybe}pointer to a socket${at}`;
    case 'btf':
      return `${maybe}pointer to ${value.tag === DYNPTR ? 'a dynptr' : kernelWords(machine, value)}${at}`;
    case 'code':
      return `address of the function at instruction ${value.tag}`;
    case 'object':
      return `${machine.objectName(value.tag)} on the stack`;
    case 'any':
      return 'a number on one path and a pointer on another';
    case 'invalid':
      return value.reason === 'clobbered' ? 'destroyed by a call' : value.reason === 'stale_packet' ? 'a stale packet pointer' : 'no longer valid';
  }
}

function kernelWords(machine: Machine, value: Value): string {
  const struct = machine.kernelStruct(value.tag);
  return struct === undefined ? 'a kernel object' : `a kernel object, struct ${struct}`;
}

function memoryWords(machine: Machine, value: Value): string {
  const { size, readOnly, name } = machine.memory(value.tag);
  return name === undefined ? `${sized(size)} ${readOnly ? 'read-only ' : ''}record` : `struct ${name}`;
}

/** How many bytes from a packet pointer on are proved to exist. */
export function provedBytes(state: State, value: Value): string {
  const over = state.overPacketEnd(value, 0);
  if (over === undefined || over > 0) return '0 bytes proved';
  return `${-Number(over)} byte${over === -1 ? '' : 's'} proved`;
}

function numberText(value: Value): string {
  const text = rangeText(value);
  return text.startsWith('any') ? 'a number' : `number ${text}`;
}

function rangeText(value: Value): string {
  const c = constantValue(value.range);
  return c === undefined ? format(value.range) : `${c}`;
}

function signed(offset: number | bigint): string {
  return offset < 0 ? `${offset}` : `+${offset}`;
}

function position(value: Value): string {
  const c = constantValue(value.range);
  if (c === 0) return '';
  if (c !== undefined) return c < 0 ? ` - ${-BigInt(c)}` : ` + ${c}`;
  return ` + (${format(value.range)})`;
}
