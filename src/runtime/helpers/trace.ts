import { Errno } from '../result.ts';
import { type HelperEnvironment, type HelperMaker, reach, readText, requireBytes, row, writeText } from './environment.ts';
import { type Formatted, formatLinux, formatWindows } from './format.ts';

const MAXIMUM_WINDOWS_FORMAT = 511;
/** MAX_BPRINTF_BUF and MAX_BPRINTF_BIN_ARGS of the kernel. */
const LINUX_BUFFER = 1024;
const LARGEST_STRING = 512;

function emit(environment: HelperEnvironment, text: string): void {
  environment.trace.add(environment.host.boot(), environment.currentCpu(), environment.run.programName, text);
}

/** bpf_trace_printk2..5 of eBPF for Windows: number of characters, or -1 for a bad format. */
function printkWindows(environment: HelperEnvironment, format: number, size: number, values: readonly bigint[]): number {
  if (size < 2 || size > MAXIMUM_WINDOWS_FORMAT) return -1;
  // The byte before the last is dropped when it is a newline; the last is the terminator.
  const text = formatWindows(readText(environment, format, size - 1).replace(/\n$/, ''), values);
  if (text === undefined) return -1;
  emit(environment, text);
  return text.length;
}

/** Formats for bpf_trace_printk, bpf_trace_vprintk, bpf_snprintf and bpf_seq_printf; undefined: -EINVAL. */
function formatted(environment: HelperEnvironment, format: string | undefined, values: readonly bigint[]): Formatted | undefined {
  if (format === undefined) return undefined;
  const { memory } = environment;
  return formatLinux(format, values, {
    text(address) {
      const at = Number(address);
      return memory.contains(at, 1) ? readText(environment, at, reach(environment, at, LARGEST_STRING)) : '';
    },
    bytes: (address, size) => (memory.contains(Number(address), size) ? memory.read(Number(address), size) : new Uint8Array(size)),
  });
}

/** A format of at most `size` bytes; undefined when no NUL ends it within them. */
function formatAt(environment: HelperEnvironment, address: number, size: number): string | undefined {
  const text = readText(environment, address, size);
  return text.length < size ? text : undefined;
}

/** The result is the length of the whole text; the trace keeps what fits into the kernel's buffer. */
function printkLinux(environment: HelperEnvironment, format: number, size: number, values: readonly bigint[]): number {
  const made = formatted(environment, formatAt(environment, format, size), values);
  if (made === undefined) return -Errno.EINVAL;
  emit(environment, made.text.slice(0, LINUX_BUFFER - 1).replace(/\n$/, ''));
  return made.length;
}

function valuesAt(environment: HelperEnvironment, address: number, size: number): bigint[] | undefined {
  if (size % 8 !== 0 || size > 12 * 8) return undefined;
  if (size > 0) requireBytes(environment, address, size, 'format arguments');
  return Array.from({ length: size / 8 }, (_, index) => environment.memory.view.getBigUint64(address + index * 8, true));
}

export const windowsTrace: Readonly<Record<string, HelperMaker>> = {
  bpf_trace_printk2: row('u32 u32', 'i32', (e) => (format: number, size: number) => printkWindows(e, format, size, [])),
  bpf_trace_printk3: row('u32 u32 i64', 'i32', (e) => (format: number, size: number, a: bigint) => printkWindows(e, format, size, [a])),
  bpf_trace_printk4: row(
    'u32 u32 i64 i64',
    'i32',
    (e) => (format: number, size: number, a: bigint, b: bigint) => printkWindows(e, format, size, [a, b]),
  ),
  bpf_trace_printk5: row(
    'u32 u32 i64 i64 i64',
    'i32',
    (e) => (format: number, size: number, a: bigint, b: bigint, c: bigint) => printkWindows(e, format, size, [a, b, c]),
  ),
};

export const linuxTrace: Readonly<Record<string, HelperMaker>> = {
  bpf_trace_printk: row(
    'u32 u32 i64 i64 i64',
    'i32',
    (e) => (format: number, size: number, a: bigint, b: bigint, c: bigint) => printkLinux(e, format, size, [a, b, c]),
  ),
  bpf_trace_vprintk: row('u32 u32 u32 u32', 'i32', (e) => (format: number, size: number, data: number, length: number) => {
    const values = valuesAt(e, data, length);
    return values === undefined ? -Errno.EINVAL : printkLinux(e, format, size, values);
  }),
  bpf_seq_printf: row('u32 u32 u32 u32 u32', 'i32', (e) => (_sequence: number, format: number, size: number, data: number, length: number) => {
    const values = valuesAt(e, data, length);
    const made = values && formatted(e, formatAt(e, format, size), values);
    if (made === undefined) return -Errno.EINVAL;
    e.run.notes.output += made.text;
    return 0;
  }),
  bpf_snprintf: row('u32 u32 u32 u32 u32', 'i32', (e) => (out: number, size: number, format: number, data: number, length: number) => {
    const values = valuesAt(e, data, length);
    const made = values && formatted(e, formatAt(e, format, reach(e, format)), values);
    if (made === undefined) return -Errno.EINVAL;
    if (size > 0) writeText(e, made.text, out, size);
    return made.length + 1;
  }),
};
