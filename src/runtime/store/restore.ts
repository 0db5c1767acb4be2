import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ObjectFile } from '../../object/object-file.ts';
import { findMapType } from '../../platform/index.ts';
import { makeExecutable } from '../loader.ts';
import type { BpfMap, MapOrigin } from '../maps/map.ts';
import { RuntimeError } from '../result.ts';
import type { Runtime } from '../runtime.ts';
import { readIfPresent, StoreError } from './files.ts';
import { applyJournal, applySnapshot } from './journal.ts';
import type { Manifest, StoredLink, StoredMap, StoredProgram } from './manifest.ts';

/** Where the files of a store lie. */
export class StorePaths {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  get manifest(): string {
    return join(this.directory, 'manifest');
  }
  get lock(): string {
    return join(this.directory, 'lock');
  }
  get maps(): string {
    return join(this.directory, 'maps');
  }
  get objects(): string {
    return join(this.directory, 'objects');
  }
  snapshot(map: Pick<StoredMap, 'id' | 'epoch'>): string {
    return join(this.maps, `${map.id}.${map.epoch}.snapshot`);
  }
  journal(map: Pick<StoredMap, 'id' | 'epoch'>): string {
    return join(this.maps, `${map.id}.${map.epoch}.journal`);
  }
  object(sha256: string): string {
    return join(this.objects, `${sha256}.o`);
  }
}

/** Reads an object file that was saved, exactly as it was read when loaded. */
export type ParseObject = (bytes: Uint8Array, fileName: string) => ObjectFile;

/** Brings a runtime up to date with a manifest; what fails half-way is taken back. */
export class Restorer {
  readonly #runtime: Runtime;
  readonly #paths: StorePaths;
  readonly #parseObject: ParseObject;
  readonly #salvage: ((error: StoreError) => void) | undefined;
  /** Objects that this run made, each with a handle of ours. */
  readonly #fresh: number[] = [];
  /** Objects that were there and stay, held while what refers to them changes. */
  readonly #kept: number[] = [];
  readonly #freshPins: string[] = [];

  /** @param salvage told of damage instead of an error being thrown; what is damaged is left out. */
  constructor(runtime: Runtime, paths: StorePaths, parseObject: ParseObject, salvage?: (error: StoreError) => void) {
    this.#salvage = salvage;
    this.#runtime = runtime;
    this.#paths = paths;
    this.#parseObject = parseObject;
  }

  /**
   * @param previous what the runtime mirrors already.
   * @param contents told of every map whose contents were read again.
   * @throws StoreError; objects that are new with this manifest are gone again then.
   */
  restore(next: Manifest, previous: Manifest | undefined, contents: (map: StoredMap) => void): void {
    try {
      this.#restore(next, previous, contents);
    } catch (error) {
      for (const path of this.#freshPins) this.#runtime.unpin(path);
      for (const { id } of this.#runtime.links()) if (this.#fresh.includes(id)) this.#runtime.detach(id);
      this.#release();
      if (!(error instanceof RuntimeError)) throw error;
      throw new StoreError('damaged', this.#paths.manifest, `what it describes cannot be: ${error.message}`);
    }
  }

  #restore(next: Manifest, previous: Manifest | undefined, contents: (map: StoredMap) => void): void {
    const runtime = this.#runtime;
    for (const { id } of [...next.maps, ...next.programs, ...next.links]) this.#keep(id);
    this.#removed(previous, next);
    runtime.interfaces.restore(next.interfaces);
    for (const stored of next.maps) this.#map(stored);
    for (const stored of next.programs) this.#unlessDamaged(() => this.#program(stored));
    for (const stored of next.maps) this.#unlessDamaged(() => this.#contents(stored, previous) && contents(stored));
    for (const stored of next.links) if (stored.state === 'detached' || this.#isThere(stored.programId)) this.#link(stored);
    for (const { path, id } of next.pins) {
      if (runtime.pins.get(path) === undefined && this.#isThere(id)) this.#freshPins.push(runtime.pin(id, path));
    }
    runtime.objects.reserve(next.nextId);
    runtime.policy = next.policy;
    // Restored objects live by their pins, links and users alone.
    this.#release();
  }

  #unlessDamaged(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (this.#salvage === undefined || !(error instanceof StoreError) || error.kind !== 'damaged') throw error;
      this.#salvage(error);
    }
  }

  /** Whether something was not left out. What was never there is for the runtime to refuse. */
  #isThere(id: number): boolean {
    return this.#salvage === undefined || this.#runtime.objects.kindOf(id) !== undefined;
  }

  #keep(id: number): void {
    if (this.#runtime.objects.kindOf(id) === undefined) return;
    this.#runtime.openHandle(id);
    this.#kept.push(id);
  }

  #release(): void {
    for (const id of [...this.#kept.splice(0), ...this.#fresh.splice(0)].reverse()) this.#runtime.closeHandle(id);
  }

  /** Takes away what another process removed since we last looked. */
  #removed(previous: Manifest | undefined, next: Manifest): void {
    const runtime = this.#runtime;
    const pins = new Map(next.pins.map(({ path, id }) => [path, id]));
    for (const { path, id } of previous?.pins ?? []) if (pins.get(path) !== id && runtime.pins.get(path) === id) runtime.unpin(path);
    const attached = new Set(next.links.filter(({ state }) => state === 'attached').map(({ id }) => id));
    for (const { id } of previous?.links ?? []) if (!attached.has(id)) runtime.detach(id);
  }

  #damaged(what: string): StoreError {
    return new StoreError('damaged', this.#paths.manifest, what);
  }

  #map(stored: StoredMap): void {
    const runtime = this.#runtime;
    if (runtime.map(stored.id) !== undefined) return;
    const type = findMapType(runtime.platform, stored.type);
    if (type === undefined) throw this.#damaged(`map ${stored.id} has the unknown type ${stored.type}`);
    const { id, name, keySize, valueSize, maxEntries, flags, extra, template, special } = stored;
    if (special?.some(({ offset, size }) => offset + size > valueSize)) throw this.#damaged(`map ${id} has fields outside of its values`);
    const map = runtime.createMap(
      { name, type, keySize, valueSize, maxEntries, flags, ...(extra === undefined ? {} : { extra }), ...(special === undefined ? {} : { special }) },
      { id, ...(template === undefined ? {} : { template }) },
    );
    this.#fresh.push(map.id);
    map.frozen = stored.frozen;
    if (stored.object !== undefined) map.origin = { source: this.#definition(stored.object), index: stored.object.index };
  }

  /** The file that defines a map, read when somebody asks for types; without it the map has none. */
  #definition({ fileName, sha256 }: NonNullable<StoredMap['object']>): MapOrigin['source'] {
    const path = this.#paths.object(sha256);
    return {
      fileName,
      sha256,
      get bytes() {
        const bytes = readIfPresent(path);
        return bytes !== undefined && digest(bytes) === sha256 ? bytes : undefined;
      },
    };
  }

