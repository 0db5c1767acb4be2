import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformName } from '../../platform/platform.ts';
import { LOOPBACK } from '../hooks/interfaces.ts';
import type { BpfLink } from '../links.ts';
import type { BpfMap, MapOrigin } from '../maps/map.ts';
import { ArrayOfMaps, HashOfMaps } from '../maps/map-of-maps.ts';
import { defaultPolicy } from '../policy.ts';
import type { BpfProgram, ProgramSource } from '../programs.ts';
import type { Runtime } from '../runtime.ts';
import {
  appendAt,
  attempt,
  makePrivateDirectory,
  readIfPresent,
  removeIfPresent,
  replaceFile,
  requireOwn,
  StoreError,
  writePrivate,
} from './files.ts';
import { encodeJournal, encodeSnapshot } from './journal.ts';
import { ProcessLock, type ProcessTable } from './lock.ts';
import { decodeManifest, encodeManifest, type Manifest, type StoredMap, type StoredProgram } from './manifest.ts';
import { type ParseObject, Restorer, StorePaths } from './restore.ts';
import { ChangeTracker } from './tracker.ts';

export interface StoreOptions {
  /** Made, for the user alone, when it is not there. */
  readonly directory: string;
  readonly processes: ProcessTable;
  readonly parseObject: ParseObject;
  /** The user's secret under which the manifest is sealed; asked for when there is something to read or write. Without it nothing is sealed. */
  readonly key?: () => Uint8Array;
  /** Who may own the directory; absent where users have no numbers. */
  readonly userId?: number | undefined;
  /** Milliseconds to wait for other processes; default 30 s. */
  readonly timeout?: number;
}

/** What `repair` found and did. */
export interface RepairResult {
  /** What is wrong, a sentence each; [] in a store that is intact. */
  readonly problems: readonly string[];
  /** Where the store as it was lies now; undefined where nothing had to be done. */
  readonly copy: string | undefined;
  readonly kept: { readonly programs: number; readonly maps: number; readonly links: number; readonly pins: number };
  /** Whether the policy and the interfaces could be read; otherwise they are those of a new machine. */
  readonly settingsKept: boolean;
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
  readonly #paths: StorePaths;
  readonly #options: StoreOptions;
  readonly #lock: ProcessLock;
  #manifest: Manifest | undefined;
  readonly #trackers = new Map<number, ChangeTracker>();
  #runsSeen = 0;
  #release: (() => void) | undefined;

