import { type Elf, type ElfSection, SHF, SHT, sectionBytes } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { PlacedMap } from './legacy-maps.ts';

/** Array, on every platform. */
const ARRAY = 2;
/** BPF_F_RDONLY_PROG (linux/bpf.h): programs may only read. */
const READ_ONLY_FLAG = 0x80;
/** Bytes of global data in all sections together. Zeroed sections cost nothing in the file, so the file's size does not bound them. */
const MAX_DATA = 64 * 1024 * 1024;

const KINDS: readonly { readonly name: string; readonly readOnly: boolean }[] = [
  { name: '.data', readOnly: false },
  { name: '.rodata', readOnly: true },
  { name: '.bss', readOnly: false },
];

/** Whether a section is global data that becomes a map, and whether programs may only read it. */
export function dataSectionKind(section: ElfSection): { readonly readOnly: boolean } | undefined {
  if ((section.flags & SHF.alloc) === 0 || (section.type !== SHT.progbits && section.type !== SHT.nobits)) return undefined;
  return KINDS.find(({ name }) => section.name === name || section.name.startsWith(`${name}.`));
}

/** One single-entry array map per non-empty `.data*`, `.rodata*` and `.bss*` section, named after it. Throws ObjectError. */
export function readDataMaps(elf: Elf): readonly PlacedMap[] {
  let total = 0;
  return elf.sections.flatMap((section): PlacedMap[] => {
    const kind = dataSectionKind(section);
    if (kind === undefined || section.size === 0) return [];
    total += section.size;
    if (total > MAX_DATA) {
      throw new ObjectError('too-large', elf.path, `global data of ${total} bytes is over the limit of ${MAX_DATA}`, { section: section.name });
    }
    const stored = sectionBytes(elf, section);
    return [
      {
        section: section.index,
        offset: 0,
        definition: {
          name: section.name,
          type: ARRAY,
          keySize: 4,
          valueSize: section.size,
          maxEntries: 1,
          flags: kind.readOnly ? READ_ONLY_FLAG : 0,
          pinning: 0,
          origin: 'data',
          data: {
            section: section.name,
            readOnly: kind.readOnly,
            // A zeroed section is made when its bytes are wanted, a stored one is copied out of the file.
            get bytes() {
              const bytes = section.type === SHT.nobits ? new Uint8Array(section.size) : stored.slice();
              Object.defineProperty(this, 'bytes', { value: bytes, enumerable: true });
              return bytes;
            },
          },
        },
      },
    ];
  });
}
