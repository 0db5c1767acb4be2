import { SLOT_SIZE } from '../isa/decode.ts';
import { type Elf, type ElfSection, isCode, STB, STT, sectionBytes } from './elf.ts';

/** A function as it stands in its section, before linking. Offsets and sizes are bytes. */
export interface CodeFunction {
  readonly name: string;
  readonly section: ElfSection;
  readonly offset: number;
  readonly size: number;
  readonly linkage: 'static' | 'global';
  /** Why its bytes are no function (misaligned, out of its section). */
  readonly problem: string | undefined;
}

/** Visibilities that libbpf treats like static: the function is not called from elsewhere. */
const HIDDEN: ReadonlySet<number> = new Set([1, 2]);

/**
 * All functions of an object by section index, then offset. A code section without function symbols (clang before 9 gave functions
 * no type) is one function named after the section, which is how such objects name their programs. Throws ElfError where code lies outside the file.
 */
export function findFunctions(elf: Elf): readonly CodeFunction[] {
  const bySection = new Map<number, CodeFunction[]>();
  for (const symbol of elf.symbols) {
    const section = elf.sections[symbol.section];
    if (symbol.type !== STT.func || symbol.name === '' || section === undefined || !isCode(section) || symbol.value >= section.size) continue;
    const list = bySection.get(section.index) ?? [];
    list.push({
      name: symbol.name,
      section,
      offset: symbol.value,
      size: symbol.size,
      linkage: symbol.binding === STB.local || HIDDEN.has(symbol.visibility) ? 'static' : 'global',
      problem: undefined,
    });
    bySection.set(section.index, list);
  }
  const functions: CodeFunction[] = [];
  for (const section of elf.sections) {
    if (!isCode(section) || section.size === 0) continue;
    // Code that is not in the file makes the file useless: nothing could be listed about it truthfully.
    sectionBytes(elf, section);
    const list = bySection.get(section.index);
    if (list === undefined) {
      const problem = section.size % SLOT_SIZE === 0 ? undefined : `${section.size} bytes are not a whole number of instructions`;
      functions.push({ name: section.name, section, offset: 0, size: section.size, linkage: 'global', problem });
      continue;
    }
    list.sort((a, b) => a.offset - b.offset);
    list.forEach((item, index) => {
      functions.push(bounded(item, list[index + 1]?.offset ?? section.size));
    });
  }
  return functions;
}

/** Gives a function its extent: its symbol's size, or up to the next function where the symbol has none. */
function bounded(item: CodeFunction, next: number): CodeFunction {
  const { section, offset } = item;
  const wanted = item.size === 0 ? next - offset : item.size;
  const size = Math.min(wanted, section.size - offset);
  const problem =
    offset % SLOT_SIZE !== 0 || size % SLOT_SIZE !== 0
      ? `function at offset 0x${offset.toString(16)} of ${size} bytes is not made of whole instructions`
      : wanted > size
        ? `function at offset 0x${offset.toString(16)} of ${wanted} bytes reaches beyond its section of ${section.size} bytes`
        : size === 0
          ? 'function is empty'
          : undefined;
  return { ...item, size, problem };
}
