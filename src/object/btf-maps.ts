import type { Btf, BtfMember, BtfType } from './btf.ts';
import { resolveId, resolveType, sizeOf } from './btf-types.ts';
import { type Elf, type ElfSection, type ElfSymbol, readRelocations, STT } from './elf.ts';
import { ObjectError } from './errors.ts';
import { type PlacedMap, SLOT_VALUE_SIZE } from './legacy-maps.ts';
import type { MapDefinition } from './object-file.ts';

type Struct = Extract<BtfType, { kind: 'struct' | 'union' }>;

/** What the members of a definition struct say so far. */
interface Draft {
  numbers: Map<string, number>;
  keyTypeId?: number;
  valueTypeId?: number;
  /** Pointee of `__array(values, ...)`, and the byte offset of the member. */
  values?: { readonly target: number; readonly offset: number };
}

/** Members written with `__uint`; anything else by that macro is kept out of the definition and ignored (numa_node ...). */
const NUMBERS = ['type', 'key_size', 'value_size', 'max_entries', 'map_flags', 'pinning', 'numa_node', 'id'] as const;
const POINTER_SIZE = 8;

/** Reads the `.maps` section: one map per variable of its BTF data section, in symbol order (libbpf, "BTF-defined maps"). Throws ObjectError. */
export class BtfMapReader {
  readonly #elf: Elf;
  readonly #btf: Btf;
  readonly #section: ElfSection;
  /** By type: hostile BTF may declare very many maps of one very long struct. */
  readonly #drafts = new Map<number, Draft>();

  constructor(elf: Elf, btf: Btf, section: ElfSection) {
    this.#elf = elf;
    this.#btf = btf;
    this.#section = section;
  }

  /** `base` is the index in `ObjectFile.maps` that the first map will have. */
  read(base: number): readonly PlacedMap[] {
    const data = this.#btf.types.find((type) => type.kind === 'datasec' && type.name === this.#section.name);
    if (data?.kind !== 'datasec') throw this.#error('inconsistent', 'BTF does not describe this section');
    const symbols = new Map<string, ElfSymbol>();
    for (const symbol of this.#elf.symbols) {
      if (symbol.section === this.#section.index && symbol.type !== STT.section) symbols.set(symbol.name, symbol);
    }
    const variables = data.variables.map((entry) => {
      const variable = this.#btf.types[entry.type];
      if (variable?.kind !== 'var') throw this.#error('malformed', `BTF type ${entry.type} is not a variable`);
      const symbol = symbols.get(variable.name);
      // clang leaves offsets in BTF data sections to the linker; the symbol knows.
      if (symbol === undefined) throw this.#error('inconsistent', `map ${variable.name} has no symbol`);
      const type = resolveId(this.#btf, variable.type);
      return { name: variable.name, offset: symbol.value, size: symbol.size || entry.size, type: type ?? 0 };
    });
    variables.sort((a, b) => a.offset - b.offset);
    let end = 0;
    for (const { name, offset, size } of variables) {
      if (offset < end) throw this.#error('malformed', `map ${name} overlaps the map before it`, offset);
      end = offset + size;
    }

    const placed: PlacedMap[] = [];
    const templates: PlacedMap[] = [];
    const byType = new Map(variables.map((variable, index) => [variable.type, base + index]));
    for (const variable of variables) {
      const draft = this.#draft(variable.name, variable.type);
      const inner = this.#inner(variable.name, draft, byType, base + variables.length, templates);
      const initialSlots = this.#slots(variable, draft);
      placed.push({
        section: this.#section.index,
        offset: variable.offset,
        definition: {
          ...this.#definition(variable.name, draft),
          ...(inner === undefined ? {} : { inner }),
          ...(initialSlots.length > 0 ? { initialSlots } : {}),
        },
      });
    }
    return [...placed, ...templates];
  }

  #draft(name: string, type: number): Draft {
    const draft = this.#drafts.get(type) ?? this.#collect(name, type);
    this.#drafts.set(type, draft);
    return draft;
  }

  /** Collects the members of a definition struct. */
  #collect(name: string, type: number): Draft {
    const struct = this.#btf.types[type];
    if (struct?.kind !== 'struct') throw this.#error('malformed', `map ${name} is not a struct`);
    const draft: Draft = { numbers: new Map() };
    for (const member of struct.members) this.#member(name, draft, member, struct);
    if (!draft.numbers.has('type')) throw this.#error('malformed', `map ${name} has no type`);
    return draft;
  }

