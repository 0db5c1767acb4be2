import type { Btf, BtfType } from './btf.ts';
import { sizeOf } from './btf-types.ts';
import { type Elf, STT } from './elf.ts';
import type { Extern } from './object-file.ts';

type DataSection = Extract<BtfType, { kind: 'datasec' }>;
type Variable = DataSection['variables'][number];

/**
 * Fills in where variables stand in their sections. Compilers leave offsets and sizes in BTF data sections to the linker;
 * the symbols know the offsets, the types the sizes, and for kconfig values the externs' layout does.
 */
export function placeVariables(btf: Btf, elf: Elf, externs: readonly Extern[]): Btf {
  const sections = new Map(elf.sections.map((section) => [section.name, section]));
  const offsets = new Map<string, number>();
  for (const symbol of elf.symbols) {
    const section = elf.sections[symbol.section];
    if (section !== undefined && symbol.type !== STT.section) offsets.set(`${section.name}\0${symbol.name}`, symbol.value);
  }
  for (const { name, offset } of externs) if (offset !== undefined) offsets.set(`.kconfig\0${name}`, offset);

  const place = (section: DataSection): BtfType => {
    const variables = section.variables
      .map((variable): Variable => {
        const type = btf.types[variable.type];
        const offset = type?.kind === 'var' ? offsets.get(`${section.name}\0${type.name}`) : undefined;
        return { type: variable.type, offset: offset ?? variable.offset, size: variable.size || (sizeOf(btf, variable.type) ?? 0) };
      })
      .sort((a, b) => a.offset - b.offset);
    const last = variables.reduce((end, { offset, size }) => Math.max(end, offset + size), 0);
    return { ...section, size: sections.get(section.name)?.size ?? last, variables };
  };
  return { types: btf.types.map((type) => (type.kind === 'datasec' ? place(type) : type)) };
}
