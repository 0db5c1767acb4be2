/** printf-like formatting of bpf_trace_printk and its relatives. */

/** Reads a NUL-terminated string of the program's memory. */
export type StringReader = (address: bigint) => string;

const WINDOWS_CONVERSION = /%(?:%|(l{0,2})([diux]))/y;
const LINUX_CONVERSION = /%(?:%|([-+ 0#]*)(\d*)(hh|h|ll|l|z)?([diuxXocsp](?:[IiBKsSfFb][46]?)?))/y;

function narrow(value: bigint, modifier: string, signed: boolean): bigint {
  const bits = { hh: 8, h: 16, '': 32 }[modifier] ?? 64;
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

/** Formats as the kernel's bpf_bprintf does. Undefined for an unknown conversion or too few arguments. */
export function formatLinux(
  format: string,
  values: readonly bigint[],
  read: StringReader,
  readBytes: (address: bigint, size: number) => Uint8Array,
): string | undefined {
  let text = '';
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
    const [all, flags = '', width = '', modifier = '', conversion = ''] = match;
    if (all === '%%') {
      text += '%';
      continue;
    }
    const value = values[used++];
    if (value === undefined) return undefined;
    text += pad(convert(value, modifier, conversion, flags, read, readBytes), flags, Number(width || 0), /[sp]/.test(conversion));
  }
  return text;
}

function convert(
  value: bigint,
  modifier: string,
  conversion: string,
  flags: string,
  read: StringReader,
  readBytes: (address: bigint, size: number) => Uint8Array,
): string {
  if (conversion === 's') return read(BigInt.asUintN(64, value));
  if (conversion === 'c') return String.fromCharCode(Number(value & 0xffn));
  if (/^p[Ii]4/.test(conversion)) return [...readBytes(BigInt.asUintN(64, value), 4)].join('.');
  if (/^p[Ii]6/.test(conversion)) {
    const bytes = readBytes(BigInt.asUintN(64, value), 16);
    const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2]! << 8) | bytes[index * 2 + 1]!).toString(16).padStart(4, '0'));
    return groups.join(conversion[1] === 'I' ? ':' : '');
  }
  if (conversion.startsWith('p')) return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
  const signed = conversion === 'd' || conversion === 'i';
  const number = narrow(value, modifier === 'z' ? 'll' : modifier, signed);
  const digits = number.toString(conversion === 'x' || conversion === 'X' ? 16 : conversion === 'o' ? 8 : 10);
  const prefixed = flags.includes('#') && /[xX]/.test(conversion) && number !== 0n ? `0x${digits}` : digits;
  const upper = conversion === 'X' ? prefixed.toUpperCase() : prefixed;
  return signed && number >= 0n && flags.includes('+') ? `+${upper}` : upper;
}

function pad(text: string, flags: string, width: number, words: boolean): string {
  if (text.length >= width) return text;
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || words) return text.padStart(width);
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}
