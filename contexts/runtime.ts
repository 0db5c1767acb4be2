import { join } from 'node:path';
import { loadPlatform } from '../src/platform/index.ts';
import type { PlatformName } from '../src/platform/platform.ts';
import { standardEngines } from '../src/runtime/engines.ts';
import { deterministicHost, type HostEnvironment, systemHost } from '../src/runtime/host.ts';
import type { LoadedObject } from '../src/runtime/loader.ts';
import type { BpfMap } from '../src/runtime/maps/map.ts';
import type { ObjectKind } from '../src/runtime/objects.ts';
import type { BpfProgram } from '../src/runtime/programs.ts';
import { Runtime } from '../src/runtime/runtime.ts';
import { systemProcesses } from '../src/runtime/store/process-table.ts';
import { type RepairResult, Store } from '../src/runtime/store/store.ts';
import type { Environment } from './command.ts';
import type { Host } from './host.ts';
import { parseNamedObject } from './objects.ts';
import { commandError } from './runtime-errors.ts';
import { imageObject, isImage, nativeEngine, readAnyImage } from './runtime-images.ts';
import { KeyRing } from './runtime-keys.ts';
import { ProcessList } from './runtime-processes.ts';
import { TraceLog } from './runtime-trace.ts';
import { VerificationDesk } from './runtime-verify.ts';
import type { Session } from './session.ts';

/** One platform's objects and where they are kept. */
interface Part {
  readonly runtime: Runtime;
  readonly store: Store | undefined;
}

/** An object that this session loaded: its handles keep unpinned programs alive until it is closed. */
interface HeldObject {
  readonly runtime: Runtime;
  readonly loaded: LoadedObject;
}

/** What repairing found of one platform. */
interface RepairedStore extends RepairResult {
  readonly platform: PlatformName;
  readonly directory: string;
}

/** In this order everywhere, so that two processes never wait for each other's locks. */
const ORDER: readonly PlatformName[] = ['windows', 'linux'];

/**
 * The eBPF side of a session: a runtime per platform (Linux only where something of it is wanted or kept), what the session holds, and
 * the store behind. Ids are unique across platforms, so that `delete program 5` needs no platform.
 */
export class Machine {
  readonly #held: HeldObject[] = [];
  readonly desk = new VerificationDesk();
  readonly keys: KeyRing;
  readonly processes: ProcessList | undefined;
  readonly #host: Host;
  readonly #environment: HostEnvironment;
  readonly #parts = new Map<PlatformName, Part>();
  readonly #traces: TraceLog | undefined;
  /** The end of the line of transactions: a cancelled command may still be finishing when the next one starts. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: Host) {
    this.#host = host;
    this.keys = new KeyRing(host);
    this.#environment = host.process ? systemHost(host.process) : deterministicHost();
    if (host.storeDirectory === undefined || !host.process) return;
    this.processes = new ProcessList(host.storeDirectory, host.process);
    this.#traces = new TraceLog(host.storeDirectory);
  }

  /**
   * Runs a command on runtimes that are up to date with the store, and saves what it changed.
   *
   * @param wanted platforms that the command needs besides those that hold something; Windows is always there.
   * @throws CommandError for whatever runtime, store, images and programs refuse.
   */
  transaction<T>(action: () => T | Promise<T>, wanted: readonly PlatformName[] = []): Promise<T> {
    const result = this.#last.then(() => this.#transaction(action, wanted));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** A transaction on the runtime of one platform. */
  onPlatform<T>(name: PlatformName, action: (runtime: Runtime) => T | Promise<T>): Promise<T> {
    return this.transaction(() => action(this.runtime(name)), [name]);
  }

  async #transaction<T>(action: () => T | Promise<T>, wanted: readonly PlatformName[]): Promise<T> {
    const begun: Part[] = [];
    try {
      for (const name of ORDER) {
        const part = await this.#part(name, wanted);
        if (part === undefined) continue;
        await part.store?.begin(part.runtime);
        begun.push(part);
      }
      // Policy is the machine's, not the platform's.
      for (const { runtime } of begun) runtime.policy = begun[0]!.runtime.policy;
      return await action();
    } catch (error) {
      throw commandError(error);
    } finally {
      this.#finish(begun);
    }
  }

