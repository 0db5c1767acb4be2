import { ObjectError } from '../src/object/errors.ts';
import { loadObject } from '../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import { helperByName } from '../src/platform/find.ts';
import type { Platform, PlatformName } from '../src/platform/platform.ts';
import { CommandError } from './errors.ts';
import type { Host } from './host.ts';
import { didYouMean } from './messages.ts';
import { choosePlatform, type PlatformChoice, TEXT_SECTION } from './platforms.ts';
import { suggest } from './suggest.ts';

export interface OpenedObject {
  readonly object: ObjectFile;
  readonly bytes: Uint8Array;
  readonly choice: PlatformChoice;
  /** Native images tell the types of their programs, by name. */
  readonly types?: ReadonlyMap<string, string>;
}

/**
 * Reads an eBPF object or a native image and settles which platform it is for.
 *
 * @throws CommandError 'file' where it cannot be read, 'object' where it is no eBPF object.
 */
export async function openObject(host: Host, path: string, asked: PlatformName | undefined): Promise<OpenedObject> {
  const bytes = await host.readFile(path);
  if (startsLikeImage(bytes)) return (await import('./runtime-images.ts')).openImage(bytes, path, asked);
  let platform: Platform | undefined;
  // Helpers that are called by name are linked on demand, when the section names have told the platform.
  const object = parseObject(bytes, path, (name) => platform && helperByName(platform, name)?.id);
  const choice = await choosePlatform(asked, object);
  platform = choice.platform;
  return { object, bytes, choice };
}

/** WebAssembly's magic number. */
function startsLikeImage(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}

/** @throws CommandError 'object'. */
export function parseObject(bytes: Uint8Array, path: string, helperId?: (name: string) => number | undefined): ObjectFile {
  try {
    return loadObject(bytes, path, helperId ? { helperId } : {});
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    throw new CommandError('object', `${objectErrorText(error)}${C_SOURCE.test(path) ? compileHint(path) : ''}`);
  }
}

/** The same for a platform that is settled already. */
export function parseNamedObject(bytes: Uint8Array, path: string, platform: Platform): ObjectFile {
  return parseObject(bytes, path, (name) => helperByName(platform, name)?.id);
}

const C_SOURCE = /\.c$/i;

/** Who names the source by mistake learns what makes an object of it. */
function compileHint(path: string): string {
  return `\nIt is C. "clang -target bpf -O2 -g -c ${path}" makes an object of it; "ebpf watch ${path}" does so at every change.`;
}

/** `error: ELF file x.o is malformed: section .maps +0x10: ...`, the original's words with the place added. */
function objectErrorText(error: ObjectError): string {
  if (error.kind === 'too-large') return `error: ELF file ${error.file} is too large`;
  return `error: ELF file ${error.file} is malformed${error.message.startsWith(error.file) ? error.message.slice(error.file.length) : `: ${error.message}`}`;
}

export interface Selection {
  readonly section?: string | undefined;
  readonly program?: string | undefined;
}

/**
 * The programs that a command means, in file order.
 *
 * @param entriesOnly without a section or program, leave out bare functions of `.text` where there are other programs.
 * @throws CommandError in the original's words where nothing matches.
 */
export function selectPrograms(object: ObjectFile, { section, program }: Selection, entriesOnly = false): readonly ObjectProgram[] {
  const all = object.programs;
  if (all.length === 0) throw new CommandError('object', 'error: No programs found');
  const inSection = section === undefined ? all : all.filter((candidate) => candidate.section === section);
  if (inSection.length === 0) {
    const names = all.map((candidate) => candidate.section);
    throw new CommandError('section', `error: Section not found${didYouMean(suggest(section ?? '', names))}`);
  }
  const named = program === undefined ? inSection : inSection.filter((candidate) => candidate.name === program);
  if (named.length === 0) {
    const names = inSection.map((candidate) => candidate.name);
    throw new CommandError('program', `error: No such program ${program}${didYouMean(suggest(program ?? '', names))}`);
  }
  if (!entriesOnly || section !== undefined || program !== undefined) return named;
  const entries = named.filter((candidate) => candidate.section !== TEXT_SECTION);
  return entries.length > 0 ? entries : named;
}
