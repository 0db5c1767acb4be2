import type { Btf, BtfMember, BtfType } from './btf.ts';
import { membersOf, resolveId, sizeOf } from './btf-types.ts';

/** Declarators deeper than this are cycles (hostile BTF) or unreadable anyway. */
const MAX_DEPTH = 32;
/** Types visited per question: nested prototypes and unions can otherwise multiply at every level. */
const MAX_STEPS = 4096;
const DEEP = '...';

/**
 * The C name of a type, as in a declaration without a name: "struct sock *", "const char [16]", "int (*)(void *)".
 * Unnamed structs read "struct (anonymous)". An id that does not exist reads "(type N)".
 */
export function formatType(btf: Btf, id: number): string {
  return new Declarator(btf).declare(id, '', 0);
}

/** A declaration in C: `formatDeclaration(btf, id, 'x')` gives "int x[4]". */
export function formatDeclaration(btf: Btf, id: number, name: string): string {
  return new Declarator(btf).declare(id, name, 0);
}

/** The prototype of a FUNC type: "int handle(struct xdp_md *ctx)"; undefined where `id` is no function. */
export function formatFunction(btf: Btf, id: number): string | undefined {
  const type = btf.types[id];
  return type?.kind === 'func' ? new Declarator(btf).declare(type.type, type.name, 0) : undefined;
}

/** C declarators grow outwards from the name: `inner` is what has been written so far, and the type wraps around it. */
class Declarator {
  readonly #btf: Btf;
  #steps = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  declare(id: number, inner: string, depth: number): string {
    const type = this.#btf.types[id];
    this.#steps++;
    if (depth > MAX_DEPTH || this.#steps > MAX_STEPS) return join(DEEP, inner);
    if (type === undefined) return join(`(type ${id})`, inner);
    switch (type.kind) {
      case 'ptr':
        return this.#pointer(type.type, '*', inner, depth);
      case 'array':
        return this.declare(type.type, `${inner}[${type.count}]`, depth + 1);
      case 'func_proto':
        return this.declare(type.returns, `${inner}(${this.#parameters(type, depth)})`, depth + 1);
      case 'const':
      case 'volatile':
      case 'restrict': {
        // After a pointer the modifier binds to the pointer, before anything else to the base type.
        const target = this.#btf.types[type.type];
        if (target?.kind === 'ptr') return this.#pointer(target.type, `*${type.kind}${inner === '' ? '' : ' '}`, inner, depth);
        return `${type.kind} ${this.declare(type.type, inner, depth + 1)}`;
      }
      case 'type_tag':
        return this.declare(type.type, inner, depth + 1);
      case 'var':
      case 'func':
        return this.declare(type.type, inner === '' ? type.name : inner, depth + 1);
      default:
        return join(baseName(type), inner);
    }
  }

  #pointer(target: number, star: string, inner: string, depth: number): string {
    return this.declare(target, isSuffix(this.#btf, target) ? `(${star}${inner})` : `${star}${inner}`, depth + 1);
  }

  #parameters({ parameters }: Extract<BtfType, { kind: 'func_proto' }>, depth: number): string {
    if (parameters.length === 0) return 'void';
    return parameters
      .map(({ name, type }) => (this.#steps > MAX_STEPS || (type === 0 && name === '') ? DEEP : this.declare(type, name, depth + 1)))
      .join(', ');
  }
}

/** Whether a pointee is written after the name, so that the pointer needs parentheses. */
function isSuffix(btf: Btf, id: number): boolean {
  const kind = btf.types[id]?.kind;
  return kind === 'array' || kind === 'func_proto';
}

function baseName(type: BtfType): string {
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'struct':
    case 'union':
    case 'enum':
      return `${type.kind} ${type.name || '(anonymous)'}`;
    case 'enum64':
      return `enum ${type.name || '(anonymous)'}`;
    case 'fwd':
      return `${type.union ? 'union' : 'struct'} ${type.name}`;
    default:
      return 'name' in type ? type.name : type.kind;
  }
}

function join(base: string, inner: string): string {
  return inner === '' ? base : `${base} ${inner}`;
}

/** A place inside a type: the path to it in C ("tcp.ports[2]") and the type found there. */
export interface MemberPath {
  readonly path: string;
  readonly typeId: number;
  /** Bytes past the start of the named member; 0 when the offset is where it starts. */
  readonly rest: number;
  /** Set when the offset lies in a bit-field: its bit offset from the root and its width. */
  readonly bits?: { readonly offset: number; readonly size: number };
}

/**
 * Names the scalar (or pointer) at a byte offset of a type (a data section names its variables): members joined with ".", elements as "[i]", anonymous members left out.
 * `size` chooses among union members and between a struct and its first member: the first one at least that many bytes wide whose bytes
 * cover [offset, offset + size) is taken; 0 goes as deep as it can. Undefined where the offset is outside the type or in padding.
 */
export function memberAt(btf: Btf, typeId: number, offset: number, size = 0): MemberPath | undefined {
  return new Finder(btf, size).descend(typeId, offset, '', 0);
}

class Finder {
  readonly #btf: Btf;
  readonly #size: number;
  #steps = 0;

  constructor(btf: Btf, size: number) {
    this.#btf = btf;
    this.#size = size;
  }

  descend(id: number, offset: number, path: string, depth: number): MemberPath | undefined {
    const resolved = resolveId(this.#btf, id);
    const total = sizeOf(this.#btf, id);
    this.#steps++;
    if (resolved === undefined || total === undefined || depth > MAX_DEPTH || this.#steps > MAX_STEPS) return undefined;
    if (offset < 0 || offset + Math.max(this.#size, 1) > total) return undefined;
    const type = this.#btf.types[resolved];
    const members = membersOf(this.#btf, type);
    if (members !== undefined) {
      for (const member of members) {
        const found = this.#member(member, offset, path, depth);
        if (found !== undefined) return found;
      }
      // Bytes that no single member covers: a copy of the whole or of several members.
      return this.#size > 0 && path !== '' ? { path, typeId: resolved, rest: offset } : undefined;
    }
    if (type?.kind === 'array') return this.#element(type, resolved, offset, path, depth);
    return { path, typeId: resolved, rest: offset };
  }

  #element(type: Extract<BtfType, { kind: 'array' }>, id: number, offset: number, path: string, depth: number): MemberPath | undefined {
    const element = sizeOf(this.#btf, type.type);
    if (element === undefined || element === 0) return undefined;
    const index = Math.floor(offset / element);
    const within = offset - index * element;
    const found = within + this.#size <= element ? this.descend(type.type, within, `${path}[${index}]`, depth + 1) : undefined;
    return found ?? { path, typeId: id, rest: offset };
  }

  #member(member: BtfMember, offset: number, path: string, depth: number): MemberPath | undefined {
    const name = member.name === '' ? path : path === '' ? member.name : `${path}.${member.name}`;
    const first = Math.floor(member.bitOffset / 8);
    if (member.bitSize === 0) return this.descend(member.type, offset - first, name, depth + 1);
    const last = Math.floor((member.bitOffset + member.bitSize - 1) / 8);
    if (offset > last || offset + Math.max(this.#size, 1) <= first) return undefined;
    return { path: name, typeId: member.type, rest: 0, bits: { offset: member.bitOffset, size: member.bitSize } };
  }
}
