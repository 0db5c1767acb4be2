import type { CompiledProgram, Engine, ExecutableProgram, ExecutionHost } from '../engine/engine.ts';
import type { ObjectFile, ObjectProgram } from '../object/object-file.ts';
import type { AttachType, Platform, ProgramType } from '../platform/platform.ts';
import { type EngineFactories, standardEngines } from './engines.ts';
import { type HelperEnvironment, newNotes, type RunState } from './helpers/environment.ts';
import { KernelObjects } from './helpers/kernel-objects.ts';
import { InterfaceTable } from './hooks/interfaces.ts';
import type { HostEnvironment } from './host.ts';
import { type AttachParameters, allowsSeveral, type BpfLink, checkParameters, covers, sameParameters } from './links.ts';
import { type LoadedObject, type LoadObjectOptions, ObjectLoader } from './loader.ts';
import { createMap, type MapExtras } from './maps/create.ts';
import { type MapProvider, sampleHashProvider } from './maps/custom.ts';
import type { BpfMap, MapEnvironment } from './maps/map.ts';
import { ArrayOfMaps, HashOfMaps } from './maps/map-of-maps.ts';
import { ProgramArrayMap } from './maps/program-array.ts';
import { type MapRules, type MapSpecification, mapRules } from './maps/rules.ts';
import { LinearMemory } from './memory.ts';
import { ObjectTable } from './objects.ts';
import { autoPinPath, PinTable } from './pins.ts';
import { defaultPolicy, type ExecutionMode, type Policy, requireAllowed } from './policy.ts';
import type { BpfProgram } from './programs.ts';
import { RuntimeError } from './result.ts';
import { runTest, type TestRunOptions, type TestRunResult } from './test-run.ts';
import { TimerQueue } from './timers.ts';
import { TraceRing } from './trace.ts';
import type { Verdict } from './verdict.ts';

/** What a verifier is asked. */
export interface VerifyRequest {
  readonly object: ObjectFile;
  readonly program: ObjectProgram;
  readonly programType: ProgramType;
  readonly platform: Platform;
}

/** Judges a program; the runtime loads only what is accepted. */
export type VerifyFunction = (request: VerifyRequest) => Verdict | Promise<Verdict>;

export interface RuntimeOptions {
  readonly platform: Platform;
  readonly verify: VerifyFunction;
  readonly host: HostEnvironment;
  /** Default: `standardEngines`. */
  readonly engines?: EngineFactories;
  readonly policy?: Policy;
  /** Map types that extensions bring, by name. The sample extension's is always there. */
  readonly mapProviders?: readonly MapProvider[];
  /** Limit of the linear memory in bytes; default 4 GiB. */
  readonly memoryLimit?: number;
}

export interface PinnedObject {
  readonly path: string;
  readonly id: number;
  readonly kind: 'map' | 'program' | 'link';
}

type KernelObject = BpfMap | BpfProgram | BpfLink;

/** The in-process counterpart of ebpfcore and its service: objects, hooks and runs over one linear memory. */
export class Runtime {
  readonly platform: Platform;
  readonly host: HostEnvironment;
  readonly memory: LinearMemory;
  readonly trace = new TraceRing();
  readonly verify: VerifyFunction;
  readonly mapRules: MapRules;
  readonly objects = new ObjectTable<KernelObject>();
  readonly pins: PinTable;
  readonly interfaces: InterfaceTable;
  readonly helperEnvironment: HelperEnvironment;
  policy: Policy;
  /** Number of runs so far: whoever mirrors maps learns from it that programs may have stored through value pointers. */
  runs = 0;
  readonly #maps = new Map<number, BpfMap>();
  readonly #engines = new Map<ExecutionMode, Engine>();
  readonly #factories: EngineFactories;
  readonly #providers: ReadonlyMap<string, MapProvider>;
  #pinnedCpu: number | undefined;

