import type { KeyObject } from 'node:crypto';
import packageData from '../../package.json' with { type: 'json' };
import { writeC } from '../../src/engine/native/c-backend.ts';
import { type ImageSource, writeImage } from '../../src/engine/native/image.ts';
import { keyThumbprint } from '../../src/engine/native/signature.ts';
import type { ObjectFile } from '../../src/object/object-file.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { deterministicHost } from '../../src/runtime/host.ts';
import { makeExecutable, programsToLoad, requireByteOrder } from '../../src/runtime/loader.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { PROOF, SIGNER, sizeKey, typeKey } from '../runtime-images.ts';

/** An object's programs, ready for either backend. They must have been verified: the metadata says so. */
function imageSource(object: ObjectFile, platform: Platform, types: ReadonlyMap<string, string>) {
  requireByteOrder(object);
  // Helpers are bound to nothing that runs: only their prototypes count.
  const runtime = new Runtime({ platform, host: deterministicHost(), verify: () => unreachable() });
  const programs = programsToLoad(object).map((program) => {
    const type = platform.programTypes.find(({ name }) => name === types.get(program.name))!;
    return { ...makeExecutable(runtime, object, program, type, () => undefined), section: program.section, lines: program.lines, size: program.size };
  });
  return {
    programs,
    maps: object.maps,
    source: { path: object.path, sha256: object.sha256 },
    platform: platform.name,
    version: `ebpfsh ${packageData.version}`,
    metadata: {
      [PROOF]: object.sha256,
      ...Object.fromEntries(
        programs.flatMap(({ name, size }) => [
          [typeKey(name), types.get(name)!],
          [sizeKey(name), String(size)],
        ]),
      ),
    },
    frameSize: platform.limits.stackSize,
    maxFrames: platform.limits.callFrames,
  } satisfies ImageSource;
}

function unreachable(): never {
  throw new Error('nothing is loaded here');
}

/**
 * The native image of an object.
 *
 * @param bytes those of the object: the image carries them.
 * @param types program types by program name.
 * @param key signs it; undefined leaves it unsigned.
 */
export function convertObject(
  object: ObjectFile,
  bytes: Uint8Array,
  platform: Platform,
  types: ReadonlyMap<string, string>,
  key: KeyObject | undefined,
): Uint8Array {
  const source = { ...imageSource(object, platform, types), object: bytes };
  return writeImage(key ? { ...source, metadata: { ...source.metadata, [SIGNER]: keyThumbprint(key) } } : source, key);
}

/** The same as C source. @param name prefix of its table. */
export function convertToC(object: ObjectFile, platform: Platform, types: ReadonlyMap<string, string>, name: string): string {
  return writeC({ ...imageSource(object, platform, types), name });
}