  constructor(options: StoreOptions) {
    this.#paths = new StorePaths(options.directory);
    this.#options = options;
    makePrivateDirectory(options.directory);
    if (options.userId !== undefined) requireOwn(options.directory, options.userId);
    makePrivateDirectory(this.#paths.objects);
    makePrivateDirectory(this.#paths.maps);
    this.#lock = new ProcessLock(this.#paths.lock, options.processes);
  }

  get directory(): string {
    return this.#paths.directory;
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
    return existsSync(new StorePaths(directory).manifest);
  }

  /**
   * Checks every file and, where something is damaged or foreign, sets the whole store aside and keeps what is intact: programs whose
   * objects are, map entries up to the damage; nothing where the manifest itself cannot be read. `runtime` must be a new one.
   *
   * @param now milliseconds since 1970, for the name of the copy.
   * @throws StoreError 'busy', 'exposed' and 'io'.
   */
  async repair(runtime: Runtime, now: number): Promise<RepairResult> {
    this.#release = await this.#lock.acquire(this.#options.timeout ?? DEFAULT_TIMEOUT);
    try {
      return this.#repair(runtime, now);
    } finally {
      this.abandon();
    }
  }

  // Reading ---------------------------------------------------------------------------------------------------------

  #synchronise(runtime: Runtime): void {
    const path = this.#paths.manifest;
    const bytes = readIfPresent(path);
    if (bytes === undefined) return;
    const next = decodeManifest(bytes, path, this.#options.key?.());
    if (next.platform !== runtime.platform.name) throw new StoreError('version', path, `it belongs to the ${next.platform} platform`);
    const previous = this.#manifest;
    if (previous?.generation === next.generation) return;
    new Restorer(runtime, this.#paths, this.#options.parseObject).restore(next, previous, ({ id }) => this.#trackers.get(id)?.clear());
    this.#manifest = next;
    this.#track(runtime);
  }

  #repair(runtime: Runtime, now: number): RepairResult {
    const problems: StoreError[] = [];
    const manifest = this.#readable(problems, runtime.platform.name);
    if (manifest !== undefined) this.#salvage(runtime, manifest, problems);
    const { maps, programs, links } = lasting(runtime);
    const kept = { programs: programs.length, maps: maps.length, links: links.length, pins: runtime.pins.list().length };
    if (problems.length === 0) return { problems: [], copy: undefined, kept, settingsKept: true };
    const copy = `${this.#paths.directory}.damaged-${now}`;
    makePrivateDirectory(copy);
    attempt(copy, () => cpSync(this.#paths.directory, copy, { recursive: true, filter: (path) => path !== this.#paths.lock }));
    if (this.#manifest === undefined) removeIfPresent(this.#paths.manifest);
    else this.#save(runtime);
    return { problems: problems.map(({ message }) => message), copy, kept, settingsKept: this.#manifest !== undefined };
  }

  /** The manifest where it can be read; why not goes to `problems`. */
  #readable(problems: StoreError[], platform: string): Manifest | undefined {
    const path = this.#paths.manifest;
    try {
      const bytes = readIfPresent(path);
      const manifest = bytes && decodeManifest(bytes, path, this.#options.key?.());
      if (manifest !== undefined && manifest.platform !== platform)
        throw new StoreError('version', path, `it belongs to the ${manifest.platform} platform`);
      return manifest;
    } catch (error) {
      if (!(error instanceof StoreError) || (error.kind !== 'damaged' && error.kind !== 'version')) throw error;
      problems.push(error);
      return undefined;
    }
  }

  /** Fills a new runtime with what is intact, ready to be saved again whole. */
  #salvage(runtime: Runtime, manifest: Manifest, problems: StoreError[]): void {
    const restorer = new Restorer(runtime, this.#paths, this.#options.parseObject, (error) => problems.push(error));
    try {
      restorer.restore(manifest, undefined, () => undefined);
      // Maps count as never saved, so that each gets a new snapshot.
      this.#manifest = { ...manifest, maps: manifest.maps.map((map) => ({ ...map, content: '' })) };
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'damaged') throw error;
      problems.push(error);
    }
  }

  // Writing ---------------------------------------------------------------------------------------------------------

  #save(runtime: Runtime): void {
    const kept = lasting(runtime);
    const previous = this.#manifest;
    const ran = runtime.runs !== this.#runsSeen;
    const maps = kept.maps.map((map) => this.#saveMap(map, previous, ran));
    for (const program of kept.programs) this.#saveObject(program.source, program.name);
    for (const { origin } of kept.maps) if (origin !== undefined) this.#saveObject(origin.source);
    const next: Manifest = {
      generation: (previous?.generation ?? 0) + 1,
      platform: runtime.platform.name,
      nextId: runtime.objects.nextId,
      policy: runtime.policy,
      interfaces: runtime.interfaces.list().map(({ index, name, alias, counters }) => ({ index, name, alias, counters: { ...counters } })),
      maps,
      programs: kept.programs.map(storedProgram),
      links: kept.links.map((link) => ({ ...link, attachType: link.attachType.name })),
      pins: runtime.pins.list(),
    };
    this.#runsSeen = runtime.runs;
    if (previous !== undefined && JSON.stringify({ ...next, generation: 0 }) === JSON.stringify({ ...previous, generation: 0 })) return;
    if (previous === undefined && isEmpty(next, runtime.platform.name)) return;
    replaceFile(this.#paths.manifest, encodeManifest(next, this.#options.key?.()));
    this.#manifest = next;
    this.#track(runtime);
    this.#collect(previous, next);
  }

  #saveMap(map: BpfMap, previous: Manifest | undefined, ran: boolean): StoredMap {
    const known = previous?.maps.find(({ id }) => id === map.id);
    const tracker = this.#trackers.get(map.id);
    const cpusHere = map.cpuStride === 0 ? undefined : map.userValueSize / map.cpuStride;
    const describe = (epoch: number, journal: number, content: string, cpus = cpusHere): StoredMap => ({
      id: map.id,
      name: map.name,
      type: map.specification.type.id,
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags,
      frozen: map.frozen,
      ...(map instanceof ArrayOfMaps || map instanceof HashOfMaps ? { template: map.template } : {}),
      ...(map.origin === undefined ? {} : { object: storedOrigin(map.origin) }),
      ...(map.specification.extra === undefined ? {} : { extra: map.specification.extra }),
      ...(map.specification.special === undefined ? {} : { special: map.specification.special }),
      ...(cpus === undefined ? {} : { cpus }),
      epoch,
      journal,
      content,
    });
    const keys = tracker?.keys;
    if (known !== undefined && tracker !== undefined && keys !== undefined && !ran) {
      if (keys.length === 0) return describe(known.epoch, known.journal, known.content, known.cpus);
      const records = encodeJournal(map, keys);
      const journal = known.journal + records.length;
      if (journal <= Math.max(JOURNAL_LIMIT, (map.count * map.packedSize) / 2)) {
        appendAt(this.#paths.journal(known), known.journal, records);
        tracker.clear();
        return describe(known.epoch, journal, known.content, known.cpus);
      }
    }
    const { bytes, content } = encodeSnapshot(map);
    tracker?.clear();
    if (known !== undefined && known.journal === 0 && known.content === content) return describe(known.epoch, 0, content);
    const stored = describe((known?.epoch ?? 0) + 1, 0, content);
    writePrivate(this.#paths.snapshot(stored), bytes, true);
    return stored;
  }

  /** Keeps an object file; programs cannot do without theirs, maps only lose their types. */
  #saveObject(source: ProgramSource, neededBy?: string): void {
    const path = this.#paths.object(source.sha256);
    if (existsSync(path)) return;
    const { bytes } = source;
    if (bytes !== undefined) replaceFile(path, bytes);
    else if (neededBy !== undefined) throw new StoreError('io', path, `the object file of program ${neededBy} is not known`);
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
    const objects = new Set(objectsOf(next));
    const changed = previous?.maps.some((map) => !maps.has(`${map.id}.${map.epoch}.snapshot`)) ?? true;
    if (changed) this.#sweep(this.#paths.maps, maps);
    if (previous === undefined || objectsOf(previous).some((name) => !objects.has(name))) this.#sweep(this.#paths.objects, objects);
  }

  #sweep(directory: string, kept: ReadonlySet<string>): void {
    for (const name of attempt(directory, () => readdirSync(directory))) if (!kept.has(name)) removeIfPresent(join(directory, name));
  }
}

function storedOrigin({ source, index }: MapOrigin): NonNullable<StoredMap['object']> {
  return { fileName: source.fileName, sha256: source.sha256, index };
}

/** Names of the object files that a manifest refers to. */
function objectsOf({ programs, maps }: Manifest): string[] {
  return [...programs.map(({ sha256 }) => sha256), ...maps.flatMap(({ object }) => object?.sha256 ?? [])].map((sha256) => `${sha256}.o`);
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

function isEmpty(manifest: Manifest, platform: PlatformName): boolean {
  const { maps, programs, links, pins, interfaces, policy } = manifest;
  return (
    maps.length + programs.length + links.length + pins.length === 0 &&
    interfaces.every(({ alias, counters }) => alias === LOOPBACK[platform].alias && counters.received === 0) &&
    JSON.stringify(policy) === JSON.stringify(defaultPolicy)
  );
}

/** What outlives the process: pinned objects and lasting attachments, and all that these refer to. */
function lasting(runtime: Runtime): { readonly maps: BpfMap[]; readonly programs: BpfProgram[]; readonly links: BpfLink[] } {
  const links = runtime.links().filter((link) => runtime.pinCount(link.id) > 0 || (link.state === 'attached' && link.legacy));
  const kept = runtime.reachable([...runtime.pins.list().map(({ id }) => id), ...links.map(({ id }) => id)]);
  return { maps: runtime.maps().filter(({ id }) => kept.has(id)), programs: runtime.programs().filter(({ id }) => kept.has(id)), links };
}
