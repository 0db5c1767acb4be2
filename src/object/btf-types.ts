import type { Btf, BtfMember, BtfType } from './btf.ts';

/** Chains of typedefs and modifiers longer than this are cycles. */
const MAX_CHAIN = 64;
const POINTER_SIZE = 8;

const SKIPPED: ReadonlySet<BtfType['kind']> = new Set(['typedef', 'volatile', 'const', 'restrict', 'type_tag']);

/** The id behind typedefs and modifiers, or undefined for a cycle or an id that does not exist. */
export function resolveId(btf: Btf, id: number): number | undefined {
  let current = id;
  for (let step = 0; step < MAX_CHAIN; step++) {
    const type = btf.types[current];
    if (type === undefined) return undefined;
    if (!SKIPPED.has(type.kind) || !('type' in type)) return current;
    current = type.type;
  }
  return undefined;
}

/** The type behind typedefs and modifiers. */
export function resolveType(btf: Btf, id: number): BtfType | undefined {
  const resolved = resolveId(btf, id);
  return resolved === undefined ? undefined : btf.types[resolved];
}

/** Size in bytes of a value of a type, or undefined where it has none (void, functions, forward declarations, cycles, sizes beyond 2^53). */
export function sizeOf(btf: Btf, id: number): number | undefined {
  const size = exactSize(btf, id);
  return size !== undefined && Number.isSafeInteger(size) ? size : undefined;
}

function exactSize(btf: Btf, id: number): number | undefined {
  let factor = 1;
  let current = id;
  for (let step = 0; step < MAX_CHAIN; step++) {
    const type = resolveType(btf, current);
    switch (type?.kind) {
      case 'int':
      case 'struct':
      case 'union':
      case 'enum':
      case 'enum64':
      case 'float':
      case 'datasec':
        return factor * type.size;
      case 'ptr':
        return factor * POINTER_SIZE;
      case 'array':
        factor *= type.count;
        current = type.type;
        break;
      case 'var':
        current = type.type;
        break;
      default:
        return undefined;
    }
  }
  return undefined;
}

/** Members of a struct or union; the variables of a data section count as its members. Undefined for any other type. */
export function membersOf(btf: Btf, type: BtfType | undefined): readonly BtfMember[] | undefined {
  if (type?.kind === 'struct' || type?.kind === 'union') return type.members;
  if (type?.kind !== 'datasec') return undefined;
  return type.variables.flatMap(({ type: id, offset }): BtfMember[] => {
    const variable = btf.types[id];
    return variable?.kind === 'var' ? [{ name: variable.name, type: variable.type, bitOffset: offset * 8, bitSize: 0 }] : [];
  });
}
