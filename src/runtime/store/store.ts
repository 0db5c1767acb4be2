import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ObjectFile } from '../../object/object-file.ts';
import { findMapType } from '../../platform/index.ts';
import type { BpfLink } from '../links.ts';
import { makeExecutable } from '../loader.ts';
import type { BpfMap } from '../maps/map.ts';
import { ArrayOfMaps, HashOfMaps } from '../maps/map-of-maps.ts';
import { defaultPolicy } from '../policy.ts';
import type { BpfProgram } from '../programs.ts';
import type { Runtime } from '../runtime.ts';
import { appendAt, attempt, makePrivateDirectory, readIfPresent, removeIfPresent, replaceFile, StoreError, writePrivate } from './files.ts';
import { applyJournal, applySnapshot, encodeJournal, encodeSnapshot } from './journal.ts';
import { ProcessLock, type ProcessTable } from './lock.ts';
import { decodeManifest, encodeManifest, type Manifest, type StoredLink, type StoredMap, type StoredProgram } from './manifest.ts';
import { ChangeTracker } from './tracker.ts';

export interface StoreOptions {
  /** Made, for the user alone, when it is not there. */
  readonly directory: string;
  readonly processes: ProcessTable;
  /** Reads an object file that was saved, exactly as it was read when loaded. */
  readonly parseObject: (bytes: Uint8Array, fileName: string) => ObjectFile;
  /** Milliseconds to wait for other processes; default 30 s. */
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT = 30_000;
/** A journal longer than this and than half its snapshot gives way to a new snapshot. */
const JOURNAL_LIMIT = 0x1_0000;

/**
 * What is pinned, on disk. A command runs between `begin`, which takes the lock and brings the runtime up to date with what other
 * processes did, and `commit`. The manifest is replaced at once, and names the only files and lengths that count: a process killed
 * at any instant leaves the last committed state.
 */
export class Store {
  readonly directory: string;
  readonly #options: StoreOptions;
  readonly #lock: ProcessLock;
  #manifest: Manifest | undefined;
  readonly #trackers = new Map<number, ChangeTracker>();
  #runsSeen = 0;
  #release: (() => void) | undefined;

  constructor(options: StoreOptions) {
    this.directory = options.directory;
    this.#options = options;
    makePrivateDirectory(options.directory);
    makePrivateDirectory(join(options.directory, 'objects'));
    makePrivateDirectory(join(options.directory, 'maps'));
    this.#lock = new ProcessLock(join(options.directory, 'lock'), options.processes);
  }

  get #manifestPath(): string {
    return join(this.directory, 'manifest');
  }

  /** Takes the lock and makes the runtime equal to the store. Throws StoreError. */
  async begin(runtime: Runtime): Promise<void> {
    const release = await this.#lock.acquire(this.#options.timeout ?? DEFAULT_TIMEOUT);
    try {
      this.#synchronise(runtime);
    } catch (error) {
      release();
      throw error;
    }
    this.#release = release;
  }

  /** Saves what changed and gives the lock back. */
  commit(runtime: Runtime): void {
    try {
      this.#save(runtime);
    } finally {
      this.abandon();
    }
  }

  /** Gives the lock back without saving. */
  abandon(): void {
    this.#release?.();
    this.#release = undefined;
  }

  /** Runs a command between `begin` and `commit`; what it did before it failed is saved too, as a kernel would keep it. */
  async transaction<T>(runtime: Runtime, command: () => T | Promise<T>): Promise<T> {
    await this.begin(runtime);
    try {
      return await command();
    } finally {
      this.commit(runtime);
    }
  }

  /** Whether something was ever saved in a directory. */
  static exists(directory: string): boolean {
    return existsSync(join(directory, 'manifest'));
  }

  /** Moves a damaged or foreign store away so that a fresh one can begin; returns where it went. */
  static repair(directory: string, now: number): string {
    const target = `${directory}.damaged-${now}`;
    attempt(directory, () => renameSync(directory, target));
    return target;
  }

  // Reading ---------------------------------------------------------------------------------------------------------