  /** Whether the contents were read again. */
  #contents(stored: StoredMap, previous: Manifest | undefined): boolean {
    const map = this.#runtime.map(stored.id);
    // A map that was made again is empty, whatever was read before.
    const known = this.#fresh.includes(stored.id) ? undefined : previous?.maps.find(({ id }) => id === stored.id);
    if (map === undefined || (known !== undefined && known.epoch === stored.epoch && known.journal === stored.journal)) return false;
    if (known === undefined || known.epoch !== stored.epoch) {
      if (known !== undefined) map.clearAll();
      this.#snapshot(map, stored);
    }
    this.#journal(map, stored, known?.epoch === stored.epoch ? known.journal : 0);
    return true;
  }

  #snapshot(map: BpfMap, stored: StoredMap): void {
    const path = this.#paths.snapshot(stored);
    located(path, () => applySnapshot(map, readIfPresent(path), stored.content, stored.cpus, path));
  }

  #journal(map: BpfMap, stored: StoredMap, from: number): void {
    if (stored.journal <= from) return;
    const path = this.#paths.journal(stored);
    located(path, () => applyJournal(map, readIfPresent(path) ?? new Uint8Array(0), from, stored.journal, path));
  }

  #program(stored: StoredProgram): void {
    const runtime = this.#runtime;
    if (runtime.program(stored.id) !== undefined) return;
    const type = runtime.platform.programTypes.find(({ name }) => name === stored.type);
    if (type === undefined) throw this.#damaged(`program ${stored.id} has the unknown type ${stored.type}`);
    const missing = stored.mapIds.find((id) => runtime.map(id) === undefined);
    if (missing !== undefined) throw this.#damaged(`program ${stored.id} uses map ${missing}, which is not there`);
    const file = new StoredObject(stored, this.#paths.object(stored.sha256), this.#parseObject);
    // Whoever repairs wants to know now.
    if (this.#salvage !== undefined) file.read();
    const source = {
      fileName: stored.fileName,
      sha256: stored.sha256,
      get bytes() {
        return file.read();
      },
    };
    const program = runtime.addProgram(
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
          return file.program.instructions;
        },
        mapIds: stored.mapIds,
        objectMapIds: stored.objectMapIds.map((id) => id ?? undefined),
        report: undefined,
      },
      () => makeExecutable(runtime, file.object, file.program, type, (index) => runtime.map(stored.objectMapIds[index] ?? 0)),
      stored.id,
    );
    this.#fresh.push(program.id);
  }

  #link(stored: StoredLink): void {
    const runtime = this.#runtime;
    if (runtime.link(stored.id) !== undefined) return;
    const attachType = runtime.platform.attachTypes.find(({ name }) => name === stored.attachType);
    if (attachType === undefined) throw this.#damaged(`link ${stored.id} has the unknown attach type ${stored.attachType}`);
    this.#fresh.push(runtime.restoreLink({ ...stored, attachType }).id);
  }
}

/** The object file of a restored program; read when something first asks, for most commands never do. */
class StoredObject {
  readonly #stored: StoredProgram;
  readonly #path: string;
  readonly #parse: ParseObject;
  #bytes: Uint8Array | undefined;
  #object: ObjectFile | undefined;

  constructor(stored: StoredProgram, path: string, parse: ParseObject) {
    this.#stored = stored;
    this.#path = path;
    this.#parse = parse;
  }

  /** The file's bytes. Throws StoreError where it is missing or altered. */
  read(): Uint8Array {
    if (this.#bytes !== undefined) return this.#bytes;
    const bytes = readIfPresent(this.#path);
    if (bytes === undefined) throw new StoreError('damaged', this.#path, `the object of program ${this.#stored.id} is missing`);
    // What was not verified when it was loaded never gets to run.
    if (digest(bytes) !== this.#stored.sha256) {
      throw new StoreError('damaged', this.#path, `the object of program ${this.#stored.id} was altered`);
    }
    this.#bytes = bytes;
    return bytes;
  }

  get object(): ObjectFile {
    this.#object ??= this.#parse(this.read(), this.#stored.fileName);
    return this.#object;
  }

  get program() {
    const program = this.object.programs[this.#stored.index];
    if (program === undefined) throw new StoreError('damaged', this.#path, `there is no program ${this.#stored.index}`);
    return program;
  }
}

/** A map that does not take what its file says: the file is to blame. */
function located(path: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    throw error instanceof RuntimeError ? new StoreError('damaged', path, error.message) : error;
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
