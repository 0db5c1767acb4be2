import type { BtfSection } from './btf-reader.ts';
import type { Reader } from './bytes.ts';

/** One function: where it starts in its section (bytes) and its FUNC type. */
export interface FunctionInfo {
  readonly offset: number;
  readonly type: number;
}

/** One `struct bpf_core_relo`: the instruction's byte offset in its section, and what to compute (linux/bpf.h). */
export interface CoreRelocation {
  readonly offset: number;
  readonly type: number;
  readonly access: string;
  readonly kind: number;
}

/** Line records of one section, ascending by byte offset; strings are looked up when asked for. */
export interface LineRecord {
  readonly offset: number;
  readonly file: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** .BTF.ext by section name; records ascend by offset. */
export interface BtfExtension {
  readonly functions: ReadonlyMap<string, readonly FunctionInfo[]>;
  readonly lines: ReadonlyMap<string, readonly LineRecord[]>;
  readonly relocations: ReadonlyMap<string, readonly CoreRelocation[]>;
}

type Text = BtfSection['string'];

interface Table<T> {
  readonly name: string;
  readonly recordSize: number;
  readonly read: (reader: Reader, at: number, string: Text) => T;
}

const FUNCTIONS: Table<FunctionInfo> = {
  name: 'func_info',
  recordSize: 8,
  read: (reader, at) => ({ offset: reader.u32(at, 'insn_off'), type: reader.u32(at + 4, 'type_id') }),
};

const LINES: Table<LineRecord> = {
  name: 'line_info',
  recordSize: 16,
  read: (reader, at, string) => {
    const position = reader.u32(at + 12, 'line_col');
    return {
      offset: reader.u32(at, 'insn_off'),
      file: string(reader.u32(at + 4, 'file_name_off'), 'line file name'),
      text: string(reader.u32(at + 8, 'line_off'), 'line text'),
      // line_col is line << 10 | column.
      line: position >>> 10,
      column: position & 0x3ff,
    };
  },
};

const RELOCATIONS: Table<CoreRelocation> = {
  name: 'core_relo',
  recordSize: 16,
  read: (reader, at, string) => ({
    offset: reader.u32(at, 'insn_off'),
    type: reader.u32(at + 4, 'type_id'),
    access: string(reader.u32(at + 8, 'access_str_off'), 'access string'),
    kind: reader.u32(at + 12, 'kind'),
  }),
};

const CORE_HEADER_SIZE = 32;

/** Reads a .BTF.ext section (Documentation/bpf/btf.rst, section 4.1). Throws the reader's error, located in it. */
export function readBtfExtension(reader: Reader, string: Text): BtfExtension {
  const magic = reader.u16(0, '.BTF.ext magic');
  if (magic !== 0xeb9f) throw reader.error('malformed', `.BTF.ext magic 0x${magic.toString(16)} is not 0xeb9f`, 0);
  const version = reader.u8(2, '.BTF.ext version');
  if (version !== 1) throw reader.error('unsupported', `.BTF.ext version ${version} is not 1`, 2);
  const header = reader.u32(4, '.BTF.ext header size');
  if (header < 24) throw reader.error('malformed', `.BTF.ext header size ${header} is below 24`, 4);
  return {
    functions: readTable(reader, FUNCTIONS, header, 8, string),
    lines: readTable(reader, LINES, header, 16, string),
    // Compilers before CO-RE wrote a shorter header.
    relocations: header >= CORE_HEADER_SIZE ? readTable(reader, RELOCATIONS, header, 24, string) : new Map(),
  };
}

function readTable<T extends { readonly offset: number }>(
  reader: Reader,
  table: Table<T>,
  header: number,
  field: number,
  string: Text,
): ReadonlyMap<string, readonly T[]> {
  const result = new Map<string, T[]>();
  const start = header + reader.u32(field, `${table.name} offset`);
  const size = reader.u32(field + 4, `${table.name} size`);
  if (size === 0) return result;
  reader.need(start, size, table.name);
  const end = start + size;
  const recordSize = reader.u32(start, `${table.name} record size`);
  if (recordSize < table.recordSize || recordSize % 4 !== 0) {
    throw reader.error('malformed', `${table.name} record size ${recordSize} is no multiple of 4 from ${table.recordSize}`, start);
  }
  let at = start + 4;
  while (at < end) {
    const section = string(reader.u32(at, `${table.name} section name`), `${table.name} section name`);
    const count = reader.u32(at + 4, `${table.name} count`);
    if (at + 8 + count * recordSize > end) throw reader.error('truncated', `${table.name} of ${count} records does not fit its table`, at);
    const records = result.get(section) ?? [];
    for (let index = 0; index < count; index++) records.push(table.read(reader, at + 8 + index * recordSize, string));
    result.set(section, records);
    at += 8 + count * recordSize;
  }
  for (const records of result.values()) if (!ascending(records)) records.sort((a, b) => a.offset - b.offset);
  return result;
}

function ascending(records: readonly { readonly offset: number }[]): boolean {
  return records.every((record, index) => index === 0 || (records[index - 1]?.offset ?? 0) <= record.offset);
}

/** Index of the first record at or after an offset, in ascending records. */
export function firstFrom(records: readonly { readonly offset: number }[], offset: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
