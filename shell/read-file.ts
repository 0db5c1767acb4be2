import { open } from 'node:fs/promises';
import { CommandError } from '../contexts/errors.ts';

/** Objects, scripts and captures are far smaller; devices that never end are not. */
const LIMIT = 256 * 1024 * 1024;

/**
 * Reads a file, pipe or device to its end.
 *
 * @throws CommandError 'file' beyond 256 MB, as soon as that is known; the error of Node where it cannot be read.
 */
export async function readWholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > LIMIT) throw tooLarge(path);
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      // One byte more than is expected, so that a file usually ends with the first piece and an empty second.
      const chunk = new Uint8Array(Math.max(65_536, size - total + 1));
      const { bytesRead } = await file.read(chunk, 0, chunk.length);
      if (bytesRead === 0) break;
      total += bytesRead;
      if (total > LIMIT) throw tooLarge(path);
      chunks.push(chunk.subarray(0, bytesRead));
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

function tooLarge(path: string): CommandError {
  return new CommandError('file', `error: file ${path} is too large (more than ${LIMIT / 1024 / 1024} MB)`);
}
