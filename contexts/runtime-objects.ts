import type { Btf } from '../src/object/btf.ts';
import type { MapDefinition, ObjectFile } from '../src/object/object-file.ts';
import type { BpfMap } from '../src/runtime/maps/map.ts';
import type { BpfProgram } from '../src/runtime/programs.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { CommandError } from './errors.ts';
import { parseNamedObject } from './objects.ts';
import { isImage } from './runtime-images.ts';

const parsed = new WeakMap<Source, ObjectFile>();

type Source = BpfProgram['source'];

/** The object that a program or a map came from; undefined for native images and where its bytes were not kept. */
export function objectOf(runtime: Runtime, { source }: { readonly source: Source }): ObjectFile | undefined {
  const known = parsed.get(source);
  if (known) return known;
  const { bytes, fileName } = source;
  if (bytes === undefined || isImage(bytes)) return undefined;
  try {
    const object = parseNamedObject(bytes, fileName, runtime.platform);
    parsed.set(source, object);
    return object;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
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
