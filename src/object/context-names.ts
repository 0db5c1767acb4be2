import type { Btf } from './btf.ts';
import type { ObjectFile, ObjectProgram } from './object-file.ts';

/** The type that a program takes a pointer to, as its source declares it. */
export interface DeclaredContext {
  /** The names of the structure: those of its typedefs, then its own. */
  readonly names: readonly string[];
  /** Bytes. */
  readonly size: number;
}

/** Typedefs and qualifiers followed at most. */
const MAX_LINKS = 16;

/** The context structure that a program's BTF declares; undefined without BTF, and where the first parameter is no pointer to a structure. */
export function declaredContext({ btf }: ObjectFile, program: ObjectProgram): DeclaredContext | undefined {
  const id = program.functions[0]?.btfId;
  const func = id === undefined ? undefined : btf?.types[id];
  const proto = func?.kind === 'func' ? btf?.types[func.type] : undefined;
  const parameter = proto?.kind === 'func_proto' ? proto.parameters[0] : undefined;
  if (btf === undefined || parameter === undefined) return undefined;
  const pointer = strip(btf, parameter.type, []);
  if (pointer?.kind !== 'ptr') return undefined;
  const names: string[] = [];
  const target = strip(btf, pointer.type, names);
  return target?.kind === 'struct' ? { names: [...names, target.name], size: target.size } : undefined;
}

/** The type behind typedefs and qualifiers, whose names are collected. */
function strip(btf: Btf, id: number, names: string[]): Btf['types'][number] | undefined {
  let type = btf.types[id];
  for (let link = 0; link < MAX_LINKS; link++) {
    if (type === undefined) return undefined;
    if (type.kind === 'typedef') names.push(type.name);
    else if (type.kind !== 'const' && type.kind !== 'volatile' && type.kind !== 'restrict' && type.kind !== 'type_tag') return type;
    type = btf.types[type.type];
  }
  return undefined;
}
