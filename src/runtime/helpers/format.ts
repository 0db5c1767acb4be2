/** printf-like formatting of bpf_trace_printk and its relatives. */

const WINDOWS_CONVERSION = /%(?:%|(l{0,2})([diux]))/y;
function narrow(value: bigint, modifier: '' | 'll', signed: boolean): bigint {
  const bits = modifier === 'll' ? 64 : 32;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

/**
 * Formats as eBPF for Windows does: only %d %i %u %x with l or ll, and %%; on Windows `long` has 32 bits.
 * Undefined when a conversion is unknown or the number of arguments differs.
 */
export function formatWindows(format: string, values: readonly bigint[]): string | undefined {
  let text = '';
  let used = 0;
  for (let index = 0; index < format.length; ) {
    if (format[index] !== '%') {
      text += format[index++];
      continue;
    }
    WINDOWS_CONVERSION.lastIndex = index;
    const match = WINDOWS_CONVERSION.exec(format);
    if (match === null) return undefined;
    index = WINDOWS_CONVERSION.lastIndex;
    const [all, modifier = '', conversion = ''] = match;
    if (all === '%%') text += '%';
    else {
      const value = values[used++];
      if (value === undefined) return undefined;
      const number = narrow(value, modifier === 'll' ? 'll' : '', conversion === 'd' || conversion === 'i');
      text += number.toString(conversion === 'x' ? 16 : 10);
    }
  }
  return used === values.length ? text : undefined;
}

/** What the kernel's formatting asks of memory. */
export interface FormatMemory {
  /** A NUL-terminated string; empty where there is none. */
  text(address: bigint): string;
  /** Bytes; zeros where there are none. */
  bytes(address: bigint, size: number): Uint8Array;
}

/** A formatted text; `length` is what it would have without the bound on padding. */
export interface Formatted {
  readonly text: string;
  readonly length: number;
}

/** Flags, width, then an integer, a pointer of one of its kinds, a string or a character (bpf_bprintf_prepare of kernel/bpf/helpers.c). */
const LINUX_CONVERSION =
  /%(?:%|([-+ 0]*)([1-9]\d*)?(?:(l{0,2})([diuxX])|(c)|(p[ku]s|s)(?![^\s!-/:-@[-`{-~])|p([iI][46]|B)|p([KxsS]|(?=$|[\s!-/:-@[-`{-~]))))/y;
/** What follows the letters of a pointer kind is swallowed as long as it is a letter or digit (vsnprintf of lib/vsprintf.c). */
const POINTER_TAIL = /[A-Za-z0-9]*/y;
/** Printing characters and white space of ASCII. */
const FORMAT = /^[\x20-\x7e\t-\r]*$/;
const LARGEST_FIELD = (1 << 23) - 1;
/** Padding beyond this is counted but not made. */
const LARGEST_PADDING = 0x1_0000;
const POINTER_DIGITS = 16;

/**
 * Formats as the kernel's bpf_printk and bpf_snprintf do. Undefined (-EINVAL): an unknown conversion, too few arguments, or characters
 * beyond ASCII.
 */
export function formatLinux(format: string, values: readonly bigint[], memory: FormatMemory): Formatted | undefined {
  if (!FORMAT.test(format)) return undefined;
  let text = '';
  let unmade = 0;
  let used = 0;
  for (let index = 0; index < format.length; ) {
    if (format[index] !== '%') {
      text += format[index++];
      continue;
    }
    LINUX_CONVERSION.lastIndex = index;
    const match = LINUX_CONVERSION.exec(format);
    if (match === null) return undefined;
    index = LINUX_CONVERSION.lastIndex;
    if (match[0] === '%%') {
      text += '%';
      continue;
    }
    const value = values[used++];
    if (value === undefined) return undefined;
    const [, flags = '', width = '', modifier = '', integer, character, string, formatted, pointer] = match;
    const wanted = Math.min(Number(width || 0), LARGEST_FIELD);
    const field = Math.min(wanted, LARGEST_PADDING);
    let part = '';
    if (integer !== undefined) part = padNumber(digits(value, modifier, integer, flags), flags, field);
    else if (character !== undefined) part = padText(String.fromCharCode(Number(value & 0xffn)), flags, field);
    else if (string === 's') part = padText(memory.text(BigInt.asUintN(64, value)), flags, field);
    else if (string !== undefined) part = memory.text(BigInt.asUintN(64, value));
    else if (formatted !== undefined) part = formattedPointer(formatted, value, memory);
    else part = plainPointer(pointer ?? '', value, flags, field);
    if (integer === undefined && character === undefined && string !== 's') {
      POINTER_TAIL.lastIndex = index;
      index += POINTER_TAIL.exec(format)?.[0].length ?? 0;
    }
    text += part;
    unmade += wanted - field;
  }
  return { text, length: text.length + unmade };
}

function digits(value: bigint, modifier: string, conversion: string, flags: string): string {
  const signed = conversion === 'd' || conversion === 'i';
  const number = narrow(value, modifier === '' ? '' : 'll', signed);
  const text = number.toString(conversion === 'x' || conversion === 'X' ? 16 : 10);
  if (conversion === 'X') return text.toUpperCase();
  if (!signed || number < 0n) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

/** Addresses and pointers are printed as they are: there is nothing to hide, and no symbol to name. */
function plainPointer(kind: string, value: bigint, flags: string, width: number): string {
  const text = BigInt.asUintN(64, value).toString(16);
  if (kind === 's' || kind === 'S') return padText(`0x${text}`, flags, width);
  return width === 0 ? text.padStart(POINTER_DIGITS, '0') : padText(text, flags, width);
}

function formattedPointer(kind: string, value: bigint, memory: FormatMemory): string {
  const address = BigInt.asUintN(64, value);
  if (kind === 'B') return `0x${address.toString(16)}`;
  if (kind[1] === '4') return [...memory.bytes(address, 4)].map((byte) => String(byte).padStart(kind[0] === 'i' ? 3 : 1, '0')).join('.');
  const bytes = memory.bytes(address, 16);
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16).padStart(4, '0'));
  return groups.join(kind[0] === 'I' ? ':' : '');
}

function padText(text: string, flags: string, width: number): string {
  return flags.includes('-') ? text.padEnd(width) : text.padStart(width);
}

function padNumber(text: string, flags: string, width: number): string {
  if (flags.includes('-') || !flags.includes('0')) return padText(text, flags, width);
  const sign = /^[-+ ]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}
