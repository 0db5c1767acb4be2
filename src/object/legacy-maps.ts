import { type Elf, type ElfSection, type ElfSymbol, STT, sectionReader } from './elf.ts';
import { ObjectError } from './errors.ts';
import type { MapDefinition } from './object-file.ts';

/** A map and where its definition stands, which is how relocations name it. */
export interface PlacedMap {
  readonly definition: MapDefinition;
  /** Section index and byte offset; undefined for inner templates, which nothing refers to. */
  readonly section: number | undefined;
  readonly offset: number;
}

/** Names of the fields after the four that all layouts share (type, key size, value size, capacity). */
type Extra = 'flags' | 'innerIndex' | 'pinning' | 'id' | 'innerId' | 'slot';

interface Layout {
  /** Byte offset of each field a layout has. */
  readonly fields: Readonly<Partial<Record<Extra, number>>>;
  /** Type numbers of array-of-maps and hash-of-maps in the numbering this layout comes with. */
  readonly mapInMap: ReadonlySet<number>;
}

const LINUX_MAP_IN_MAP: ReadonlySet<number> = new Set([12, 13]);
const WINDOWS_MAP_IN_MAP: ReadonlySet<number> = new Set([6, 7]);

/**
 * Definition structs by size in bytes. 20 to 28: `bpf_map_def` of libbpf and of the kernel's samples (at 20 the inner map's index, at 24 the NUMA
 * node). 32: eBPF for Windows. 36: `bpf_elf_map` of iproute2, where maps have ids and inner maps name the slot they go to.
 */
const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [16, { fields: {}, mapInMap: LINUX_MAP_IN_MAP }],
  [20, { fields: { flags: 16 }, mapInMap: LINUX_MAP_IN_MAP }],
  [24, { fields: { flags: 16, innerIndex: 20 }, mapInMap: LINUX_MAP_IN_MAP }],
  [28, { fields: { flags: 16, innerIndex: 20 }, mapInMap: LINUX_MAP_IN_MAP }],
  [32, { fields: { innerIndex: 16, pinning: 20, id: 24, innerId: 28 }, mapInMap: WINDOWS_MAP_IN_MAP }],
  [36, { fields: { flags: 16, id: 20, pinning: 24, innerId: 28, slot: 32 }, mapInMap: LINUX_MAP_IN_MAP }],
]);

/** `inner_idx` of iproute2 that asks for no initial slot. */
const NO_SLOT = 0xffffffff;

/** Slots of map arrays hold map descriptors or ids. */
export const SLOT_VALUE_SIZE = 4;

/** Whether a section holds legacy map definitions. */
export function isLegacyMapSection(section: ElfSection): boolean {
  return section.name === 'maps' || section.name.startsWith('maps/');
}

interface Raw {
  readonly definition: MapDefinition;
  readonly section: ElfSection;
  readonly offset: number;
  readonly extra: Readonly<Partial<Record<Extra, number>>>;
  readonly nested: boolean;
}

/**
 * Reads `maps` and `maps/...` sections: one struct per symbol, all of one size within a section. Maps come in section order, then offset order,
 * which is what inner map indexes count. Throws ObjectError for a layout nobody uses and for an inner map that does not exist.
 */
export function readLegacyMaps(elf: Elf): readonly PlacedMap[] {
  const symbols = new Map<number, ElfSymbol[]>();
  for (const symbol of elf.symbols) {
    if (symbol.type === STT.section || symbol.type === STT.func || symbol.name === '' || symbol.section <= 0) continue;
    const list = symbols.get(symbol.section) ?? [];
    list.push(symbol);
    symbols.set(symbol.section, list);
  }
  const raw = elf.sections.filter(isLegacyMapSection).flatMap((section) => readSection(elf, section, symbols.get(section.index) ?? []));
  const byId = new Map<number, IdGroup>();
  raw.forEach(({ definition, extra }, index) => {
    if (extra.id === undefined || extra.id === 0) return;
    const group = byId.get(extra.id) ?? { members: [], slots: [] };
    group.members.push(index);
    if (extra.slot !== undefined && extra.slot !== NO_SLOT) group.slots.push({ index: extra.slot, target: definition.name });
    byId.set(extra.id, group);
  });
  return raw.map((map) => ({ definition: connect(elf, map, raw, byId), section: map.section.index, offset: map.offset }));
}

/** Maps that share an id: their indexes, and the slots of an outer map that they ask for. */
interface IdGroup {
  readonly members: number[];
  readonly slots: { readonly index: number; readonly target: string }[];
}

function readSection(elf: Elf, section: ElfSection, symbols: readonly ElfSymbol[]): readonly Raw[] {
  if (symbols.length === 0) return [];
  const reader = sectionReader(elf, section);
  const size = reader.size / symbols.length;
  const layout = LAYOUTS.get(size);
  if (layout === undefined) {
    const reason = `${reader.size} bytes for ${symbols.length} maps is no known map definition size (${[...LAYOUTS.keys()].join(', ')})`;
    throw new ObjectError('unsupported', elf.path, reason, { section: section.name });
  }
  return [...symbols]
    .sort((a, b) => a.value - b.value)
    .map((symbol): Raw => {
      const at = symbol.value;
      const extra: Partial<Record<Extra, number>> = {};
      for (const [field, offset] of Object.entries(layout.fields)) extra[field as Extra] = reader.u32(at + offset, `map ${symbol.name}`);
      const definition: MapDefinition = {
        name: symbol.name,
        type: reader.u32(at, `map ${symbol.name}`),
        keySize: reader.u32(at + 4, `map ${symbol.name}`),
        valueSize: reader.u32(at + 8, `map ${symbol.name}`),
        maxEntries: reader.u32(at + 12, `map ${symbol.name}`),
        flags: extra.flags ?? 0,
        pinning: extra.pinning ?? 0,
        origin: 'legacy',
      };
      return { definition, section, offset: at, extra, nested: layout.mapInMap.has(definition.type) };
    });
}

/** Finds the inner map of a map-in-map, by id where it gives one, else by index, and the maps that want to start in its slots. */
function connect(elf: Elf, map: Raw, all: readonly Raw[], byId: ReadonlyMap<number, IdGroup>): MapDefinition {
  if (!map.nested) return map.definition;
  const { innerId, innerIndex } = map.extra;
  const usesId = innerId !== undefined && innerId !== 0;
  const group = usesId ? byId.get(innerId) : undefined;
  const inner = (usesId ? group?.members[0] : innerIndex) ?? -1;
  const found = all[inner];
  if (found === undefined || found === map) {
    const wanted = usesId ? `id ${innerId}` : innerIndex === undefined ? 'nothing' : `index ${innerIndex}`;
    throw new ObjectError('inconsistent', elf.path, `map ${map.definition.name}: no inner map, ${wanted} names none`, {
      section: map.section.name,
      offset: map.offset,
    });
  }
  return {
    ...map.definition,
    // The samples' loader filled in the size of a slot, so definitions leave it out.
    valueSize: map.definition.valueSize || SLOT_VALUE_SIZE,
    inner,
    ...(group !== undefined && group.slots.length > 0 ? { initialSlots: group.slots } : {}),
  };
}