  #synchronise(runtime: Runtime): void {
    const bytes = readIfPresent(this.#manifestPath);
    if (bytes === undefined) return;
    const next = decodeManifest(bytes, this.#manifestPath);
    if (next.platform !== runtime.platform.name) {
      throw new StoreError('version', this.#manifestPath, `it belongs to the ${next.platform} platform`);
    }
    const previous = this.#manifest;
    if (previous?.generation === next.generation) return;
    runtime.objects.reserve(next.nextId);
    runtime.policy = next.policy;
    this.#interfaces(runtime, next);
    this.#removed(runtime, previous, next);
    const fresh: number[] = [];
    for (const stored of next.maps) if (this.#restoreMap(runtime, stored)) fresh.push(stored.id);
    for (const stored of next.programs) if (this.#restoreProgram(runtime, stored)) fresh.push(stored.id);
    for (const stored of next.maps) this.#restoreContents(runtime, stored, previous);
    for (const stored of next.links) if (this.#restoreLink(runtime, stored)) fresh.push(stored.id);
    for (const { path, id } of next.pins) if (runtime.pins.get(path) === undefined && runtime.objects.kindOf(id) !== undefined) runtime.pin(id, path);
    // Restored objects live by their pins, links and users alone.
    for (const id of fresh.reverse()) runtime.closeHandle(id);
    this.#manifest = next;
    this.#track(runtime);
  }

  #interfaces(runtime: Runtime, next: Manifest): void {
    for (const known of runtime.interfaces.list()) {
      if (known.index !== 1 && !next.interfaces.some(({ index }) => index === known.index)) runtime.interfaces.remove(known.index);
    }
    for (const { index, name, alias } of next.interfaces) {
      if (runtime.interfaces.get(index) === undefined) runtime.interfaces.add(name, { alias, index });
    }
  }

  /** Takes away what another process removed since we last looked. */
  #removed(runtime: Runtime, previous: Manifest | undefined, next: Manifest): void {
    const pins = new Map(next.pins.map(({ path, id }) => [path, id]));
    for (const { path, id } of previous?.pins ?? []) if (pins.get(path) !== id && runtime.pins.get(path) === id) runtime.unpin(path);
    const links = new Set(next.links.map(({ id }) => id));
    for (const { id } of previous?.links ?? []) if (!links.has(id)) runtime.detach(id);
  }

  #restoreMap(runtime: Runtime, stored: StoredMap): boolean {
    if (runtime.map(stored.id) !== undefined) return false;
    const type = findMapType(runtime.platform, stored.type);
    if (type === undefined) throw new StoreError('damaged', this.#manifestPath, `map ${stored.id} has the unknown type ${stored.type}`);
    const { id, name, keySize, valueSize, maxEntries, flags, template } = stored;
    const map = runtime.createMap({ name, type, keySize, valueSize, maxEntries, flags }, { id, ...(template === undefined ? {} : { template }) });
    map.frozen = stored.frozen;
    return true;
  }

  #restoreContents(runtime: Runtime, stored: StoredMap, previous: Manifest | undefined): void {
    const map = runtime.map(stored.id);
    if (map === undefined) return;
    const known = previous?.maps.find(({ id }) => id === stored.id);
    if (known !== undefined && known.epoch === stored.epoch && known.journal === stored.journal) return;
    let from = 0;
    if (known?.epoch === stored.epoch) from = known.journal;
    else {
      if (known !== undefined) map.clearAll();
      const path = this.#snapshotPath(stored);
      applySnapshot(map, readIfPresent(path), path);
    }
    if (stored.journal > from) {
      const path = this.#journalPath(stored);
      applyJournal(map, readIfPresent(path) ?? new Uint8Array(0), from, stored.journal, path);
    }
    this.#trackers.get(stored.id)?.clear();
  }

  #restoreProgram(runtime: Runtime, stored: StoredProgram): boolean {
    if (runtime.program(stored.id) !== undefined) return false;
    const type = runtime.platform.programTypes.find(({ name }) => name === stored.type);
    if (type === undefined) throw new StoreError('damaged', this.#manifestPath, `program ${stored.id} has the unknown type ${stored.type}`);
    const path = this.#objectPath(stored.sha256);
    const { parseObject } = this.#options;
    let bytes: Uint8Array | undefined;
    let object: ObjectFile | undefined;
    const read = () => {
      bytes ??= readIfPresent(path);
      if (bytes === undefined) throw new StoreError('damaged', path, `the object of program ${stored.id} is missing`);
      return bytes;
    };
    const parse = () => {
      object ??= parseObject(read(), stored.fileName);
      if (object.sha256 !== stored.sha256) throw new StoreError('damaged', path, 'the object was altered');
      const program = object.programs[stored.index];
      if (program === undefined) throw new StoreError('damaged', path, `there is no program ${stored.index}`);
      return { object, program };
    };
    const source = {
      fileName: stored.fileName,
      sha256: stored.sha256,
      get bytes() {
        return read();
      },
    };
    runtime.addProgram(
      {
        name: stored.name,
        section: stored.section,
        source,
        index: stored.index,
        type,
        attachType: runtime.platform.attachTypes.find(({ name }) => name === stored.attachType),
        mode: stored.mode,
        flags: stored.flags,
        get instructions() {
          return parse().program.instructions;
        },
        mapIds: stored.mapIds,
        objectMapIds: stored.objectMapIds.map((id) => id ?? undefined),
        report: undefined,
      },
      () => {
        const parsed = parse();
        return makeExecutable(runtime, parsed.object, parsed.program, type, (index) => runtime.map(stored.objectMapIds[index] ?? 0));
      },
      stored.id,
    );
    return true;
  }

  #restoreLink(runtime: Runtime, stored: StoredLink): boolean {
    if (runtime.link(stored.id) !== undefined) return false;
    const attachType = runtime.platform.attachTypes.find(({ name }) => name === stored.attachType);
    if (attachType === undefined)
      throw new StoreError('damaged', this.#manifestPath, `link ${stored.id} has the unknown attach type ${stored.attachType}`);
    runtime.attach(stored.programId, attachType, stored.parameters, { legacy: stored.legacy, id: stored.id });
    return true;
  }

  // Writing ---------------------------------------------------------------------------------------------------------

  #save(runtime: Runtime): void {
    const kept = lasting(runtime);
    const previous = this.#manifest;
    const ran = runtime.runs !== this.#runsSeen;
    const maps = kept.maps.map((map) => this.#saveMap(map, previous, ran));
    for (const program of kept.programs) this.#saveObject(program);
    const next: Manifest = {
      generation: (previous?.generation ?? 0) + 1,
      platform: runtime.platform.name,
      nextId: runtime.objects.nextId,
      policy: runtime.policy,
      interfaces: runtime.interfaces.list().map(({ index, name, alias }) => ({ index, name, alias })),
      maps,
      programs: kept.programs.map(storedProgram),
      links: kept.links.map(({ id, programId, attachType, parameters, legacy }) => ({
        id,
        programId,
        attachType: attachType.name,
        parameters,
        legacy,
      })),
      pins: runtime.pins.list(),
    };
    this.#runsSeen = runtime.runs;
    if (previous !== undefined && JSON.stringify({ ...next, generation: 0 }) === JSON.stringify({ ...previous, generation: 0 })) return;
    if (previous === undefined && isEmpty(next)) return;
    replaceFile(this.#manifestPath, encodeManifest(next));
    this.#manifest = next;
    this.#track(runtime);
    this.#collect(previous, next);
  }

  #saveMap(map: BpfMap, previous: Manifest | undefined, ran: boolean): StoredMap {
    const known = previous?.maps.find(({ id }) => id === map.id);
    const tracker = this.#trackers.get(map.id);
    const describe = (epoch: number, journal: number, content: number): StoredMap => ({
      id: map.id,
      name: map.name,
      type: map.specification.type.id,
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags,
      frozen: map.frozen,
      ...(map instanceof ArrayOfMaps || map instanceof HashOfMaps ? { template: map.template } : {}),
      epoch,
      journal,
      content,
    });
    const keys = tracker?.keys;
    if (known !== undefined && tracker !== undefined && keys !== undefined && !ran) {
      if (keys.length === 0) return describe(known.epoch, known.journal, known.content);
      const records = encodeJournal(map, keys);
      const journal = known.journal + records.length;
      if (journal <= Math.max(JOURNAL_LIMIT, (map.count * map.packedSize) / 2)) {
        appendAt(this.#journalPath(known), known.journal, records);
        tracker.clear();
        // 0: not known; the next run of a program compares by writing.
        return describe(known.epoch, journal, 0);
      }
    }
    const snapshot = encodeSnapshot(map);
    const content = crc32(snapshot.subarray(8));
    tracker?.clear();
    if (known !== undefined && known.journal === 0 && known.content === content) return known;
    const stored = describe((known?.epoch ?? 0) + 1, 0, content);
    writePrivate(this.#snapshotPath(stored), snapshot, true);
    return stored;
  }

  #saveObject(program: BpfProgram): void {
    const path = this.#objectPath(program.source.sha256);
    if (existsSync(path)) return;
    const { bytes } = program.source;
    if (bytes === undefined) throw new StoreError('io', path, `the object file of program ${program.name} is not known`);
    replaceFile(path, bytes);
  }

  #track(runtime: Runtime): void {
    const stored = new Set(this.#manifest?.maps.map(({ id }) => id));
    for (const [id, tracker] of this.#trackers) {
      if (stored.has(id) && runtime.map(id) === tracker.map) continue;
      tracker.stop();
      this.#trackers.delete(id);
    }
    for (const id of stored) {
      const map = runtime.map(id);
      if (map !== undefined && !this.#trackers.has(id)) this.#trackers.set(id, new ChangeTracker(map));
    }
    this.#runsSeen = runtime.runs;
  }

  /** Removes files that the manifest no longer names: those of the previous one, and what killed processes left. */
  #collect(previous: Manifest | undefined, next: Manifest): void {
    const maps = new Set(next.maps.flatMap((map) => [`${map.id}.${map.epoch}.snapshot`, `${map.id}.${map.epoch}.journal`]));
    const objects = new Set(next.programs.map(({ sha256 }) => `${sha256}.o`));
    const changed = previous?.maps.some((map) => !maps.has(`${map.id}.${map.epoch}.snapshot`)) ?? true;
    if (changed) this.#sweep(join(this.directory, 'maps'), maps);
    if (previous === undefined || previous.programs.some(({ sha256 }) => !objects.has(`${sha256}.o`)))
      this.#sweep(join(this.directory, 'objects'), objects);
  }

  #sweep(directory: string, kept: ReadonlySet<string>): void {
    for (const name of attempt(directory, () => readdirSync(directory))) if (!kept.has(name)) removeIfPresent(join(directory, name));
  }

  #snapshotPath(map: { readonly id: number; readonly epoch: number }): string {
    return join(this.directory, 'maps', `${map.id}.${map.epoch}.snapshot`);
  }
  #journalPath(map: { readonly id: number; readonly epoch: number }): string {
    return join(this.directory, 'maps', `${map.id}.${map.epoch}.journal`);
  }
  #objectPath(sha256: string): string {
    return join(this.directory, 'objects', `${sha256}.o`);
  }
}

