/** What a file is by its content, whatever its name says. `native` is our ahead-of-time image. */
export type FileFormat = 'elf' | 'native' | 'pe' | 'unknown';

/** `\0asm`, WebAssembly's magic: a native image is a WebAssembly module with custom sections. */
const MAGICS: readonly { readonly format: FileFormat; readonly bytes: readonly number[] }[] = [
  { format: 'elf', bytes: [0x7f, 0x45, 0x4c, 0x46] },
  { format: 'native', bytes: [0x00, 0x61, 0x73, 0x6d] },
];

/**
 * Recognises a file by its first bytes: an ELF object, a native image (a WebAssembly module), a Windows PE image
 * (`MZ` whose header points at `PE\0\0`), or none of these.
 */
export function detectFormat(bytes: Uint8Array): FileFormat {
  const match = MAGICS.find((magic) => magic.bytes.every((byte, index) => bytes[index] === byte));
  if (match !== undefined) return match.format;
  if (bytes.length < 0x40 || bytes[0] !== 0x4d || bytes[1] !== 0x5a) return 'unknown';
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0x3c, true);
  const signature = [0x50, 0x45, 0, 0];
  return signature.every((byte, index) => bytes[header + index] === byte) ? 'pe' : 'unknown';
}
