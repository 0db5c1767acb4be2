import { RuntimeError } from './result.ts';

/** Kinds of objects with an id. */
export type ObjectKind = 'map' | 'program' | 'link';

/** Who keeps an object alive. Handles and pins are users; the others are objects themselves. */
export interface Holder {
  readonly kind: 'handle' | 'pin' | 'link' | 'map' | 'program';
  /** Path of a pin, id of an object, 0 for handles. */
  readonly key: string | number;
}

interface Entry<T> {
  readonly kind: ObjectKind;
  readonly value: T;
  readonly name: string;
  readonly holders: Map<string, { readonly holder: Holder; count: number }>;
  readonly destroy: () => void;
  readonly userReleased: () => void;
}

/** First id that is given; eBPF for Windows starts at 2 as well. */
const FIRST_ID = 2;

function keyOf(holder: Holder): string {
  return `${holder.kind} ${holder.key}`;
}

/** Every map, program and link by id, with who refers to it. An object without holders is destroyed at once. */
export class ObjectTable<T> {
  #next = FIRST_ID;
  readonly #entries = new Map<number, Entry<T>>();

  /** The id that the next object will get. */
  get nextId(): number {
    return this.#next;
  }

  /** Skips ids up to the given one; for restoring a saved table. */
  reserve(next: number): void {
    this.#next = Math.max(this.#next, next);
  }

  /** Spends an id without an object: opening an object file makes a temporary program on Windows. */
  burn(): number {
    return this.#next++;
  }

  /** Enters an object under a fresh id, or a given one that is free, held by one handle. */
  add(
    kind: ObjectKind,
    name: string,
    value: T,
    hooks: { readonly destroy: () => void; readonly userReleased?: () => void },
    id = this.#next,
  ): number {
    if (this.#entries.has(id)) throw new RuntimeError('EBPF_OBJECT_ALREADY_EXISTS', `There is already an object with id ${id}.`);
    this.#next = Math.max(this.#next, id + 1);
    this.#entries.set(id, { kind, value, name, holders: new Map(), destroy: hooks.destroy, userReleased: hooks.userReleased ?? (() => undefined) });
    this.hold(id, { kind: 'handle', key: 0 });
    return id;
  }

  /** Adds a reference. Throws EBPF_OBJECT_NOT_FOUND for an unknown id. */
  hold(id: number, holder: Holder): void {
    const entry = this.#require(id);
    const key = keyOf(holder);
    const known = entry.holders.get(key);
    if (known === undefined) entry.holders.set(key, { holder, count: 1 });
    else known.count++;
  }

  /** Takes a reference back; the last one destroys the object. References that do not exist are ignored. */
  drop(id: number, holder: Holder): void {
    const entry = this.#entries.get(id);
    const known = entry?.holders.get(keyOf(holder));
    if (entry === undefined || known === undefined) return;
    known.count--;
    if (known.count > 0) return;
    entry.holders.delete(keyOf(holder));
    if (entry.holders.size === 0) {
      this.#entries.delete(id);
      entry.destroy();
    } else if ((holder.kind === 'handle' || holder.kind === 'pin') && this.userCount(id) === 0) entry.userReleased();
  }

  /** Handles and pins of an object. */
  userCount(id: number): number {
    let count = 0;
    for (const { holder, count: times } of this.#entries.get(id)?.holders.values() ?? [])
      if (holder.kind === 'handle' || holder.kind === 'pin') count += times;
    return count;
  }

  /** The object with this id and kind, or undefined. */
  get(kind: ObjectKind, id: number): T | undefined {
    const entry = this.#entries.get(id);
    return entry?.kind === kind ? entry.value : undefined;
  }

  kindOf(id: number): ObjectKind | undefined {
    return this.#entries.get(id)?.kind;
  }

  /** Objects of a kind by ascending id. */
  list(kind: ObjectKind): T[] {
    return [...this.#entries]
      .filter(([, entry]) => entry.kind === kind)
      .sort(([a], [b]) => a - b)
      .map(([, entry]) => entry.value);
  }

  /** The smallest id of a kind above `id` (bpf_map_get_next_id ...), or undefined. */
  nextIdOf(kind: ObjectKind, id: number): number | undefined {
    let found: number | undefined;
    for (const [candidate, entry] of this.#entries)
      if (entry.kind === kind && candidate > id && candidate < (found ?? Number.POSITIVE_INFINITY)) found = candidate;
    return found;
  }

  /** Who refers to the object, as words: "pin BPF:\flows", "program 5 (caller)", "a handle". */
  holders(id: number): string[] {
    return [...(this.#entries.get(id)?.holders.values() ?? [])].map(({ holder }) => {
      if (holder.kind === 'handle') return 'a handle';
      if (holder.kind === 'pin') return `pin ${holder.key}`;
      const name = this.#entries.get(Number(holder.key))?.name ?? '';
      return name === '' ? `${holder.kind} ${holder.key}` : `${holder.kind} ${holder.key} (${name})`;
    });
  }

  /** Number of references of one kind. */
  countHolders(id: number, kind: Holder['kind']): number {
    let count = 0;
    for (const known of this.#entries.get(id)?.holders.values() ?? []) if (known.holder.kind === kind) count += known.count;
    return count;
  }

  #require(id: number): Entry<T> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new RuntimeError('EBPF_OBJECT_NOT_FOUND', `There is no object with id ${id}.`);
    return entry;
  }
}
