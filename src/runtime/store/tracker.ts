import type { BpfMap } from '../maps/map.ts';

/** The keys of a map that changed since it was last saved. */
export class ChangeTracker {
  readonly map: BpfMap;
  readonly #keys = new Map<string, Uint8Array>();
  readonly #listener: (key: Uint8Array) => void;
  #whole = false;

  constructor(map: BpfMap) {
    this.map = map;
    this.#listener = (key) => {
      // Queues and streams have no keys: they are saved whole.
      if (key.length === 0) this.#whole = true;
      else this.#keys.set(String.fromCharCode(...key), key);
    };
    map.listeners.add(this.#listener);
  }

  /** Changed keys; undefined when the map must be saved whole. */
  get keys(): readonly Uint8Array[] | undefined {
    return this.#whole ? undefined : [...this.#keys.values()];
  }

  clear(): void {
    this.#keys.clear();
    this.#whole = false;
  }

  stop(): void {
    this.map.listeners.delete(this.#listener);
  }
}