  #member(name: string, draft: Draft, member: BtfMember, struct: Struct): void {
    if ((NUMBERS as readonly string[]).includes(member.name)) {
      draft.numbers.set(member.name, this.#number(name, member));
    } else if (member.name === 'map_extra') {
      draft.numbers.set(member.name, this.#long(name, member));
    } else if (member.name === 'key' || member.name === 'value') {
      const pointee = this.#pointee(name, member);
      const size = sizeOf(this.#btf, pointee);
      if (size === undefined) throw this.#error('malformed', `map ${name}: type of ${member.name} has no size`);
      const known = draft.numbers.get(`${member.name}_size`);
      if (known !== undefined && known !== size) {
        throw this.#error('inconsistent', `map ${name}: ${member.name} has ${size} bytes, ${member.name}_size says ${known}`);
      }
      draft.numbers.set(`${member.name}_size`, size);
      draft[member.name === 'key' ? 'keyTypeId' : 'valueTypeId'] = pointee;
    } else if (member.name === 'values') {
      const array = resolveType(this.#btf, member.type);
      const pointer = array?.kind === 'array' ? resolveType(this.#btf, array.type) : undefined;
      if (pointer?.kind !== 'ptr' || member !== struct.members.at(-1)) {
        throw this.#error('malformed', `map ${name}: values is not a trailing array of pointers`);
      }
      const target = resolveId(this.#btf, pointer.type);
      draft.values = { target: target ?? 0, offset: member.bitOffset / 8 };
    }
  }

  /** `__uint(name, value)` is a pointer to an array of `value` ints. */
  #number(name: string, member: BtfMember): number {
    const array = resolveType(this.#btf, this.#pointee(name, member));
    if (array?.kind !== 'array') throw this.#error('malformed', `map ${name}: ${member.name} is not written with __uint`);
    return array.count;
  }

  /** `__ulong(name, value)` is an enumeration with that value alone; `__uint` will do for a small one. */
  #long(name: string, member: BtfMember): number {
    const type = resolveType(this.#btf, member.type);
    if (type?.kind !== 'enum' && type?.kind !== 'enum64') return this.#number(name, member);
    const [only, ...others] = type.values;
    if (only === undefined || others.length > 0) throw this.#error('malformed', `map ${name}: ${member.name} is not written with __ulong`);
    return Number(only.value);
  }

  #pointee(name: string, member: BtfMember): number {
    const pointer = resolveType(this.#btf, member.type);
    if (pointer?.kind !== 'ptr') throw this.#error('malformed', `map ${name}: ${member.name} is not a pointer`);
    return pointer.type;
  }

  #definition(name: string, { numbers, keyTypeId, valueTypeId, values }: Draft): MapDefinition {
    return {
      name,
      type: numbers.get('type') ?? 0,
      keySize: numbers.get('key_size') ?? 0,
      valueSize: numbers.get('value_size') ?? (values === undefined ? 0 : SLOT_VALUE_SIZE),
      maxEntries: numbers.get('max_entries') ?? 0,
      flags: numbers.get('map_flags') ?? 0,
      pinning: numbers.get('pinning') ?? 0,
      origin: 'btf',
      ...(numbers.has('map_extra') ? { extra: numbers.get('map_extra')! } : {}),
      ...(keyTypeId === undefined ? {} : { keyTypeId }),
      ...(valueTypeId === undefined ? {} : { valueTypeId }),
    };
  }

  /** The map a `values` member describes: the variable of that very type, or a template of its own; undefined for program arrays. */
  #inner(name: string, draft: Draft, byType: Map<number, number>, next: number, templates: PlacedMap[]): number | undefined {
    if (draft.values === undefined) return undefined;
    const target = this.#btf.types[draft.values.target];
    if (target?.kind === 'func_proto') return undefined;
    if (target?.kind !== 'struct') throw this.#error('malformed', `map ${name}: values holds neither maps nor programs`);
    const known = byType.get(draft.values.target);
    if (known !== undefined) return known;
    const inner = this.#draft(`${name}.values`, draft.values.target);
    if (inner.values !== undefined) throw this.#error('unsupported', `map ${name}: maps nest only two deep`);
    templates.push({
      section: undefined,
      offset: 0,
      definition: { ...this.#definition(`__anonymous_map_${templates.length + 1}`, inner), innerTemplate: true },
    });
    byType.set(draft.values.target, next + templates.length - 1);
    return next + templates.length - 1;
  }

  /** What `.values = { ... }` puts into slots, from the relocations against the definition. */
  #slots(variable: { readonly name: string; readonly offset: number; readonly size: number }, draft: Draft): { index: number; target: string }[] {
    const values = draft.values;
    if (values === undefined) return [];
    const start = variable.offset + values.offset;
    const end = variable.offset + variable.size;
    return this.#relocations.flatMap((relocation) => {
      if (relocation.offset < start || relocation.offset >= end) return [];
      const symbol = this.#elf.symbols[relocation.symbol];
      if (symbol === undefined || symbol.name === '') {
        throw this.#error('out-of-range', `map ${variable.name}: a slot names symbol ${relocation.symbol}, which does not exist`, relocation.offset);
      }
      if ((relocation.offset - start) % POINTER_SIZE !== 0)
        throw this.#error('malformed', `map ${variable.name}: misaligned slot`, relocation.offset);
      return [{ index: (relocation.offset - start) / POINTER_SIZE, target: symbol.name }];
    });
  }

  #relocationCache: ReturnType<typeof readRelocations> | undefined;

  get #relocations(): ReturnType<typeof readRelocations> {
    this.#relocationCache ??= readRelocations(this.#elf, this.#section);
    return this.#relocationCache;
  }

  #error(kind: 'malformed' | 'inconsistent' | 'unsupported' | 'out-of-range', reason: string, offset?: number): ObjectError {
    return new ObjectError(kind, this.#elf.path, reason, { section: this.#section.name, offset });
  }
}
