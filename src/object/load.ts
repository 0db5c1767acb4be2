import { createHash } from 'node:crypto';
import type { Btf } from './btf.ts';
import { type BtfExtension, readBtfExtension } from './btf-ext.ts';
import { BtfMapReader } from './btf-maps.ts';
import { type BtfSection, readBtf } from './btf-reader.ts';
import { Reader, stringAt } from './bytes.ts';
import { readDataMaps } from './data-maps.ts';
import { placeVariables } from './datasec.ts';
import { type Elf, readElf, sectionBytes } from './elf.ts';
import { ObjectError } from './errors.ts';
import { kconfigMap, readExterns } from './externs.ts';
import { type CodeFunction, findFunctions } from './functions.ts';
import { type PlacedMap, readLegacyMaps } from './legacy-maps.ts';
import { Linker, linesOf } from './link.ts';
import type { LinkedProgram } from './linking.ts';
import type { LineInfo, MapDefinition, ObjectDefect, ObjectFile, ObjectProgram } from './object-file.ts';

export interface LoadOptions {
  /**
   * Helper id of a name, for objects that declare helpers as external functions instead of calling them by number.
   * Without it, or where it returns undefined, such a call becomes a `call_btf` of an extern of kind `function`.
   */
  readonly helperId?: (name: string) => number | undefined;
}

/**
 * Reads an eBPF ELF object. `path` is only for messages. Throws ElfError or ObjectError where the file as a whole cannot be understood:
 * the ELF skeleton, map definitions, global data. What concerns one program becomes that program's defect, found when its instructions
 * are first asked for. BTF that nothing but debugging needs may be damaged: then every program has that defect.
 */
export function loadObject(bytes: Uint8Array, path: string, options: LoadOptions = {}): ObjectFile {
  const elf = readElf(bytes, path);
  const types = new Types(elf);
  const functions = findFunctions(elf);
  const externs = readExterns(elf, types.btf);
  const btf = types.btf && placeVariables(types.btf, elf, externs.list);
  const dataSections = new Map(btf?.types.map((type, id) => [type.kind === 'datasec' ? type.name : '', id]));
  const maps = readMaps(elf, types);
  const kconfig = kconfigMap(externs.list);
  const allMaps = kconfig === undefined ? maps : [...maps, kconfig];
  const linker = new Linker({
    elf,
    functions,
    maps: allMaps,
    externs,
    kconfig: kconfig === undefined ? undefined : maps.length,
    btf: types.btf,
    get extension() {
      return types.extension;
    },
    helperId: options.helperId ?? (() => undefined),
  });
  return {
    path,
    get sha256() {
      return settle(this, 'sha256', createHash('sha256').update(bytes).digest('hex'));
    },
    byteOrder: elf.byteOrder,
    programs: functions.map((item) => program(item, linker, types)),
    maps: allMaps.map(({ definition }) => describeData(definition, dataSections)),
    externs: externs.list,
    license: text(elf, 'license'),
    version: version(elf),
    btf,
    sections: elf.sections.map(({ index, name, type, flags, offset, size }) => ({ index, name, type, flags, offset, size })),
  };
}

/** What .BTF and .BTF.ext say. The latter, which only linking needs, is read when first asked for. */
class Types {
  readonly #elf: Elf;
  #section: BtfSection | undefined;
  #extension: BtfExtension | undefined;
  #extensionRead = false;
  #problem: ObjectError | undefined;

  constructor(elf: Elf) {
    this.#elf = elf;
    this.#attempt(() => {
      const reader = readerOf(elf, '.BTF');
      this.#section = reader && readBtf(reader);
    });
  }

  get btf(): Btf | undefined {
    return this.#section?.btf;
  }

  get extension(): BtfExtension | undefined {
    this.#readExtension();
    return this.#extension;
  }

  /** Why one of the two is there but cannot be used. */
  get problem(): ObjectError | undefined {
    this.#readExtension();
    return this.#problem;
  }

  #readExtension(): void {
    if (this.#extensionRead) return;
    this.#extensionRead = true;
    const section = this.#section;
    if (section === undefined) return;
    this.#attempt(() => {
      const reader = readerOf(this.#elf, '.BTF.ext');
      this.#extension = reader && readBtfExtension(reader, section.string);
    });
  }

  #attempt(read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof ObjectError)) throw error;
      this.#problem = error;
    }
  }
}

/** A reader whose errors are ObjectErrors: the container is sound, its contents are not. */
function readerOf(elf: Elf, name: string): Reader | undefined {
  const section = elf.sections.find((candidate) => candidate.name === name);
  if (section === undefined) return undefined;
  return new Reader(
    sectionBytes(elf, section),
    elf.byteOrder,
    name,
    (kind, reason, location) => new ObjectError(kind, elf.path, `Invalid ${name} section: ${reason}`, location),
  );
}

function readMaps(elf: Elf, types: Types): readonly PlacedMap[] {
  const legacy = readLegacyMaps(elf);
  const section = elf.sections.find((candidate) => candidate.name === '.maps' && candidate.size > 0);
  if (section !== undefined && types.btf === undefined) {
    throw types.problem ?? new ObjectError('inconsistent', elf.path, 'the object has no BTF to describe its maps', { section: '.maps' });
  }
  const described = section === undefined || types.btf === undefined ? [] : new BtfMapReader(elf, types.btf, section).read(legacy.length);
  return [...legacy, ...described, ...readDataMaps(elf)];
}

/** A program whose linked parts are computed together when one of them is first asked for. */
function program(item: CodeFunction, linker: Linker, types: Types): ObjectProgram {
  let linked: LinkedProgram | undefined;
  let lines: readonly LineInfo[] | undefined;
  const parts = (): LinkedProgram => {
    linked ??= linker.link(item);
    return linked;
  };
  return {
    section: item.section.name,
    name: item.name,
    size: item.size,
    offset: item.offset,
    get instructions() {
      return parts().instructions;
    },
    get functions() {
      return parts().functions;
    },
    get lines() {
      lines ??= linesOf(parts().functions, types.extension);
      return lines;
    },
    get defect(): ObjectDefect | undefined {
      return types.problem === undefined ? parts().defect : { message: types.problem.message, slot: 0 };
    },
  };
}

/** Gives a map of global data the BTF data section that describes its value. */
function describeData(map: MapDefinition, sections: ReadonlyMap<string, number>): MapDefinition {
  const id = map.data === undefined ? undefined : sections.get(map.data.section);
  return id === undefined ? map : { ...map, valueTypeId: id };
}

/** Replaces a getter by its value, so that it is computed once. */
function settle<T>(owner: object, key: string, value: T): T {
  Object.defineProperty(owner, key, { value, enumerable: true });
  return value;
}

function text(elf: Elf, name: string): string | undefined {
  const section = elf.sections.find((candidate) => candidate.name === name);
  return section === undefined ? undefined : stringAt(sectionBytes(elf, section), 0);
}

function version(elf: Elf): number | undefined {
  const section = elf.sections.find((candidate) => candidate.name === 'version');
  if (section === undefined) return undefined;
  const bytes = sectionBytes(elf, section);
  return new Reader(bytes, elf.byteOrder, section.name, (kind, reason, location) => new ObjectError(kind, elf.path, reason, location)).u32(
    0,
    'version',
  );
}
