import { CommandError } from '../errors.ts';
import type { Host } from '../host.ts';
import { Failure } from './failure.ts';

/** What stands for standard input or output. */
export const STANDARD = '-';

/** @throws Failure for standard input, too: in a script and at the prompt it is where the commands come from. */
export async function readInput(host: Host, path: string, message = `failed to open ${path}`): Promise<Uint8Array> {
  if (path === STANDARD) throw new Failure('standard input belongs to the shell: name a file');
  return worded(path, message, () => host.readFile(path));
}

/** @throws Failure. */
export async function writeOutput(host: Host, path: string, bytes: Uint8Array): Promise<void> {
  await worded(path, `failed to open ${path}`, () => host.writeFile(path, bytes));
}

/** `<message>: No such file or directory`, from the host's own words. */
async function worded<T>(path: string, message: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Failure(`${message}: ${error.message.replace(/^error: /, '').replace(` opening ${path}`, '')}`);
  }
}
