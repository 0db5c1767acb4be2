import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ImageError } from './image-error.ts';

/**
 * The custom section that holds the object an image was made of, compressed (RFC 1951): the types of its maps, the lines of its programs and
 * their instructions.
 */
export const OBJECT_SECTION = 'ebpf.object';

/** Bytes of the largest object that is unpacked: what compresses a thousandfold is not one. */
const LARGEST = 0x1000_0000;

export function packObject(bytes: Uint8Array): Uint8Array {
  return deflateRawSync(bytes);
}

/** The object of that SHA-256. Throws ImageError `malformed` for anything else. */
export function unpackObject(packed: Uint8Array, sha256: string, path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(packed, { maxOutputLength: LARGEST });
  } catch {
    throw new ImageError('malformed', path, 'the object in it cannot be unpacked', OBJECT_SECTION);
  }
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new ImageError('malformed', path, 'the object in it is not the one that it was made of', OBJECT_SECTION);
  return bytes;
}
