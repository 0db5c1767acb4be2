import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { ImageError } from './image-error.ts';

/**
 * Ed25519 signatures of images. The signature is the image's last section and covers every byte before that section:
 * ```
 *   0            32                 96
 *   | public key | signature        |
 * ```
 */
export const SIGNATURE_SECTION = 'ebpf.signature';
const KEY_SIZE = 32;
const SIGNATURE_SIZE = 64;
/** DER of an Ed25519 SubjectPublicKeyInfo up to the key itself (RFC 8410, section 4). */
const SPKI_PREFIX = Uint8Array.from([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]);

/** SHA-256 of the public key in DER form, lower-case hex: how people name a key. Accepts either key of the pair. */
export function keyThumbprint(key: KeyObject): string {
  return createHash('sha256').update(publicDer(key)).digest('hex');
}

function publicDer(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new TypeError('images are signed with Ed25519 keys');
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** Content of the signature section for an image that so far consists of `bytes`. */
export function signImage(bytes: Uint8Array, key: KeyObject): Uint8Array {
  const out = new Uint8Array(KEY_SIZE + SIGNATURE_SIZE);
  out.set(publicDer(key).subarray(SPKI_PREFIX.length));
  out.set(sign(null, bytes, key), KEY_SIZE);
  return out;
}

/** Checks a signature section against the bytes before it; returns the signer's key. Throws ImageError `malformed` or `altered`. */
export function verifyImage(bytes: Uint8Array, content: Uint8Array, path: string): KeyObject {
  if (content.length !== KEY_SIZE + SIGNATURE_SIZE)
    throw new ImageError('malformed', path, `${content.length} bytes instead of ${KEY_SIZE + SIGNATURE_SIZE}`, SIGNATURE_SECTION);
  let valid = false;
  let key: KeyObject | undefined;
  try {
    key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, content.subarray(0, KEY_SIZE)]), format: 'der', type: 'spki' });
    valid = verify(null, bytes, key, content.subarray(KEY_SIZE));
  } catch {
    valid = false;
  }
  if (!valid || key === undefined) throw new ImageError('altered', path, 'the image was changed after it was signed', SIGNATURE_SECTION);
  return key;
}