function storedProgram(program: BpfProgram): StoredProgram {
  return {
    id: program.id,
    name: program.name,
    section: program.section,
    fileName: program.source.fileName,
    sha256: program.source.sha256,
    index: program.index,
    type: program.type.name,
    ...(program.attachType === undefined ? {} : { attachType: program.attachType.name }),
    mode: program.mode,
    flags: program.flags,
    mapIds: program.mapIds,
    objectMapIds: program.objectMapIds.map((id) => id ?? null),
  };
}

function isEmpty(manifest: Manifest): boolean {
  const { maps, programs, links, pins, interfaces, policy } = manifest;
  return (
    maps.length + programs.length + links.length + pins.length === 0 &&
    interfaces.length <= 1 &&
    JSON.stringify(policy) === JSON.stringify(defaultPolicy)
  );
}

/** What outlives the process: pinned objects and lasting attachments, and all that these refer to. */
function lasting(runtime: Runtime): { readonly maps: BpfMap[]; readonly programs: BpfProgram[]; readonly links: BpfLink[] } {
  const links = runtime.links().filter((link) => link.state === 'attached' && (link.legacy || runtime.pinCount(link.id) > 0));
  const kept = runtime.reachable([...runtime.pins.list().map(({ id }) => id), ...links.map(({ id }) => id)]);
  return { maps: runtime.maps().filter(({ id }) => kept.has(id)), programs: runtime.programs().filter(({ id }) => kept.has(id)), links };
}
