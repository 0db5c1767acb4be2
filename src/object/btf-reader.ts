import type { Btf, BtfMember, BtfType } from './btf.ts';
import { type Reader, stringAt } from './bytes.ts';

const BTF_MAGIC = 0xeb9f;
const HEADER_SIZE = 24;
const LINKAGES = ['static', 'global', 'extern'] as const;

/** A BTF section taken apart: its types, and the string table that .BTF.ext refers to. */
export interface BtfSection {
  readonly btf: Btf;
  /** The string at an offset of the string table. Throws like the reader where it is outside. */
  readonly string: (offset: number, what: string) => string;
}

/** The fixed part of `struct btf_type`; `at` is where the kind's own data starts. */
interface Head {
  readonly name: string;
  readonly flag: boolean;
  readonly count: number;
  /** Size in bytes or a type id, by kind. */
  readonly sizeOrType: number;
  readonly at: number;
}

type Build = (head: Head, reader: Reader, string: (offset: number, what: string) => string) => BtfType;

interface Kind {
  /** Bytes after the head: a fixed part, and a part per `count`. */
  readonly fixed: number;
  readonly each: number;
  readonly build: Build;
}

function list<T>(count: number, item: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => item(index));
}

function int({ name, sizeOrType, at }: Head, reader: Reader): BtfType {
  const data = reader.u32(at, 'BTF int data');
  const encoding = (data >>> 24) & 0xf;
  return {
    kind: 'int',
    name,
    size: sizeOrType,
    bits: data & 0xff,
    bitOffset: (data >>> 16) & 0xff,
    signed: (encoding & 1) !== 0,
    char: (encoding & 2) !== 0,
    bool: (encoding & 4) !== 0,
  };
}

function array({ at }: Head, reader: Reader): BtfType {
  return {
    kind: 'array',
    type: reader.u32(at, 'array element type'),
    indexType: reader.u32(at + 4, 'array index type'),
    count: reader.u32(at + 8, 'array length'),
  };
}

const composite =
  (kind: 'struct' | 'union'): Build =>
  ({ name, flag, count, sizeOrType, at }, reader, string) => ({
    kind,
    name,
    size: sizeOrType,
    members: list(count, (index): BtfMember => {
      const member = at + index * 12;
      const offset = reader.u32(member + 8, 'member offset');
      return {
        name: string(reader.u32(member, 'member name'), 'member name'),
        type: reader.u32(member + 4, 'member type'),
        // With kind_flag the upper byte is the bit-field size.
        bitOffset: flag ? offset & 0xffffff : offset,
        bitSize: flag ? offset >>> 24 : 0,
      };
    }),
  });

function enumeration({ name, flag, count, sizeOrType, at }: Head, reader: Reader, string: (offset: number, what: string) => string): BtfType {
  return {
    kind: 'enum',
    name,
    size: sizeOrType,
    signed: flag,
    values: list(count, (index) => ({
      name: string(reader.u32(at + index * 8, 'enumerator name'), 'enumerator name'),
      value: BigInt(flag ? reader.i32(at + index * 8 + 4, 'enumerator') : reader.u32(at + index * 8 + 4, 'enumerator')),
    })),
  };
}

function enumeration64({ name, flag, count, sizeOrType, at }: Head, reader: Reader, string: (offset: number, what: string) => string): BtfType {
  return {
    kind: 'enum64',
    name,
    size: sizeOrType,
    signed: flag,
    values: list(count, (index) => {
      const item = at + index * 12;
      const value = BigInt(reader.u32(item + 4, 'enumerator')) | (BigInt(reader.u32(item + 8, 'enumerator')) << 32n);
      return { name: string(reader.u32(item, 'enumerator name'), 'enumerator name'), value: flag ? BigInt.asIntN(64, value) : value };
    }),
  };
}

const wrapper =
  (kind: 'typedef' | 'volatile' | 'const' | 'restrict' | 'type_tag'): Build =>
  ({ name, sizeOrType }) => ({ kind, name, type: sizeOrType });

/** Linkage: unknown values are refused, since a wrong guess would change how a function is verified. */
function linkage(value: number, reader: Reader, at: number): 'static' | 'global' | 'extern' {
  const name = LINKAGES[value];
  if (name === undefined) throw reader.error('malformed', `BTF linkage ${value} is none of static, global, extern`, at);
  return name;
}

