import { CommandError } from './errors.ts';

/**
 * The lines of a script file: UTF-8 (a byte order mark is dropped), any line ends, the last line end optional.
 *
 * @param name what messages call the script.
 * @throws CommandError for bytes that are no text: they would be taken for a hundred wrong commands.
 */
export function scriptLines(bytes: Uint8Array, name: string): readonly string[] {
  const lines = decode(bytes, name).split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function decode(bytes: Uint8Array, name: string): string {
  const zero = bytes.indexOf(0);
  if (zero >= 0) throw new CommandError('script', `error: ${name} is no script: byte ${zero} is 0`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CommandError('script', `error: ${name} is no script: it is not UTF-8`);
  }
}
