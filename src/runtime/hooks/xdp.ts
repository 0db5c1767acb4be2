import type { PacketBuffer } from '../helpers/environment.ts';
import { thrownResult } from '../helpers/objects.ts';
import { publishPacket } from '../helpers/packet.ts';
import type { BpfProgram } from '../programs.ts';
import { RuntimeError } from '../result.ts';
import type { Runtime } from '../runtime.ts';
import type { VirtualInterface } from './interfaces.ts';
import { roomFor } from './packet-room.ts';
import { returnValueName } from './return-values.ts';

/** Where a frame goes after the programs. */
export type FrameVerdict = 'pass' | 'drop' | 'tx' | 'redirect';

export interface ProcessedFrame {
  readonly verdict: FrameVerdict;
  /** "XDP_DROP"; undefined when no program was attached. */
  readonly action: string | undefined;
  /** The frame as the programs left it. */
  readonly data: Uint8Array;
}

/** At least what `roomFor` wants on each side of a frame. */
const FRAME_ROOM = 4096;

/** Unknown actions drop the frame, on both platforms (bpf_warn_invalid_xdp_action). */
const verdicts: Readonly<Record<'windows' | 'linux', Readonly<Record<number, FrameVerdict>>>> = {
  windows: { 1: 'pass', 2: 'drop', 3: 'tx', 4: 'redirect' },
  linux: { 0: 'drop', 1: 'drop', 2: 'pass', 3: 'tx', 4: 'redirect' },
};

/** Runs the XDP programs of an interface on frames, one after another, in buffers that are made once. */
export class XdpHook {
  readonly #runtime: Runtime;
  readonly #interface: VirtualInterface;
  readonly #largest: number;
  readonly #buffer: number;
  readonly #context: number;

  constructor(runtime: Runtime, target: VirtualInterface) {
    this.#runtime = runtime;
    this.#interface = target;
    this.#largest = runtime.platform.limits.packetSize;
    this.#buffer = runtime.memory.allocate(FRAME_ROOM + this.#largest + FRAME_ROOM, 'packet', `frames of ${target.name}`);
    this.#context = runtime.memory.allocate(64, 'context', 'xdp_md');
  }

  /** Gives the buffers back. */
  close(): void {
    this.#runtime.memory.free(this.#buffer);
    this.#runtime.memory.free(this.#context);
  }

  /** Counts a frame, runs the programs and says what becomes of it. Throws EBPF_INVALID_ARGUMENT for frames that are too long. */
  process(frame: Uint8Array): ProcessedFrame {
    if (frame.length > this.#largest)
      throw new RuntimeError('EBPF_INVALID_ARGUMENT', `A frame has at most ${this.#largest} bytes; this one has ${frame.length}.`);
    const { counters, index } = this.#interface;
    counters.received++;
    counters.bytes += frame.length;
    const programs = this.#runtime.attached('xdp', { interfaceIndex: index });
    const first = programs[0];
    if (first === undefined) {
      counters.passed++;
      return { verdict: 'pass', action: undefined, data: frame };
    }
    const { memory, helperEnvironment, platform } = this.#runtime;
    const { run } = helperEnvironment;
    this.#runtime.runs++;
    const { program } = first;
    const layout = program.type.context;
    const room = roomFor(platform, program.type, frame.length);
    const start = this.#buffer + room.head;
    // What the frame before left in front of this one is not for its program to see.
    memory.bytes.fill(0, start - room.usable, start);
    memory.write(start, frame);
    memory.bytes.fill(0, this.#context, this.#context + layout.size);
    const ingress = layout.fields.find(({ name }) => name === 'ingress_ifindex');
    if (ingress !== undefined) memory.view.setUint32(this.#context + ingress.offset, index, true);
    const packet: PacketBuffer = {
      bufferStart: start - room.usable,
      bufferEnd: start + frame.length + room.tail,
      start,
      end: start + frame.length,
    };
    Object.assign(run, {
      programName: program.name,
      programType: program.type.name,
      attachType: 'xdp',
      context: this.#context,
      layout,
      packet,
      hook: {},
      redirect: undefined,
      packetWritable: true,
    });
    publishPacket(helperEnvironment);
    try {
      const action = this.#decide(program);
      const verdict = verdicts[platform.name][action] ?? 'drop';
      this.#count(verdict);
      return {
        verdict,
        action: returnValueName(platform, program.type, action) ?? String(action),
        data: memory.read(packet.start, packet.end - packet.start),
      };
    } finally {
      run.context = 0;
      run.packet = undefined;
      this.#runtime.fireTimers();
    }
  }

  #decide(program: BpfProgram): number {
    try {
      return program.compiled.run32(this.#context);
    } catch (error) {
      return thrownResult(error);
    }
  }

  #count(verdict: FrameVerdict): void {
    const { counters } = this.#interface;
    if (verdict === 'pass') counters.passed++;
    else if (verdict === 'drop') counters.dropped++;
    else if (verdict === 'tx') counters.transmitted++;
    else counters.redirected++;
  }
}
