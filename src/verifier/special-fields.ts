import type { Btf } from '../object/btf.ts';
import { resolveType, sizeOf } from '../object/btf-types.ts';

/** What the host itself keeps in a value: programs reach it through helpers only. `kptr` is a pointer to a kernel object, `kptr_untrusted` one that may be stale. */
export type SpecialKind =
  | 'spin_lock'
  | 'timer'
  | 'work'
  | 'list_head'
  | 'list_node'
  | 'tree_root'
  | 'tree_node'
  | 'refcount'
  | 'kptr'
  | 'kptr_untrusted';

/** A special field of a map's value or of an allocated object; offset and size in bytes. */
export interface SpecialField {
  readonly kind: SpecialKind;
  readonly offset: number;
  readonly size: number;
  /** Kernel pointers: the struct that they lead to. */
  readonly struct?: string;
}

/** The structs that Linux recognises by name (btf_get_field_type of kernel/bpf/btf.c). */
const STRUCTS: ReadonlyMap<string, SpecialKind> = new Map([
  ['bpf_spin_lock', 'spin_lock'],
  ['bpf_res_spin_lock', 'spin_lock'],
  ['bpf_timer', 'timer'],
  ['bpf_wq', 'work'],
  ['bpf_list_head', 'list_head'],
  ['bpf_list_node', 'list_node'],
  ['bpf_rb_root', 'tree_root'],
  ['bpf_rb_node', 'tree_node'],
  ['bpf_refcount', 'refcount'],
]);

/** Type tags that make a pointer member a kernel pointer (libbpf's __kptr, __kptr_untrusted, __percpu_kptr, __uptr). */
const POINTER_TAGS: ReadonlyMap<string, SpecialKind> = new Map([
  ['kptr', 'kptr'],
  ['percpu_kptr', 'kptr'],
  ['uptr', 'kptr'],
  ['kptr_untrusted', 'kptr_untrusted'],
]);

/** The fields as their types are called. */
export const SPECIAL_WORDS: Readonly<Record<SpecialKind, string>> = {
  spin_lock: 'bpf_spin_lock',
  timer: 'bpf_timer',
  work: 'bpf_wq',
  list_head: 'bpf_list_head',
  list_node: 'bpf_list_node',
  tree_root: 'bpf_rb_root',
  tree_node: 'bpf_rb_node',
  refcount: 'bpf_refcount',
  kptr: 'kernel pointer',
  kptr_untrusted: 'kernel pointer',
};

/** More fields, or deeper nesting, than Linux accepts (BTF_FIELDS_MAX, MAX_RESOLVE_DEPTH); a hostile type is not followed further. */
const MAX_FIELDS = 64;
const MAX_DEPTH = 16;
const POINTER_SIZE = 8;

/** The special fields of a type, members of members and elements of arrays included, by offset. */
export function specialFields(btf: Btf, type: number): readonly SpecialField[] {
  const found: SpecialField[] = [];
  collect(btf, type, 0, 0, found);
  return found.sort((a, b) => a.offset - b.offset);
}

function collect(btf: Btf, id: number, offset: number, depth: number, found: SpecialField[]): void {
  if (depth > MAX_DEPTH || found.length >= MAX_FIELDS) return;
  const type = resolveType(btf, id);
  switch (type?.kind) {
    case 'struct':
    case 'union': {
      const kind = STRUCTS.get(type.name);
      if (kind !== undefined) found.push({ kind, offset, size: type.size });
      else for (const member of type.members) collect(btf, member.type, offset + (member.bitOffset >> 3), depth + 1, found);
      return;
    }
    case 'datasec':
      for (const variable of type.variables) collect(btf, variable.type, offset + variable.offset, depth + 1, found);
      return;
    case 'var':
      collect(btf, type.type, offset, depth + 1, found);
      return;
    case 'array': {
      const size = sizeOf(btf, type.type);
      if (size === undefined || size === 0) return;
      const before = found.length;
      for (let index = 0; index < type.count && found.length < MAX_FIELDS; index++) {
        collect(btf, type.type, offset + index * size, depth + 1, found);
        // Elements are alike: one without special fields speaks for all.
        if (found.length === before) return;
      }
      return;
    }
    case 'ptr': {
      const kind = pointerKind(btf, type.type);
      if (kind === undefined) return;
      const target = resolveType(btf, type.type);
      const struct = target?.kind === 'struct' || target?.kind === 'fwd' ? { struct: target.name } : {};
      found.push({ kind, offset, size: POINTER_SIZE, ...struct });
    }
  }
}

/** Tags stand between the pointer and the struct, among qualifiers. */
function pointerKind(btf: Btf, id: number): SpecialKind | undefined {
  let current = id;
  for (let step = 0; step < MAX_DEPTH; step++) {
    const type = btf.types[current];
    const kind = type?.kind === 'type_tag' ? POINTER_TAGS.get(type.name) : undefined;
    if (kind !== undefined) return kind;
    if (type?.kind !== 'type_tag' && type?.kind !== 'const' && type?.kind !== 'volatile' && type?.kind !== 'typedef') return undefined;
    current = type.type;
  }
  return undefined;
}

/** The field of one of the kinds that begins at an offset. */
export function fieldAt(fields: readonly SpecialField[], offset: number, ...kinds: readonly SpecialKind[]): SpecialField | undefined {
  return fields.find((field) => field.offset === offset && kinds.includes(field.kind));
}

/** The first special field that [from, to) overlaps. */
export function overlappingField(fields: readonly SpecialField[], from: number, to: number): SpecialField | undefined {
  return fields.find((field) => field.offset < to && from < field.offset + field.size);
}