  constructor(options: RuntimeOptions) {
    const { platform, host } = options;
    this.platform = platform;
    this.host = host;
    this.verify = options.verify;
    this.policy = options.policy ?? defaultPolicy;
    this.memory = new LinearMemory(undefined, options.memoryLimit);
    this.mapRules = mapRules(platform.name);
    this.pins = new PinTable(platform.name);
    this.interfaces = new InterfaceTable(platform.name);
    this.#factories = options.engines ?? standardEngines;
    this.#providers = new Map([sampleHashProvider, ...(options.mapProviders ?? [])].map((provider) => [provider.typeName, provider]));
    this.helperEnvironment = this.#environment();
  }

  #environment(): HelperEnvironment {
    const { limits } = this.platform;
    const base = this.memory.allocate(limits.stackSize * limits.callFrames, 'stack', 'stack');
    const packetLoad = (_context: number, offset: number, size: 1 | 2 | 4) => this.#packetLoad(offset, size);
    const execution: ExecutionHost = {
      memory: this.memory.memory,
      stackBase: base,
      frameSize: limits.stackSize,
      maxFrames: limits.callFrames,
      maxTailCalls: limits.tailCalls,
      pendingTailCall: undefined,
      packetLoad,
    };
    const run: RunState = {
      programName: '',
      programType: '',
      attachType: '',
      context: 0,
      layout: undefined,
      packet: undefined,
      hook: {},
      redirectContext: undefined,
      redirect: undefined,
      events: [],
      packetWritable: false,
      notes: newNotes(),
    };
    const kernel = new KernelObjects(this.memory, this.platform);
    const maps: MapEnvironment = {
      standIn: (struct) => kernel.standIn(struct),
      memory: this.memory,
      host: this.host,
      rules: this.mapRules,
      currentCpu: () => this.#pinnedCpu ?? this.host.currentCpu(),
      objects: {
        program: (id) => {
          const program = this.program(id);
          return program && { id, programType: program.type.name };
        },
        map: (id) => this.map(id),
        hold: (id, holder) => this.objects.hold(id, { kind: 'map', key: holder.id }),
        drop: (id, holder) => this.objects.drop(id, { kind: 'map', key: holder.id }),
      },
    };
    return {
      ...maps,
      execution,
      trace: this.trace,
      run,
      mapsByHandle: this.#maps,
      compiled: (id) => this.program(id)?.compiled,
      kernel,
      timers: new TimerQueue(),
    };
  }

  /** LD_ABS and LD_IND: big-endian loads from the packet; SKF_NET_OFF and SKF_LL_OFF select the header to count from. */
  #packetLoad(offset: number, size: 1 | 2 | 4): number {
    const { packet } = this.helperEnvironment.run;
    if (packet === undefined) return -1;
    const firstHeader = packet.linkStart ?? packet.start;
    let address = packet.start + offset;
    if (offset < 0) {
      if (offset >= SKF_NET_OFF) address = firstHeader + ETHERNET_HEADER + (offset - SKF_NET_OFF);
      else if (offset >= SKF_LL_OFF) address = firstHeader + (offset - SKF_LL_OFF);
      else return -1;
    }
    if (address < firstHeader || address + size > packet.end) return -1;
    const { view } = this.memory;
    return size === 1 ? view.getUint8(address) : size === 2 ? view.getUint16(address, false) : view.getUint32(address, false);
  }

  // Look-ups --------------------------------------------------------------------------------------------------------

  program(id: number): BpfProgram | undefined {
    return this.objects.get('program', id) as BpfProgram | undefined;
  }
  map(id: number): BpfMap | undefined {
    return this.objects.get('map', id) as BpfMap | undefined;
  }
  link(id: number): BpfLink | undefined {
    return this.objects.get('link', id) as BpfLink | undefined;
  }
  /** Programs by ascending id. */
  programs(): BpfProgram[] {
    return this.objects.list('program') as BpfProgram[];
  }
  maps(): BpfMap[] {
    return this.objects.list('map') as BpfMap[];
  }
  links(): BpfLink[] {
    return this.objects.list('link') as BpfLink[];
  }
  /** Pins sorted by path. */
  pinned(): PinnedObject[] {
    return this.pins.list().map(({ path, id }) => ({ path, id, kind: this.objects.kindOf(id) ?? 'map' }));
  }
  /** Number of pins of an object. */
  pinCount(id: number): number {
    return this.objects.countHolders(id, 'pin');
  }
  /** Number of attachments of a program. */
  linkCount(programId: number): number {
    return this.links().filter((link) => link.programId === programId && link.state === 'attached').length;
  }

  // Making things ---------------------------------------------------------------------------------------------------

  /** Makes a map, held by one handle. Errors as `createMap`. */
  createMap(specification: MapSpecification, extras: MapExtras & { readonly id?: number | undefined } = {}): BpfMap {
    const provider = this.#providers.get(specification.type.name);
    const map = createMap(this.helperEnvironment, specification, provider === undefined ? extras : { provider, ...extras });
    const id = this.objects.add(
      'map',
      map.name,
      map,
      {
        destroy: () => {
          this.#maps.delete(map.handle);
          map.destroy();
        },
        userReleased: () => map.userReleased(),
      },
      extras.id,
    );
    map.register(id);
    this.#maps.set(map.handle, map);
    return map;
  }

  /**
   * Loads an object's programs after verifying each. Throws VerificationFailure, EBPF_BLOCKED_BY_POLICY, and what maps throw;
   * nothing stays loaded then.
   */
  loadObject(object: ObjectFile, options: LoadObjectOptions = {}): Promise<LoadedObject> {
    return new ObjectLoader(this, object, options).load();
  }

  /**
   * Enters a verified program; for the loader and the store. With an id (restoring) it is compiled when it first runs, and the policy,
   * which governs loading, is not asked again.
   */
  addProgram(description: Omit<BpfProgram, 'id' | 'compiled'>, executable: () => ExecutableProgram, id?: number): BpfProgram {
    let compiled: CompiledProgram | undefined;
    const compile = () => {
      compiled ??= this.#engine(description.mode).compile(executable(), this.helperEnvironment.execution);
      return compiled;
    };
    if (id === undefined) {
      requireAllowed(this.policy, description.mode);
      compile();
    }
    const program: BpfProgram = Object.defineProperties({ id: 0 }, Object.getOwnPropertyDescriptors(description)) as BpfProgram;
    Object.defineProperty(program, 'compiled', { get: compile, enumerable: false });
    program.id = this.objects.add(
      'program',
      program.name,
      program,
      {
        destroy: () => {
          for (const map of program.mapIds) this.objects.drop(map, { kind: 'program', key: program.id });
        },
      },
      id,
    );
    for (const map of program.mapIds) this.objects.hold(map, { kind: 'program', key: program.id });
    return program;
  }

  /** The engine of a mode. Throws EBPF_OPERATION_NOT_SUPPORTED. */
  #engine(mode: ExecutionMode): Engine {
    const known = this.#engines.get(mode);
    if (known !== undefined) return known;
    const factory = this.#factories[mode];
    if (factory === undefined) throw new RuntimeError('EBPF_OPERATION_NOT_SUPPORTED', `This runtime has no way to run programs in mode ${mode}.`);
    const engine = factory((handle) => this.#maps.get(handle)?.layout);
    this.#engines.set(mode, engine);
    return engine;
  }

  /** Makes a program keep a map that its code does not name (bpf_prog_bind_map). Throws EBPF_OBJECT_NOT_FOUND. */
  bindMap(programId: number, mapId: number): void {
    const program = this.program(programId);
    if (program === undefined || this.map(mapId) === undefined) throw new RuntimeError('EBPF_OBJECT_NOT_FOUND', 'There is no such program or map.');
    if (program.mapIds.includes(mapId)) return;
    this.objects.hold(mapId, { kind: 'program', key: programId });
    program.mapIds = [...program.mapIds, mapId];
  }

  // Handles and pins ------------------------------------------------------------------------------------------------

  /** Takes one more handle of an object. */
  openHandle(id: number): void {
    this.objects.hold(id, { kind: 'handle', key: 0 });
  }

  /** Gives a handle back; the last reference destroys the object. A link that is not legacy is detached with its last handle. */
  closeHandle(id: number): void {
    const link = this.link(id);
    this.objects.drop(id, { kind: 'handle', key: 0 });
    if (link !== undefined && !link.legacy && link.state === 'attached' && this.objects.userCount(id) === 0) this.detach(id);
    this.#breakCycles();
  }

  /** Pins an object; returns the canonical path. Errors: EBPF_OBJECT_NOT_FOUND, EBPF_OBJECT_ALREADY_EXISTS, EBPF_INVALID_ARGUMENT. */
  pin(id: number, path: string): string {
    if (this.objects.kindOf(id) === undefined) throw new RuntimeError('EBPF_OBJECT_NOT_FOUND', `There is no object with id ${id}.`);
    const canonical = this.pins.add(path, id);
    this.objects.hold(id, { kind: 'pin', key: canonical });
    return canonical;
  }

  /** Removes a pin; returns it. Errors: EBPF_KEY_NOT_FOUND, EBPF_INVALID_ARGUMENT. */
  unpin(path: string): { readonly path: string; readonly id: number } {
    const removed = this.pins.remove(path);
    const link = this.link(removed.id);
    this.objects.drop(removed.id, { kind: 'pin', key: removed.path });
    if (link !== undefined && !link.legacy && link.state === 'attached' && this.objects.userCount(removed.id) === 0) this.detach(removed.id);
    this.#breakCycles();
    return removed;
  }

  /** Removes every pin of an object; returns the paths in order. */
  unpinAll(id: number): string[] {
    const paths = this.pins.pathsOf(id);
    for (const path of paths) this.unpin(path);
    return paths;
  }

  /** Path of a map with LIBBPF_PIN_BY_NAME. */
  autoPinPath(mapName: string): string {
    return autoPinPath(this.platform.name, mapName);
  }

  /** Throws EBPF_INVALID_STATE naming the holders when anything but `handles` refers to the object. */
  requireUnused(id: number): void {
    const holders = this.objects.holders(id).filter((holder) => holder !== 'a handle');
    if (holders.length > 0) {
      throw new RuntimeError('EBPF_INVALID_STATE', `Object ${id} is still in use by ${holders.join(', ')}.`, { holders });
    }
  }

  // Attaching -------------------------------------------------------------------------------------------------------

  /**
   * Attaches a program. Without `attachType`: the program's own. Throws EBPF_INVALID_ARGUMENT for another type's hook or wrong
   * parameters, EBPF_EXTENSION_FAILED_TO_LOAD when the hook takes one program only and has one.
   */
  attach(
    programId: number,
    attachType?: AttachType,
    parameters: AttachParameters = {},
    options: { readonly legacy?: boolean; readonly id?: number } = {},
  ): BpfLink {
    const program = this.program(programId);
    if (program === undefined) throw new RuntimeError('EBPF_OBJECT_NOT_FOUND', `There is no program ${programId}.`);
    const type = attachType ?? program.attachType;
    if (type?.programType !== program.type.name) {
      throw new RuntimeError(
        'EBPF_INVALID_ARGUMENT',
        `Program ${program.name} (${program.type.name}) cannot be attached to ${type?.name ?? 'anything'}.`,
      );
    }
    checkParameters(type, parameters);
    const rivals = this.links().filter(
      (link) => link.state === 'attached' && link.attachType.name === type.name && sameParameters(link.parameters, parameters),
    );
    const rival = rivals[0];
    if (rival !== undefined && (!allowsSeveral(this.platform, type) || rivals.some((link) => link.programId === programId))) {
      throw new RuntimeError('EBPF_EXTENSION_FAILED_TO_LOAD', `Program ${rival.programId} is already attached to ${type.name} (link ${rival.id}).`);
    }
    return this.#addLink({ programId, attachType: type, parameters, legacy: options.legacy ?? false, state: 'attached' }, options.id);
  }

  /** Brings back a saved link under its id, detached ones as well; for the store. Throws EBPF_OBJECT_NOT_FOUND for an unknown program. */
  restoreLink({ id, ...description }: BpfLink): BpfLink {
    if (description.state === 'detached') return this.#addLink(description, id);
    const { programId, attachType, parameters, legacy } = description;
    return this.attach(programId, attachType, parameters, { legacy, id });
  }

  #addLink(description: Omit<BpfLink, 'id'>, id: number | undefined): BpfLink {
    const link: { -readonly [Key in keyof BpfLink]: BpfLink[Key] } = { id: 0, ...description };
    link.id = this.objects.add('link', link.attachType.name, link, { destroy: () => this.#released(link) }, id);
    if (link.state === 'detached') return link;
    this.objects.hold(link.programId, { kind: 'link', key: link.id });
    // An attachment is a reference of its own until it is detached.
    if (link.legacy) this.objects.hold(link.id, { kind: 'program', key: link.programId });
    return link;
  }

  /** Detaches explicitly; the link object stays as long as someone holds it. Throws EBPF_OBJECT_NOT_FOUND. */
  detach(linkId: number): void {
    const link = this.link(linkId);
    if (link === undefined) return;
    if (link.state === 'detached') return;
    link.state = 'detached';
    this.objects.drop(link.programId, { kind: 'link', key: link.id });
    this.objects.drop(linkId, { kind: 'program', key: link.programId });
    this.#breakCycles();
  }

  /** Objects that `roots` and what they refer to keep alive, by id. */
  reachable(roots: Iterable<number>): Set<number> {
    const seen = new Set<number>();
    const visit = (id: number): void => {
      if (seen.has(id) || this.objects.kindOf(id) === undefined) return;
      seen.add(id);
      const map = this.map(id);
      if (map instanceof ProgramArrayMap || map instanceof ArrayOfMaps || map instanceof HashOfMaps) {
        for (const { value } of map.entries()) visit(new DataView(value.buffer, value.byteOffset).getUint32(0, true));
      }
      for (const mapId of this.program(id)?.mapIds ?? []) visit(mapId);
      const link = this.link(id);
      if (link?.state === 'attached') visit(link.programId);
    };
    for (const id of roots) visit(id);
    return seen;
  }

  /** A program array and its programs may refer to each other: what nobody outside refers to is let go. */
  #breakCycles(): void {
    const arrays = this.maps().filter((map) => map instanceof ProgramArrayMap);
    if (arrays.length === 0) return;
    const owned = [...this.programs(), ...this.maps(), ...this.links()].map(({ id }) => id).filter((id) => this.objects.userCount(id) > 0);
    const attached = this.links().filter(({ state }) => state === 'attached');
    const alive = this.reachable([...owned, ...attached.map(({ id }) => id)]);
    for (const array of arrays) if (!alive.has(array.id)) array.clear();
  }

  #released(link: BpfLink): void {
    if (link.state === 'attached') {
      link.state = 'detached';
      this.objects.drop(link.programId, { kind: 'link', key: link.id });
    }
  }

  /** Makes an attachment outlive its handles (bpf_link__disconnect). */
  disconnect(linkId: number): void {
    const link = this.link(linkId) as { legacy: boolean; programId: number } | undefined;
    if (link === undefined || link.legacy) return;
    link.legacy = true;
    this.objects.hold(linkId, { kind: 'program', key: link.programId });
  }

  /** Programs that an event at a hook meets, in order of attachment. */
  attached(attachType: string, event: AttachParameters = {}): { readonly link: BpfLink; readonly program: BpfProgram }[] {
    const met: { link: BpfLink; program: BpfProgram }[] = [];
    for (const link of this.links()) {
      const program = this.program(link.programId);
      if (link.state === 'attached' && link.attachType.name === attachType && program !== undefined && covers(link.parameters, event))
        met.push({ link, program });
    }
    return met;
  }

  // Running ---------------------------------------------------------------------------------------------------------

  /** bpf_prog_test_run. Throws RuntimeError for bad input, ExecutionFault when the program goes wrong. */
  testRun(program: BpfProgram, options: TestRunOptions = {}): TestRunResult {
    this.runs++;
    this.fireTimers();
    const result = runTest(this.platform, this.helperEnvironment, program, options, (cpu) => {
      this.#pinnedCpu = cpu;
    });
    this.fireTimers();
    return result;
  }

  /** Runs the timers of programs that are due; returns how many. Runs do it before and after; whoever only waits calls it. */
  fireTimers(): number {
    return this.helperEnvironment.timers.fire(this.helperEnvironment);
  }
}

const ETHERNET_HEADER = 14;
const SKF_NET_OFF = -0x10_0000;
const SKF_LL_OFF = -0x20_0000;
