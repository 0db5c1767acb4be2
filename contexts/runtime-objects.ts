import type { Btf } from '../src/object/btf.ts';
import type { MapDefinition, ObjectFile } from '../src/object/object-file.ts';
import type { BpfMap } from '../src/runtime/maps/map.ts';
import type { BpfProgram } from '../src/runtime/programs.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { CommandError } from './errors.ts';
import { parseNamedObject } from './objects.ts';
import { isImage } from './runtime-images.ts';

const parsed = new WeakMap<Uint8Array, ObjectFile>();

/** The object that a program came from; undefined for native images and where its bytes were not kept. */
export function objectOf(runtime: Runtime, { source }: BpfProgram): ObjectFile | undefined {
  const { bytes, fileName } = source;
  if (bytes === undefined || isImage(bytes)) return undefined;
  let object = parsed.get(bytes);
  if (!object) {
    try {
      object = parseNamedObject(bytes, fileName, runtime.platform);
    } catch (error) {
      if (error instanceof CommandError) return undefined;
      throw error;
    }
    parsed.set(bytes, object);
  }
  return object;
}

export interface MapTypes {
  readonly btf: Btf;
  readonly byteOrder: 'little' | 'big';
  readonly definition: MapDefinition;
}

/** The C types of a map's keys and values, from the object of any program that came with it. */
export function typesOf(runtime: Runtime, map: BpfMap): MapTypes | undefined {
  for (const program of runtime.programs()) {
    const index = program.objectMapIds.indexOf(map.id);
    const object = index < 0 ? undefined : objectOf(runtime, program);
    const definition = object?.maps[index];
    if (object?.btf && definition) return { btf: object.btf, byteOrder: object.byteOrder, definition };
  }
  return undefined;
}