  #finish(begun: readonly Part[]): void {
    try {
      for (const { runtime } of begun) this.#traces?.append(runtime);
      this.processes?.register(this.holds);
      for (const { runtime, store } of begun.toReversed()) store?.commit(runtime);
    } catch (error) {
      for (const { store } of begun) store?.abandon();
      throw commandError(error);
    }
  }

  async #part(name: PlatformName, wanted: readonly PlatformName[]): Promise<Part | undefined> {
    const known = this.#parts.get(name);
    if (known) return known;
    if (name !== 'windows' && !wanted.includes(name) && !this.#isStored(name)) return undefined;
    const part = await this.#newPart(name);
    this.#parts.set(name, part);
    return part;
  }

  #directory(name: PlatformName): string | undefined {
    return this.#host.storeDirectory === undefined ? undefined : join(this.#host.storeDirectory, name);
  }

  #isStored(name: PlatformName): boolean {
    const directory = this.#directory(name);
    return directory !== undefined && Store.exists(directory);
  }

  async #newPart(name: PlatformName): Promise<Part> {
    const platform = await loadPlatform(name);
    const runtime = new Runtime({
      platform,
      verify: this.desk.verify,
      host: this.#environment,
      engines: { ...standardEngines, native: () => nativeEngine },
    });
    const { process } = this.#host;
    const directory = this.#directory(name);
    if (directory === undefined || !process) return { runtime, store: undefined };
    const store = new Store({
      directory,
      processes: systemProcesses(process.pid, (pid) => process.probe(pid)),
      key: () => this.keys.storeKey(),
      userId: process.userId,
      parseObject: (bytes, path) => (isImage(bytes) ? imageObject(readAnyImage(bytes, path), bytes) : parseNamedObject(bytes, path, platform)),
    });
    return { runtime, store };
  }

  /**
   * Checks what is stored and sets right what is damaged; see `Store.repair`. The session forgets what it knew of a damaged store.
   *
   * @throws CommandError.
   */
  async repair(now: number): Promise<readonly RepairedStore[]> {
    const results: RepairedStore[] = [];
    for (const platform of ORDER.filter((name) => this.#isStored(name))) {
      try {
        const { runtime, store } = await this.#newPart(platform);
        if (store === undefined) continue;
        const result = await store.repair(runtime, now);
        results.push({ platform, directory: store.directory, ...result });
        if (result.problems.length > 0) this.#forget(platform);
      } catch (error) {
        throw commandError(error);
      }
    }
    return results;
  }

  #forget(name: PlatformName): void {
    const part = this.#parts.get(name);
    this.#parts.delete(name);
    this.#dropWhere(({ runtime }) => runtime === part?.runtime);
  }

  /** Whether this session keeps loaded objects alive. */
  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** Keeps what was loaded until `release`. */
  hold(runtime: Runtime, loaded: LoadedObject): void {
    this.#held.push({ runtime, loaded });
  }

  /** Gives up the handles of what the session holds: what nothing else refers to goes away. */
  release(wanted: (loaded: LoadedObject) => boolean): void {
    for (const { loaded } of this.#dropWhere((candidate) => wanted(candidate.loaded))) loaded.close();
  }

  #dropWhere(wanted: (candidate: HeldObject) => boolean): readonly HeldObject[] {
    const dropped = this.#held.filter(wanted);
    for (const one of dropped) this.#held.splice(this.#held.indexOf(one), 1);
    return dropped;
  }

  /** Runtimes in use, Windows first. Only within a transaction. */
  runtimes(): readonly Runtime[] {
    return ORDER.flatMap((name) => this.#parts.get(name)?.runtime ?? []);
  }

  /** The runtime of a platform that the transaction wanted. */
  runtime(name: PlatformName): Runtime {
    return this.#parts.get(name)!.runtime;
  }

  /** Makes the next id of a runtime one that no platform has given. */
  freshIds(runtime: Runtime): void {
    for (const other of this.runtimes()) runtime.objects.reserve(other.objects.nextId);
  }

  program(id: number): { readonly runtime: Runtime; readonly program: BpfProgram } | undefined {
    for (const runtime of this.runtimes()) {
      const program = runtime.program(id);
      if (program) return { runtime, program };
    }
    return undefined;
  }

  map(id: number): { readonly runtime: Runtime; readonly map: BpfMap } | undefined {
    for (const runtime of this.runtimes()) {
      const map = runtime.map(id);
      if (map) return { runtime, map };
    }
    return undefined;
  }

  /** The runtime that has an object, and the object's name; links have none. */
  object(kind: ObjectKind, id: number): { readonly runtime: Runtime; readonly name: string } | undefined {
    const runtime = this.runtimes().find(({ objects }) => objects.kindOf(id) === kind);
    return runtime && { runtime, name: (kind === 'program' ? runtime.program(id) : kind === 'map' ? runtime.map(id) : undefined)?.name ?? '' };
  }

  /** Lines that programs printed, of this session and, where there is a store, of others. */
  traceLines() {
    return this.#traces?.read() ?? this.runtimes().flatMap((runtime) => runtime.trace.since());
  }
}

const machines = new WeakMap<Session, Machine>();

/** The machine of a session, made when a command first needs it. */
export function machineOf({ session, host }: Pick<Environment, 'session' | 'host'>): Machine {
  let machine = machines.get(session);
  if (!machine) {
    machine = new Machine(host);
    machines.set(session, machine);
  }
  return machine;
}
