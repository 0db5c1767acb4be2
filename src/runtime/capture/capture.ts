import { type CapturedPacket, CaptureError } from './packet.ts';
import { isPcap, readPcap } from './pcap.ts';
import { isPcapng, readPcapng } from './pcapng.ts';

/** Packets of a capture in either format; throws CaptureError, after the good packets, where it is cut or damaged. */
export function readCapture(bytes: Uint8Array, path: string): Generator<CapturedPacket, undefined> {
  if (isPcapng(bytes)) return readPcapng(bytes, path);
  if (isPcap(bytes)) return readPcap(bytes, path);
  throw new CaptureError(path, 'file header', 0, 'this is neither a pcap nor a pcapng file');
}