/** By BTF_KIND_* number (Documentation/bpf/btf.rst, section 2.2). */
const KINDS: readonly (Kind | undefined)[] = [
  undefined,
  { fixed: 4, each: 0, build: int },
  { fixed: 0, each: 0, build: ({ sizeOrType }) => ({ kind: 'ptr', type: sizeOrType }) },
  { fixed: 12, each: 0, build: array },
  { fixed: 0, each: 12, build: composite('struct') },
  { fixed: 0, each: 12, build: composite('union') },
  { fixed: 0, each: 8, build: enumeration },
  { fixed: 0, each: 0, build: ({ name, flag }) => ({ kind: 'fwd', name, union: flag }) },
  { fixed: 0, each: 0, build: wrapper('typedef') },
  { fixed: 0, each: 0, build: wrapper('volatile') },
  { fixed: 0, each: 0, build: wrapper('const') },
  { fixed: 0, each: 0, build: wrapper('restrict') },
  // FUNC keeps its linkage in the count and has no list.
  {
    fixed: 0,
    each: 0,
    build: ({ name, count, sizeOrType, at }, reader) => ({ kind: 'func', name, type: sizeOrType, linkage: linkage(count, reader, at - 12) }),
  },
  {
    fixed: 0,
    each: 8,
    build: ({ count, sizeOrType, at }, reader, string) => ({
      kind: 'func_proto',
      returns: sizeOrType,
      parameters: list(count, (index) => ({
        name: string(reader.u32(at + index * 8, 'parameter name'), 'parameter name'),
        type: reader.u32(at + index * 8 + 4, 'parameter type'),
      })),
    }),
  },
  {
    fixed: 4,
    each: 0,
    build: ({ name, sizeOrType, at }, reader) => ({
      kind: 'var',
      name,
      type: sizeOrType,
      linkage: linkage(reader.u32(at, 'variable linkage'), reader, at),
    }),
  },
  {
    fixed: 0,
    each: 12,
    build: ({ name, count, sizeOrType, at }, reader) => ({
      kind: 'datasec',
      name,
      size: sizeOrType,
      variables: list(count, (index) => ({
        type: reader.u32(at + index * 12, 'variable type'),
        offset: reader.u32(at + index * 12 + 4, 'variable offset'),
        size: reader.u32(at + index * 12 + 8, 'variable size'),
      })),
    }),
  },
  { fixed: 0, each: 0, build: ({ name, sizeOrType }) => ({ kind: 'float', name, size: sizeOrType }) },
  {
    fixed: 4,
    each: 0,
    build: ({ name, sizeOrType, at }, reader) => ({ kind: 'decl_tag', name, type: sizeOrType, component: reader.i32(at, 'decl_tag component') }),
  },
  { fixed: 0, each: 0, build: wrapper('type_tag') },
  { fixed: 0, each: 12, build: enumeration64 },
];

const FUNC_KIND = 12;

/** Reads a .BTF section (Documentation/bpf/btf.rst, sections 2 and 3). Throws the reader's error, located in it. */
export function readBtf(reader: Reader): BtfSection {
  const magic = reader.u16(0, 'BTF magic');
  if (magic !== BTF_MAGIC) throw reader.error('malformed', `BTF magic 0x${magic.toString(16)} is not 0xeb9f`, 0);
  const version = reader.u8(2, 'BTF version');
  if (version !== 1) throw reader.error('unsupported', `BTF version ${version} is not 1`, 2);
  const headerSize = reader.u32(4, 'BTF header size');
  if (headerSize < HEADER_SIZE) throw reader.error('malformed', `BTF header size ${headerSize} is below ${HEADER_SIZE}`, 4);
  const typesAt = headerSize + reader.u32(8, 'BTF type offset');
  const typesSize = reader.u32(12, 'BTF type size');
  const stringsAt = headerSize + reader.u32(16, 'BTF string offset');
  const stringsSize = reader.u32(20, 'BTF string size');
  reader.need(typesAt, typesSize, 'BTF types');
  const text = reader.slice(stringsAt, stringsSize, 'BTF strings');
  const cache = new Map<number, string>();
  const string = (offset: number, what: string): string => {
    const known = cache.get(offset);
    if (known !== undefined) return known;
    const value = stringAt(text, offset);
    if (value === undefined) throw reader.error('out-of-range', `${what}: string offset ${offset} is outside the BTF strings`, stringsAt);
    cache.set(offset, value);
    return value;
  };

  const types: BtfType[] = [{ kind: 'void' }];
  const starts: number[] = [0];
  const end = typesAt + typesSize;
  let at = typesAt;
  while (at < end) {
    if (at + 12 > end) throw reader.error('truncated', `BTF type ${types.length} is cut off`, at);
    const info = reader.u32(at + 4, 'BTF type info');
    const number = (info >>> 24) & 0x1f;
    const kind = KINDS[number];
    if (kind === undefined) throw reader.error('malformed', `BTF type ${types.length} has unknown kind ${number}`, at + 4);
    const count = info & 0xffff;
    const size = 12 + kind.fixed + kind.each * (number === FUNC_KIND ? 0 : count);
    if (at + size > end) throw reader.error('truncated', `BTF type ${types.length} needs ${size} bytes, ${end - at} are left`, at);
    const head: Head = {
      name: string(reader.u32(at, 'BTF type name'), 'BTF type name'),
      flag: info >>> 31 === 1,
      count,
      sizeOrType: reader.u32(at + 8, 'BTF size or type'),
      at: at + 12,
    };
    types.push(kind.build(head, reader, string));
    starts.push(at);
    at += size;
  }
  types.forEach((type, id) => {
    for (const reference of references(type)) {
      if (reference >= types.length) {
        throw reader.error('out-of-range', `BTF type ${id} refers to type ${reference}, there are ${types.length}`, starts[id]);
      }
    }
  });
  return { btf: { types }, string };
}

/** Every type id a type mentions. */
function references(type: BtfType): readonly number[] {
  switch (type.kind) {
    case 'array':
      return [type.type, type.indexType];
    case 'struct':
    case 'union':
      return type.members.map((member) => member.type);
    case 'func_proto':
      return [type.returns, ...type.parameters.map((parameter) => parameter.type)];
    case 'datasec':
      return type.variables.map((variable) => variable.type);
    default:
      return 'type' in type ? [type.type] : [];
  }
}
