import { readCapture } from '../../src/runtime/capture/capture.ts';
import { asEthernet, type CapturedPacket, CaptureError } from '../../src/runtime/capture/packet.ts';
import { writePcap } from '../../src/runtime/capture/pcap.ts';
import { writePcapng } from '../../src/runtime/capture/pcapng.ts';
import type { VirtualInterface } from '../../src/runtime/hooks/interfaces.ts';
import { type FrameVerdict, XdpHook } from '../../src/runtime/hooks/xdp.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';

const ETHERNET = 1;
/** Frames between two looks at whether the command was cancelled. */
const BATCH = 4096;

/** A frame as it left the programs. */
export interface FedFrame {
  readonly timestamp: bigint;
  readonly data: Uint8Array;
  readonly originalLength: number;
}

export interface FeedResult {
  readonly frames: number;
  readonly bytes: number;
  readonly counts: Readonly<Record<FrameVerdict, number>>;
  /** How often each return value was seen, by its name; frames that met no program are not in it. */
  readonly actions: Readonly<Record<string, number>>;
  /** Packets whose link type carries no Ethernet or IP, or that are longer than the host takes. */
  readonly skipped: number;
  readonly kept: Readonly<Record<FrameVerdict, readonly FedFrame[]>>;
  /** Why the capture ended early, after the good packets. */
  readonly damage: string | undefined;
}

/**
 * Sends packets through the XDP programs of an interface.
 *
 * @param keep verdicts whose frames are wanted.
 */
export async function feed(
  runtime: Runtime,
  target: VirtualInterface,
  packets: Iterable<CapturedPacket>,
  keep: ReadonlySet<FrameVerdict>,
  signal: AbortSignal,
): Promise<FeedResult> {
  const counts = { pass: 0, drop: 0, tx: 0, redirect: 0 };
  const kept: Record<FrameVerdict, FedFrame[]> = { pass: [], drop: [], tx: [], redirect: [] };
  const actions: Record<string, number> = {};
  const totals = { frames: 0, bytes: 0, skipped: 0 };
  let damage: string | undefined;
  const hook = new XdpHook(runtime, target);
  try {
    for (const packet of packets) {
      const frame = asEthernet(packet);
      if (!frame || frame.length > runtime.platform.limits.packetSize) {
        totals.skipped++;
        continue;
      }
      totals.frames++;
      totals.bytes += frame.length;
      const { verdict, action, data } = hook.process(frame);
      counts[verdict]++;
      if (action !== undefined) actions[action] = (actions[action] ?? 0) + 1;
      if (keep.has(verdict))
        kept[verdict].push({ timestamp: packet.timestamp, data: data.slice(), originalLength: Math.max(data.length, packet.originalLength) });
      if (totals.frames % BATCH === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) break;
      }
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    damage = error.message;
  } finally {
    hook.close();
  }
  return { ...totals, counts, actions, kept, damage };
}

/** Packets of a capture file. What is no capture at all is told like one that ends early, when its packets are read. @throws CaptureError then. */
export function* capturedPackets(bytes: Uint8Array, path: string): Generator<CapturedPacket, undefined> {
  yield* readCapture(bytes, path);
}

/** A capture of frames; the ending of the name decides between pcapng and pcap. */
export function encodeCapture(path: string, frames: readonly FedFrame[]): Uint8Array {
  return path.toLowerCase().endsWith('.pcapng') ? writePcapng(frames) : writePcap(frames, ETHERNET);
}

const SMALLEST = 64;
const SIZES = [64, 128, 256, 512, 1024, 1500];
const SECOND = 1_000_000_000n;

/** UDP over IPv4 from 10.0.0.x to 10.0.1.1 in sizes from 64 to 1500 bytes, a microsecond apart; the same every time. */
export function* generatedPackets(count: number): Generator<CapturedPacket, undefined> {
  for (let index = 0; index < count; index++) {
    const data = udpFrame(SIZES[index % SIZES.length] ?? SMALLEST, index);
    yield { timestamp: SECOND + BigInt(index) * 1000n, linkType: ETHERNET, data, originalLength: data.length, interfaceId: 0, number: index + 1 };
  }
}

function udpFrame(length: number, index: number): Uint8Array {
  const frame = new Uint8Array(length);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, index & 255, 0x08, 0x00], 0);
  frame.set([0x45, 0], 14);
  view.setUint16(16, length - 14);
  frame.set([64, 17], 22);
  frame.set([10, 0, 0, (index % 254) + 1], 26);
  frame.set([10, 0, 1, 1], 30);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum & 0xffff);
  view.setUint16(34, 1024 + (index % 60_000));
  view.setUint16(36, 9);
  view.setUint16(38, length - 34);
  return frame;
}
