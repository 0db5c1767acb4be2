import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../shared/corpus/', import.meta.url));

/** Path of a file or folder of the shared corpora (see its README), or undefined where they are not beside the project. */
export function corpusPath(relative: string): string | undefined {
  const path = `${root}${relative}`;
  return existsSync(path) ? path : undefined;
}

/** Says loudly that corpus cases were not run; returns the number for the caller's own message. */
export function reportSkipped(folder: string, cases: number | string): void {
  console.warn(`SKIPPED: ${cases} cases of ../shared/corpus/${folder} (the folder is absent)`);
}
