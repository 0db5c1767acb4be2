import { Errno } from '../result.ts';
import { ENTRY_KEY, HASH_MULTIPLIER, HashMap } from './hash.ts';
import { Descriptor, DescriptorKind, type MapEnvironment, type MapLayout } from './map.ts';
import { type MapSpecification, mapError } from './rules.ts';

/**
 * BPF_MAP_TYPE_LPM_TRIE: longest prefix match. A key is a u32 prefix length in bits and data in network byte order; only the
 * first `prefix length` bits count. As in eBPF for Windows this is a hash table over (length, leading bits) that is probed
 * from the longest stored length down.
 */
export class LpmTrieMap extends HashMap {
  readonly #maximumPrefix: number;
  readonly #perLength: Uint32Array;
  readonly #probe: number;

  constructor(environment: MapEnvironment, specification: MapSpecification) {
    if (specification.keySize < 4) {
      throw mapError(environment.rules, environment.rules.codes.invalid, `Map ${specification.name}: a trie's key is a u32 prefix length and data.`);
    }
    super(environment, specification);
    this.#maximumPrefix = (specification.keySize - 4) * 8;
    this.#perLength = new Uint32Array(this.#maximumPrefix + 1);
    this.#probe = this.memory.allocate(specification.keySize, 'other', `map ${specification.name} probe`);
    this.describe(Descriptor.kind, DescriptorKind.other);
    this.describe(Descriptor.flags, 1);
  }

  override get layout(): MapLayout {
    return { kind: 'opaque' };
  }

  override destroy(): void {
    this.memory.free(this.#probe);
    super.destroy();
  }

  override programLookupAndDelete(): number {
    return 0;
  }

  protected override hashOf(key: number): number {
    const { bytes, view } = this.memory;
    const length = Math.min(view.getUint32(key, true), this.#maximumPrefix);
    const data = key + 4;
    let hash = Math.imul(length + 1, HASH_MULTIPLIER);
    const whole = length >>> 3;
    for (let index = 0; index < whole; index++) {
      hash = Math.imul(hash ^ bytes[data + index]!, HASH_MULTIPLIER);
      hash ^= hash >>> 15;
    }
    const rest = length & 7;
    if (rest !== 0) {
      hash = Math.imul(hash ^ (bytes[data + whole]! >>> (8 - rest)), HASH_MULTIPLIER);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }

  protected override sameKey(entry: number, key: number): boolean {
    const { bytes, view } = this.memory;
    const stored = entry + ENTRY_KEY;
    const length = view.getUint32(key, true);
    if (view.getUint32(stored, true) !== length) return false;
    const whole = length >>> 3;
    for (let index = 4; index < 4 + whole; index++) if (bytes[stored + index] !== bytes[key + index]) return false;
    const rest = length & 7;
    return rest === 0 || (bytes[stored + 4 + whole]! ^ bytes[key + 4 + whole]!) >>> (8 - rest) === 0;
  }

  protected override find(key: number): number {
    const length = this.memory.view.getUint32(key, true);
    if (length > this.#maximumPrefix) return this.fail('invalid');
    this.memory.bytes.copyWithin(this.#probe, key, key + this.keySize);
    for (let candidate = length; candidate >= 0; candidate--) {
      if (this.#perLength[candidate] === 0) continue;
      this.memory.view.setUint32(this.#probe, candidate, true);
      const entry = this.entryOf(this.#probe, this.hashOf(this.#probe));
      if (entry !== 0) return entry + this.valueOffset;
    }
    return this.fail('lpm_missing');
  }

  protected override put(key: number, flags: number): number {
    const length = this.memory.view.getUint32(key, true);
    if (length > this.#maximumPrefix) return this.fail('invalid');
    const before = this.count;
    const address = super.put(key, flags);
    // trie_update_elem reports a full trie as ENOSPC, unlike a full hash.
    if (address === this.fail('full') && this.rules.platform === 'linux') return -Errno.ENOSPC;
    if (this.count > before) this.#perLength[length]!++;
    return address;
  }

  protected override erase(key: number): number {
    const length = this.memory.view.getUint32(key, true);
    if (length > this.#maximumPrefix) return this.fail('invalid');
    const result = super.erase(key);
    if (result >= 0) this.#perLength[length]!--;
    return result;
  }
}
