import type { Btf, BtfType } from './btf.ts';
import { resolveType, sizeOf } from './btf-types.ts';
import { type Elf, type ElfSymbol, SHN, STB, STT } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { PlacedMap } from './legacy-maps.ts';
import type { Extern } from './object-file.ts';

const KCONFIG = '.kconfig';
const KSYMS = '.ksyms';
const ARRAY = 2;
/** BPF_F_RDONLY_PROG (linux/bpf.h). */
const READ_ONLY_FLAG = 0x80;
/** Bytes of one kconfig value; libbpf knows integers and short strings. */
const MAX_KCONFIG_VALUE = 4096;

/** Externs by index, and the index by symbol name. */
export interface Externs {
  readonly list: readonly Extern[];
  readonly byName: ReadonlyMap<string, number>;
}

/**
 * Undefined symbols of an object, with what BTF declares about them (sections `.kconfig` and `.ksyms`).
 * A symbol that BTF does not declare is a `function`; whether it is really called is known when code is linked.
 */
export function readExterns(elf: Elf, btf: Btf | undefined): Externs {
  const declared = declarations(btf);
  const list: Extern[] = [];
  const byName = new Map<string, number>();
  let offset = 0;
  for (const symbol of elf.symbols) {
    if (!isUndefined(symbol) || byName.has(symbol.name)) continue;
    const declaration = declared.get(symbol.name);
    const weak = symbol.binding === STB.weak;
    byName.set(symbol.name, list.length);
    if (declaration === undefined) {
      list.push({ name: symbol.name, kind: 'function', weak });
    } else if (declaration.section === KCONFIG && btf !== undefined) {
      const size = kconfigSize(elf, btf, symbol.name, declaration.id);
      offset = Math.ceil(offset / alignment(size)) * alignment(size);
      list.push({ name: symbol.name, kind: 'kconfig', weak, btfId: declaration.id, offset, size });
      offset += size;
    } else {
      list.push({ name: symbol.name, kind: declaration.kind === 'func' ? 'kfunc' : 'ksym', weak, btfId: declaration.id });
    }
  }
  return { list, byName };
}

/** The `.kconfig` map: one read-only entry with all values, zero until a platform fills them in; undefined without kconfig externs. */
export function kconfigMap(externs: readonly Extern[]): PlacedMap | undefined {
  const size = Math.max(0, ...externs.map((item) => (item.offset ?? 0) + (item.size ?? 0)));
  if (size === 0) return undefined;
  return {
    section: undefined,
    offset: 0,
    definition: {
      name: KCONFIG,
      type: ARRAY,
      keySize: 4,
      valueSize: size,
      maxEntries: 1,
      flags: READ_ONLY_FLAG,
      pinning: 0,
      origin: 'data',
      data: { section: KCONFIG, bytes: new Uint8Array(size), readOnly: true },
    },
  };
}

function isUndefined(symbol: ElfSymbol): boolean {
  return (
    symbol.section === SHN.undef &&
    symbol.name !== '' &&
    symbol.type !== STT.section &&
    symbol.type !== STT.file &&
    (symbol.binding === STB.global || symbol.binding === STB.weak)
  );
}

interface Declaration {
  readonly id: number;
  readonly section: string;
  readonly kind: BtfType['kind'];
}

function declarations(btf: Btf | undefined): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  for (const section of btf?.types ?? []) {
    if (section.kind !== 'datasec' || (section.name !== KCONFIG && section.name !== KSYMS)) continue;
    for (const { type: id } of section.variables) {
      const type = btf?.types[id];
      if (type?.kind === 'var' || type?.kind === 'func') found.set(type.name, { id, section: section.name, kind: type.kind });
    }
  }
  return found;
}

function kconfigSize(elf: Elf, btf: Btf, name: string, id: number): number {
  const size = sizeOf(btf, id);
  const type = resolveType(btf, id);
  if (size === undefined || size === 0 || size > MAX_KCONFIG_VALUE || type === undefined) {
    throw new ObjectError('malformed', elf.path, `kconfig value ${name} has no usable size`, { section: KCONFIG });
  }
  return size;
}

function alignment(size: number): number {
  return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}
