import { HashMap } from './hash.ts';
import type { MapEnvironment, MapLayout } from './map.ts';
import { Descriptor, DescriptorKind } from './map.ts';
import { type MapSpecification, mapError } from './rules.ts';

/**
 * What an extension brings to a map type of its own (docs/CustomMaps.md of eBPF for Windows). The base type is always a hash.
 * Callbacks return 0 or a positive code that refuses the operation.
 */
export interface MapProvider {
  readonly typeName: string;
  /** Checks the definition before the map is made. */
  readonly create?: (specification: MapSpecification) => number;
  readonly destroy?: (map: CustomMap) => void;
  /** A program refers to the map. */
  readonly associateProgram?: (map: CustomMap, programType: string) => number;
  /** Rewrites a value before it is stored; undefined refuses it. */
  readonly convertIn?: (value: Uint8Array) => Uint8Array | undefined;
  /** Rewrites a stored value for user space. */
  readonly convertOut?: (value: Uint8Array) => Uint8Array;
  /** Values are not what was put in: programs may not touch them. */
  readonly updatesOriginalValue?: boolean;
}

/** A map whose type belongs to an extension. */
export class CustomMap extends HashMap {
  readonly #provider: MapProvider;

  constructor(environment: MapEnvironment, specification: MapSpecification, provider: MapProvider | undefined) {
    const { rules } = environment;
    if (provider === undefined) {
      throw mapError(rules, rules.codes.unsupported, `Map ${specification.name}: no extension provides ${specification.type.constant}.`);
    }
    const refused = provider.create?.(specification) ?? 0;
    if (refused !== 0) throw mapError(rules, refused, `Map ${specification.name}: the provider of ${specification.type.constant} refused it.`);
    super(environment, specification);
    this.#provider = provider;
    if (provider.updatesOriginalValue === true) {
      this.describe(Descriptor.kind, DescriptorKind.other);
      this.describe(Descriptor.flags, 1);
    }
  }

  override get layout(): MapLayout {
    return this.#provider.updatesOriginalValue === true ? { kind: 'opaque' } : super.layout;
  }

  /** A negative code when the provider does not let programs of this type use the map. */
  associate(programType: string): number {
    return -(this.#provider.associateProgram?.(this, programType) ?? 0);
  }

  override destroy(): void {
    this.#provider.destroy?.(this);
    super.destroy();
  }

  protected override get storesPlainValues(): boolean {
    return this.#provider.convertIn === undefined && this.#provider.convertOut === undefined;
  }

  override programLookup(key: number): number {
    return this.#provider.updatesOriginalValue === true ? 0 : super.programLookup(key);
  }

  override programUpdate(key: number, value: number, flags: number): number {
    return this.#provider.updatesOriginalValue === true ? this.fail('unsupported') : super.programUpdate(key, value, flags);
  }

  override programDelete(key: number): number {
    return this.#provider.updatesOriginalValue === true ? this.fail('unsupported') : super.programDelete(key);
  }

  protected override importValue(key: number, value: Uint8Array, flags: number): number {
    const converted = this.#provider.convertIn === undefined ? value : this.#provider.convertIn(value);
    if (converted?.length !== this.valueSize) return this.fail('invalid');
    return super.importValue(key, converted, flags);
  }

  protected override exportValue(address: number): Uint8Array {
    const value = super.exportValue(address);
    return this.#provider.convertOut?.(value) ?? value;
  }
}

/** The sample extension's map type: a plain hash under another number. */
export const sampleHashProvider: MapProvider = { typeName: 'sample_hash_map' };
