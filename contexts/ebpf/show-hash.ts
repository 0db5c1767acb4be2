import { ImageError } from '../../src/engine/native/image-error.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { parseObject } from '../objects.ts';
import { isImage, readAnyImage } from '../runtime-images.ts';
import { hex, parseHex } from '../runtime-values.ts';

/** SHA-256. */
const HASH_SIZE = 32;
const BYTES_PER_LINE = 16;

type Hash = { readonly bytes: Uint8Array; readonly truncatedFrom?: number; readonly signer?: string } | { readonly error: string };

export const command = defineCommand({
  tags: [
    { name: 'filename', type: 'file', required: true, help: 'A native image, or an ELF file with a section named hash.' },
    {
      name: 'hashonly',
      type: ['hashonly', 'yes', 'no'],
      help: 'yes: the digits alone, in upper case.\nThe default is no.',
    },
  ],
  remarks: 'It is the SHA-256 of the object that the image was made from.',
  examples: ['show hash droppacket.wasm', 'show hash droppacket.wasm hashonly=yes'],
  async run(tags, { host }): Promise<Hash> {
    try {
      return hashIn(await host.readFile(tags.filename), tags.filename);
    } catch (error) {
      if (error instanceof CommandError) return { error: error.message.replace(/^error/, 'Error') };
      if (error instanceof ImageError) return { error: `Error: ${error.message}` };
      throw error;
    }
  },
  text(hash, { filename, hashonly = 'no' }) {
    if ('error' in hash) return `${hash.error}\n`;
    const warning =
      hash.truncatedFrom === undefined ? '' : `Warning: Hash data (${hash.truncatedFrom} bytes) truncated to ${HASH_SIZE} bytes (SHA-256 size).\n`;
    const text = hashonly === 'no' ? hashText(filename, hash.bytes) : `${hex(hash.bytes, '').toUpperCase()}\n`;
    return [
      { stream: 'stderr', text: warning },
      { stream: 'stdout', text },
    ];
  },
  json: (hash, { filename }) =>
    'error' in hash
      ? { schema: 1, error: { kind: 'hash', message: hash.error } }
      : { schema: 1, filename, sha256: hex(hash.bytes, ''), ...(hash.signer ? { signer: hash.signer } : {}) },
  outcome: (hash) => ({ exitCode: 'error' in hash ? 1 : 0 }),
});

function hashIn(file: Uint8Array, path: string): Hash {
  if (isImage(file)) {
    const { manifest, signer } = readAnyImage(file, path);
    return { bytes: parseHex(manifest.source.sha256)!, ...(signer === undefined ? {} : { signer }) };
  }
  const section = parseObject(file, path).sections.find(({ name }) => name === 'hash');
  if (!section) return { error: `Error: No hash section found in ${path}` };
  if (section.size === 0) return { error: `Error: Hash section is empty in ${path}` };
  const bytes = file.slice(section.offset, section.offset + Math.min(section.size, HASH_SIZE));
  return { bytes, ...(section.size > HASH_SIZE ? { truncatedFrom: section.size } : {}) };
}

function hashText(path: string, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) lines.push(hex(bytes.subarray(at, at + BYTES_PER_LINE)));
  return `Hash for ${path}:\nSize: ${bytes.length} bytes\nData: ${lines.join(`\n${' '.repeat(6)}`)}\n`;
}
