/** Ethernet frames with empty TCP, UDP and ICMP packets. */
export const FRAMES: readonly Uint8Array[] = [42, 60, 90].map((size, index) => {
  const frame = new Uint8Array(size);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0, 0, size - 14], 0);
  frame[23] = [6, 17, 1][index]!;
  return frame;
});

/** Captures of both formats in both byte orders, with all that their readers know. */
export function captures(): Record<string, Uint8Array> {
  return {
    'le.pcap': pcap(FRAMES, true, 0xa1b2_c3d4),
    'be.pcap': pcap(FRAMES, false, 0xa1b2_3c4d),
    'le.pcapng': pcapng(FRAMES, true),
    'be.pcapng': pcapng(FRAMES, false),
  };
}
function pcap(frames: readonly Uint8Array[], little: boolean, magic: number): Uint8Array {
  const parts = [fields(little, [4, magic], [2, 2], [2, 4], [4, 0], [4, 0], [4, 65_535], [4, 1])];
  for (const frame of frames) parts.push(fields(little, [4, 1_700_000_000], [4, 999_999], [4, frame.length], [4, frame.length]), frame);
  return concatenate(parts);
}

function pcapng(frames: readonly Uint8Array[], little: boolean): Uint8Array {
  const block = (type: number, ...body: readonly Uint8Array[]) => {
    const content = concatenate(body);
    const padded = Math.ceil(content.length / 4) * 4;
    return concatenate([
      fields(little, [4, type], [4, padded + 12]),
      content,
      new Uint8Array(padded - content.length),
      fields(little, [4, padded + 12]),
    ]);
  };
  const [first, second, third] = frames as [Uint8Array, Uint8Array, Uint8Array];
  return concatenate([
    block(0x0a0d_0d0a, fields(little, [4, 0x1a2b_3c4d], [2, 1], [2, 0], [4, 0xffff_ffff], [4, 0xffff_ffff])),
    block(1, fields(little, [2, 1], [2, 0], [4, 65_535], [2, 9], [2, 1], [1, 9], [1, 0], [2, 0], [2, 0], [2, 0])),
    block(1, fields(little, [2, 101], [2, 0], [4, 0], [2, 14], [2, 8], [4, little ? 7 : 0], [4, little ? 0 : 7], [2, 0], [2, 0])),
    block(6, fields(little, [4, 0], [4, 0x1797_b0a0], [4, 0], [4, first.length], [4, first.length]), first),
    block(0x4000_0bad, fields(little, [4, 1], [4, 2])),
    block(3, fields(little, [4, second.length]), second),
    block(6, fields(little, [4, 1], [4, 0], [4, 5], [4, third.length - 14], [4, third.length - 14]), third.subarray(14)),
    block(2, fields(little, [2, 0], [2, 0], [4, 0], [4, 9], [4, first.length], [4, first.length]), first),
    block(5, fields(little, [4, 0], [4, 0], [4, 0])),
  ]);
}

export function fields(little: boolean, ...values: readonly (readonly [1 | 2 | 4, number])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of values) {
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, little);
    else view.setUint32(at, value, little);
    at += size;
  }
  return bytes;
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
