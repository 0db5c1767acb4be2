import type { PlainValue } from '../src/object/btf-value.ts';
import type { ContextLayout } from '../src/platform/platform.ts';
import { fieldNamed, settableFields } from '../src/runtime/hooks/contexts.ts';
import type { EventFact } from '../src/runtime/hooks/facts.ts';
import type { BpfMap } from '../src/runtime/maps/map.ts';
import { UsageError } from './errors.ts';
import type { Host } from './host.ts';
import { didYouMean, PARAMETER_INCORRECT, unacceptableValue } from './messages.ts';
import { wrap } from './render/wrap.ts';
import { suggest } from './suggest.ts';

/** Columns of a message. */
const LINE = 80;

/** Bytes as `0a 1b ff`. */
export function hex(bytes: Uint8Array, separator = ' '): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(separator);
}

/** `0a1b`, `0x0a1b`, `0a 1b`, `0a:1b`; undefined where the text is nothing of the kind. */
export function parseHex(text: string): Uint8Array | undefined {
  const digits = text.replace(/^0x/i, '').replace(/[\s:]/g, '');
  if (digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16));
}

/** The values in what user space sees of an element: one, or one per CPU, without what rounds them up. */
export function valuesIn({ cpuStride, valueSize }: Pick<BpfMap, 'cpuStride' | 'valueSize'>, value: Uint8Array): readonly Uint8Array[] {
  if (cpuStride === 0) return [value];
  return Array.from({ length: value.length / cpuStride }, (_, cpu) => value.subarray(cpu * cpuStride, cpu * cpuStride + valueSize));
}

/** The bytes that a tag gives as hex digits or as the name of a file. @throws CommandError where the file cannot be read. */
export async function bytesOrFile(host: Host, text: string): Promise<Uint8Array> {
  return parseHex(text) ?? host.readFile(text);
}

/**
 * A key or value of `size` bytes: a decimal number, little endian, or exactly that many bytes in hexadecimal, in their order.
 *
 * @throws UsageError where it does not fit.
 */
export function sizedBytes(text: string, size: number, tag: string): Uint8Array {
  const words = text.trim();
  const plain = /^-?\d+$/.test(words);
  const bytes = plain ? undefined : parseHex(words);
  if (bytes?.length === size) return bytes;
  if (plain && size > 0) {
    const bits = BigInt(size * 8);
    const value = BigInt(words);
    if (value < 1n << bits && value >= -(1n << (bits - 1n))) return littleEndian(value, size);
  }
  throw new UsageError(`${unacceptableValue(text, tag)} It is a decimal number, or ${size} bytes in hexadecimal.\n${PARAMETER_INCORRECT}`, {
    value: text,
  });
}

function littleEndian(value: bigint, size: number): Uint8Array {
  let rest = BigInt.asUintN(size * 8, value);
  return Uint8Array.from({ length: size }, () => {
    const byte = Number(rest & 0xffn);
    rest >>= 8n;
    return byte;
  });
}

/**
 * `family=2,user_ip=127.0.0.1,user_port=htons(80)` as values of context fields: numbers, IP addresses, or bytes as 0x... where the field is
 * wider than a number. `facts` are further names, of what the hook knows besides its context.
 *
 * @throws UsageError naming the fields that can be set.
 */
export function parseFields(text: string, layout: ContextLayout, facts: readonly EventFact[] = []): Record<string, bigint | string | Uint8Array> {
  const names = [...settableFields(layout), ...facts].map(({ name }) => name);
  const values: Record<string, bigint | string | Uint8Array> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [name = '', value] = part.trim().split(/=(.*)/s);
    const fact = facts.find((candidate) => candidate.name === name);
    const field = fact ? undefined : fieldNamed(layout, name);
    if ((!fact && field?.kind !== 'number') || value === undefined) {
      const known = names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has no fields that can be set.';
      const message = wrap(`${layout.name} has no field "${name}". ${known}`, LINE, '').trimEnd();
      throw new UsageError(`${message}${didYouMean(suggest(name, names))}\n${PARAMETER_INCORRECT}`);
    }
    values[name] = fact?.kind === 'text' ? value : fieldValue(value.trim(), fact ?? field!);
  }
  return values;
}

/** Numbers as C programs write them into fields of network order. */
const NETWORK_ORDER = /^hton([sl])\((\d+|0x[\da-f]+)\)$/i;

function fieldValue(text: string, field: { readonly name: string; readonly size: number }): bigint | Uint8Array {
  const address = parseAddress(text);
  if (address) return address;
  const swapped = NETWORK_ORDER.exec(text);
  if (swapped) return networkOrder(BigInt(swapped[2]!), swapped[1]!.toLowerCase() === 's' ? 2 : 4, text, field.name);
  if (/^(?:-?\d+|0x[\da-f]+)$/i.test(text) && (field.size <= 8 || !/^0x/i.test(text))) return BigInt(text);
  const bytes = parseHex(text);
  if (bytes && bytes.length <= field.size) return bytes;
  throw new UsageError(
    `${unacceptableValue(text, field.name)} It is a number, an address, or up to ${field.size} bytes as 0x...\n${PARAMETER_INCORRECT}`,
  );
}

function networkOrder(value: bigint, bytes: 2 | 4, text: string, name: string): bigint {
  if (value >= 1n << BigInt(bytes * 8)) throw new UsageError(`${unacceptableValue(text, name)} It has ${bytes} bytes.\n${PARAMETER_INCORRECT}`);
  return [...littleEndian(value, bytes)].reduce((total, byte) => (total << 8n) | BigInt(byte), 0n);
}

/** IPv4 and IPv6 addresses in network order. */
export function parseAddress(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return Uint8Array.from(parts, Number);
  if (!/^[\da-f:]*::?[\da-f:]*$/i.test(text)) return undefined;
  const [head = '', tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  if (text.split('::').length > 2 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  const words = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  if (!words.every((word) => /^[\da-f]{1,4}$/i.test(word))) return undefined;
  return Uint8Array.from(words.flatMap((word) => [Number.parseInt(word, 16) >>> 8, Number.parseInt(word, 16) & 255]));
}

/** An address of 4 or 16 bytes in network order: dotted, or as RFC 5952 has it, the longest run of zeros as "::". */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16));
  let start = 0;
  let length = 0;
  for (let from = 0; from < words.length; from++) {
    let end = from;
    while (words[end] === '0') end++;
    if (end - from > length) [start, length] = [from, end - from];
  }
  return length < 2 ? words.join(':') : `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
}

/** Equal elements in a row from which on a list tells their number. */
const LONG_RUN = 4;

/** A decoded value on one line: `{a: 1, b: [2, 3, 0 x 62], name: x}`. */
export function plainText(value: PlainValue): string {
  if (Array.isArray(value)) return `[${listText(value.map(plainText))}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${plainText(member)}`)
      .join(', ')}}`;
  return String(value);
}

function listText(elements: readonly string[]): string {
  const parts: string[] = [];
  for (let at = 0; at < elements.length; ) {
    let end = at + 1;
    while (end < elements.length && elements[end] === elements[at]) end++;
    if (end - at >= LONG_RUN) parts.push(`${elements[at]} x ${end - at}`);
    else parts.push(...elements.slice(at, end));
    at = end;
  }
  return parts.join(', ');
}
