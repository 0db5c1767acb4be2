import type { BpfMap } from '../maps/map.ts';

/** More changed keys than this are not remembered one by one: the map is saved whole. */
const MOST_KEYS = 0x1_0000;

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
      if (key.length === 0 || this.#keys.size >= MOST_KEYS) this.#giveUp();
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
    this.map.listeners.add(this.#listener);
  }

  stop(): void {
    this.map.listeners.delete(this.#listener);
  }

  /** Listening on would cost every further change and tell nothing. */
  #giveUp(): void {
    this.#whole = true;
    this.#keys.clear();
    this.stop();
  }
}
