import { ImageError } from '../src/engine/native/image-error.ts';
import type { Btf } from '../src/object/btf.ts';
import type { MapDefinition, ObjectFile, ObjectProgram } from '../src/object/object-file.ts';
import type { BpfMap } from '../src/runtime/maps/map.ts';
import type { BpfProgram } from '../src/runtime/programs.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { CommandError } from './errors.ts';
import { parseNamedObject } from './objects.ts';
import { isImage, readAnyImage } from './runtime-images.ts';

const parsed = new WeakMap<Source, ObjectFile>();

type Source = BpfProgram['source'];

/**
 * The object that a program or a map came from, of a native image the one that it was made of; undefined where that was not kept.
 * The maps of both are the same; programs are found by `programIn`.
 */
export function objectOf(runtime: Runtime, { source }: { readonly source: Source }): ObjectFile | undefined {
  const known = parsed.get(source);
  if (known) return known;
  const { bytes, fileName } = source;
  if (bytes === undefined) return undefined;
  try {
    const image = isImage(bytes) ? readAnyImage(bytes, fileName) : undefined;
    const original = image === undefined ? bytes : image.object();
    if (original === undefined) return undefined;
    const object = parseNamedObject(original, image?.manifest.source.path ?? fileName, runtime.platform);
    parsed.set(source, object);
    return object;
  } catch (error) {
    if (error instanceof CommandError || error instanceof ImageError) return undefined;
    throw error;
  }
}

/** A program's own part of the object that it came from. */
export function programIn(object: ObjectFile | undefined, { name, section, index, mode }: BpfProgram): ObjectProgram | undefined {
  if (mode !== 'native') return object?.programs[index];
  return object?.programs.find((candidate) => candidate.name === name && candidate.section === section);
}

export interface MapTypes {
  readonly btf: Btf;
  readonly byteOrder: 'little' | 'big';
  readonly definition: MapDefinition;
}

/** The C types of a map's keys and values, from the object that defines it. */
export function typesOf(runtime: Runtime, map: BpfMap): MapTypes | undefined {
  const object = map.origin && objectOf(runtime, map.origin);
  const definition = map.origin && object?.maps[map.origin.index];
  return object?.btf && definition ? { btf: object.btf, byteOrder: object.byteOrder, definition } : undefined;
}
