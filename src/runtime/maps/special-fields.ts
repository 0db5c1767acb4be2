import type { Btf } from '../../object/btf.ts';
import { membersOf, resolveId, sizeOf } from '../../object/btf-types.ts';
import type { ValueField } from './rules.ts';

/** Structures of a value that only helpers may touch (btf_find_field of kernel/bpf/btf.c). */
const special: ReadonlySet<string> = new Set([
  'bpf_spin_lock',
  'bpf_res_spin_lock',
  'bpf_timer',
  'bpf_wq',
  'bpf_list_head',
  'bpf_list_node',
  'bpf_rb_root',
  'bpf_rb_node',
  'bpf_refcount',
]);
/** Tags that make a pointer a reference which the value owns. */
const referenceTags: ReadonlySet<string> = new Set(['kptr', 'kptr_untrusted', 'percpu_kptr']);
const POINTER_SIZE = 8;
const MAXIMUM_DEPTH = 8;
const MAXIMUM_FIELDS = 64;

/** The parts of a value that belong to the runtime, by the value's BTF type, in order; none where the type is not known. */
export function specialFields(btf: Btf | undefined, typeId: number | undefined): readonly ValueField[] {
  const fields: ValueField[] = [];
  if (btf !== undefined && typeId !== undefined) visit(btf, typeId, 0, 0, fields);
  return fields;
}

function visit(btf: Btf, typeId: number, offset: number, depth: number, fields: ValueField[]): void {
  const id = resolveId(btf, typeId);
  const type = id === undefined ? undefined : btf.types[id];
  if (type === undefined || depth > MAXIMUM_DEPTH || fields.length >= MAXIMUM_FIELDS) return;
  if (type.kind === 'struct' || type.kind === 'datasec') {
    const size = sizeOf(btf, typeId);
    if (type.kind === 'struct' && special.has(type.name) && size !== undefined) fields.push({ offset, size });
    else for (const member of membersOf(btf, type) ?? []) visit(btf, member.type, offset + Math.floor(member.bitOffset / 8), depth + 1, fields);
  } else if (type.kind === 'array') {
    const size = sizeOf(btf, type.type) ?? 0;
    for (let index = 0; index < Math.min(type.count, MAXIMUM_FIELDS) && size > 0; index++)
      visit(btf, type.type, offset + index * size, depth + 1, fields);
  } else if (type.kind === 'ptr') {
    const target = btf.types[type.type];
    if (target?.kind === 'type_tag' && referenceTags.has(target.name)) fields.push({ offset, size: POINTER_SIZE });
  } else if (type.kind === 'var') visit(btf, type.type, offset, depth + 1, fields);
}
