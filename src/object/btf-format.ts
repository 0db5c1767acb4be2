import type { Btf, BtfMember, BtfType } from './btf.ts';
import { resolveId, sizeOf } from './btf-types.ts';

/** Declarators deeper than this are cycles (hostile BTF) or unreadable anyway. */
const MAX_DEPTH = 32;
const DEEP = '...';

const MODIFIERS = { const: 'const', volatile: 'volatile', restrict: 'restrict' } as const;

/**
 * The C name of a type, as in a declaration without a name: "struct sock *", "const char [16]", "int (*)(void *)".
 * Unnamed structs read "struct (anonymous)". An id that does not exist reads "(type N)".
 */
export function formatType(btf: Btf, id: number): string {
  return declare(btf, id, '', 0);
}

/** A declaration in C: `formatDeclaration(btf, id, 'x')` gives "int x[4]". */
export function formatDeclaration(btf: Btf, id: number, name: string): string {
  return declare(btf, id, name, 0);
}

/** The prototype of a FUNC type: "int handle(struct xdp_md *ctx)"; undefined where `id` is no function. */
export function formatFunction(btf: Btf, id: number): string | undefined {
  const type = btf.types[id];
  return type?.kind === 'func' ? declare(btf, type.type, type.name, 0) : undefined;
}

/** C declarators grow outwards from the name: `inner` is what has been written so far, and the type wraps around it. */
function declare(btf: Btf, id: number, inner: string, depth: number): string {
  const type = btf.types[id];
  if (depth > MAX_DEPTH) return join(DEEP, inner);
  if (type === undefined) return join(`(type ${id})`, inner);
  switch (type.kind) {
    case 'ptr':
      return declare(btf, type.type, wrapsSuffix(btf, type.type) ? `(*${inner})` : `*${inner}`, depth + 1);
    case 'array':
      return declare(btf, type.type, `${inner}[${type.count}]`, depth + 1);
    case 'func_proto': {
      const parameters = type.parameters.map((parameter) =>
        parameter.type === 0 && parameter.name === '' ? '...' : declare(btf, parameter.type, parameter.name, depth + 1),
      );
      return declare(btf, type.returns, `${inner}(${parameters.length === 0 ? 'void' : parameters.join(', ')})`, depth + 1);
    }
    case 'const':
    case 'volatile':
    case 'restrict': {
      const word = MODIFIERS[type.kind];
      // After a pointer the modifier binds to the pointer, before anything else to the base type.
      if (btf.types[type.type]?.kind === 'ptr') return declarePointer(btf, type.type, inner === '' ? word : `${word} ${inner}`, depth + 1);
      return `${word} ${declare(btf, type.type, inner, depth + 1)}`;
    }
    case 'type_tag':
      return declare(btf, type.type, inner, depth + 1);
    case 'var':
    case 'func':
      return declare(btf, type.type, inner === '' ? type.name : inner, depth + 1);
    default:
      return join(baseName(type), inner);
  }
}

function declarePointer(btf: Btf, id: number, inner: string, depth: number): string {
  const type = btf.types[id];
  if (type?.kind !== 'ptr') return declare(btf, id, inner, depth);
  return declare(btf, type.type, wrapsSuffix(btf, type.type) ? `(* ${inner})` : `* ${inner}`, depth + 1);
}

/** Whether a pointee is written after the name, so that the pointer needs parentheses. */
function wrapsSuffix(btf: Btf, id: number): boolean {
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
 * Names the scalar (or pointer) at a byte offset of a type: members joined with ".", elements as "[i]", anonymous members left out.
 * `size` chooses among union members and between a struct and its first member: the first one at least that many bytes wide whose bytes
 * cover [offset, offset + size) is taken; 0 goes as deep as it can. Undefined where the offset is outside the type or in padding.
 */
export function memberAt(btf: Btf, typeId: number, offset: number, size = 0): MemberPath | undefined {
  return descend(btf, typeId, offset, size, '', 0);
}

function descend(btf: Btf, id: number, offset: number, size: number, path: string, depth: number): MemberPath | undefined {
  const resolved = resolveId(btf, id);
  const total = sizeOf(btf, id);
  if (resolved === undefined || total === undefined || offset < 0 || offset + Math.max(size, 1) > total || depth > MAX_DEPTH) return undefined;
  const type = btf.types[resolved];
  if (type?.kind === 'struct' || type?.kind === 'union') {
    for (const member of type.members) {
      const found = inMember(btf, member, offset, size, path, depth);
      if (found !== undefined) return found;
    }
    // Bytes that no single member covers: a copy of the whole or of several members.
    return size > 0 && path !== '' ? { path, typeId: resolved, rest: offset } : undefined;
  }
  if (type?.kind === 'array') {
    const element = sizeOf(btf, type.type);
    if (element === undefined || element === 0) return undefined;
    const index = Math.floor(offset / element);
    const within = offset - index * element;
    const found = within + size <= element ? descend(btf, type.type, within, size, `${path}[${index}]`, depth + 1) : undefined;
    return found ?? { path, typeId: resolved, rest: offset };
  }
  return { path, typeId: resolved, rest: offset };
}

function inMember(btf: Btf, member: BtfMember, offset: number, size: number, path: string, depth: number): MemberPath | undefined {
  const name = member.name === '' ? path : path === '' ? member.name : `${path}.${member.name}`;
  if (member.bitSize > 0) {
    const first = Math.floor(member.bitOffset / 8);
    const last = Math.floor((member.bitOffset + member.bitSize - 1) / 8);
    if (offset > last || offset + Math.max(size, 1) <= first) return undefined;
    return { path: name, typeId: member.type, rest: 0, bits: { offset: member.bitOffset, size: member.bitSize } };
  }
  return descend(btf, member.type, offset - Math.floor(member.bitOffset / 8), size, name, depth + 1);
}
