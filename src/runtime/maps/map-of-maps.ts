import { HashMap } from './hash.ts';
import { type BpfMap, Descriptor, DescriptorKind, type MapEnvironment, type MapLayout } from './map.ts';
import { ObjectArrayMap } from './object-array.ts';
import { MapFlag, type MapRules, type MapSpecification, mapError } from './rules.ts';

/** What an inner map must equal: the template's parameters. */
export interface InnerTemplate {
  readonly typeId: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** Id of the map that served as template. */
  readonly id: number;
}

/** The template that a map serves as. */
export function templateOf(map: BpfMap): InnerTemplate {
  const { keySize, valueSize, maxEntries, flags, id } = map;
  return { typeId: map.specification.type.id, keySize, valueSize, maxEntries, flags, id };
}

/**
 * Whether a map may be put in: same type, key and value size. Windows always compares max_entries; Linux compares flags, and
 * max_entries for arrays without BPF_F_INNER_MAP (array_map_meta_equal).
 */
export function matchesTemplate(rules: MapRules, template: InnerTemplate, map: BpfMap): boolean {
  const same = map.specification.type.id === template.typeId && map.keySize === template.keySize && map.valueSize === template.valueSize;
  if (!same) return false;
  if (rules.platform === 'windows') return map.maxEntries === template.maxEntries;
  if (map.flags !== template.flags) return false;
  return map.kind !== 'array' || (map.flags & MapFlag.innerMap) !== 0 || map.maxEntries === template.maxEntries;
}

function requireTemplate(environment: MapEnvironment, specification: MapSpecification, template: InnerTemplate | undefined): InnerTemplate {
  const { codes } = environment.rules;
  if (template === undefined) throw mapError(environment.rules, codes.no_inner, `Map ${specification.name} needs an inner map as template.`);
  if (specification.valueSize !== 4) {
    throw mapError(environment.rules, codes.invalid, `Map ${specification.name}: the value size of ${specification.type.constant} is 4.`);
  }
  return template;
}

/** BPF_MAP_TYPE_ARRAY_OF_MAPS: elements hold the address of the inner map's descriptor; user space sees inner map ids. */
export class ArrayOfMaps extends ObjectArrayMap {
  readonly template: InnerTemplate;

  constructor(environment: MapEnvironment, specification: MapSpecification, template: InnerTemplate | undefined) {
    const checked = requireTemplate(environment, specification, template);
    super(environment, specification);
    this.template = checked;
  }

  override programLookup(key: number): number {
    const address = this.find(key);
    return address < 0 ? 0 : this.memory.words[address >>> 2]!;
  }

  protected storedFor(id: number): number {
    const map = this.environment.objects.map(id);
    if (map === undefined) return this.fail('bad_fd');
    return matchesTemplate(this.rules, this.template, map) ? map.handle : this.fail('wrong_inner');
  }

  protected idOf(stored: number): number {
    return stored === 0 ? 0 : this.memory.words[(stored + Descriptor.id) >>> 2]!;
  }
}

/** BPF_MAP_TYPE_HASH_OF_MAPS: the same with arbitrary keys. */
export class HashOfMaps extends HashMap {
  readonly template: InnerTemplate;

  constructor(environment: MapEnvironment, specification: MapSpecification, template: InnerTemplate | undefined) {
    const checked = requireTemplate(environment, specification, template);
    super(environment, specification);
    this.template = checked;
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  override programLookup(key: number): number {
    const address = this.find(key, 'program');
    return address < 0 ? 0 : this.memory.words[address >>> 2]!;
  }

  override programUpdate(): number {
    return this.fail('unsupported');
  }

  protected override get storesPlainValues(): boolean {
    return false;
  }

  override destroy(): void {
    this.forEachEntry((entry) => {
      this.environment.objects.drop(this.#id(entry + this.valueOffset), this);
    });
    super.destroy();
  }

  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    const id = new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
    const map = this.environment.objects.map(id);
    if (map === undefined) return this.fail('bad_fd');
    if (!matchesTemplate(this.rules, this.template, map)) return this.fail('wrong_inner');
    const address = this.put(key, flags);
    if (address < 0) return address;
    const old = this.memory.words[address >>> 2]!;
    this.environment.objects.hold(id, this);
    this.memory.words[address >>> 2] = map.handle;
    if (old !== 0) this.environment.objects.drop(this.memory.words[(old + Descriptor.id) >>> 2]!, this);
    return 0;
  }

  protected override exportValue(address: number): Uint8Array {
    const value = new Uint8Array(4);
    new DataView(value.buffer).setUint32(0, this.#id(address), true);
    return value;
  }

  protected override unlink(entry: number): void {
    const id = this.#id(entry + this.valueOffset);
    super.unlink(entry);
    this.environment.objects.drop(id, this);
  }

  #id(address: number): number {
    return this.memory.words[(this.memory.words[address >>> 2]! + Descriptor.id) >>> 2]!;
  }
}
