import type { Platform, ProgramType } from '../../platform/platform.ts';

const HEADROOM = 256;
const TAILROOM = 320;
/** struct xdp_frame, which Linux keeps in front of a frame. */
const FRAME_DESCRIPTOR = 40;
/** Bytes of data that a page has room for behind the headroom: XDP frames of Linux grow up to here (XDP_PACKET_HEADROOM, skb_shared_info). */
const LINEAR_FRAME = 4096 - HEADROOM - TAILROOM;
/** Socket buffers are reallocated as they grow: what helpers may add, a few times over. */
const SOCKET_BUFFER_ROOM = 0x4000;

/** Bytes in front of and behind a packet; `usable` are those in front that the packet may grow into. */
export interface PacketRoom {
  readonly head: number;
  readonly usable: number;
  readonly tail: number;
}

/** The room around a packet of this length for programs of a type. */
export function roomFor(platform: Platform, type: ProgramType, length: number): PacketRoom {
  if (platform.name === 'windows') return { head: HEADROOM, usable: HEADROOM, tail: TAILROOM };
  if (type.context.name === '__sk_buff') return { head: SOCKET_BUFFER_ROOM, usable: SOCKET_BUFFER_ROOM, tail: SOCKET_BUFFER_ROOM };
  return { head: HEADROOM, usable: HEADROOM - FRAME_DESCRIPTOR, tail: Math.max(TAILROOM, LINEAR_FRAME - length) };
}
