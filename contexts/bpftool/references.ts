import { errorText } from '../../src/libbpf/names.ts';
import type { BpfLink } from '../../src/runtime/links.ts';
import type { BpfMap } from '../../src/runtime/maps/map.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import { Errno, RuntimeError } from '../../src/runtime/result.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Machine } from '../runtime.ts';
import { FAILED, Failure, NOT_FOUND, reasonOf } from './failure.ts';
import type { Kind, Reference } from './grammar.ts';
import { hasTags, tagOf } from './program-facts.ts';

export interface Objects {
  readonly prog: BpfProgram;
  readonly map: BpfMap;
  readonly link: BpfLink;
}

/** An object and the platform's runtime it lives in. */
export interface Found<T> {
  readonly runtime: Runtime;
  readonly object: T;
}

interface KindRow<K extends Kind> {
  /** As messages name several of them. */
  readonly plural: string;
  readonly missing: (id: number) => string;
  readonly missingCode: number;
  readonly list: (runtime: Runtime) => readonly Objects[K][];
  readonly get: (runtime: Runtime, id: number) => Objects[K] | undefined;
  /** What several may share. */
  readonly labels: { readonly [By in 'tag' | 'name']?: (found: Found<Objects[K]>) => string | undefined };
}

const KINDS: { readonly [K in Kind]: KindRow<K> } = {
  prog: {
    plural: 'programs',
    missing: (id) => `get by id (${id})`,
    missingCode: FAILED,
    list: (runtime) => runtime.programs(),
    get: (runtime, id) => runtime.program(id),
    labels: { name: ({ object }) => object.name, tag: ({ runtime, object }) => (hasTags(runtime) ? tagOf(object) : undefined) },
  },
  map: {
    plural: 'maps',
    missing: (id) => `get map by id (${id})`,
    missingCode: FAILED,
    list: (runtime) => runtime.maps(),
    get: (runtime, id) => runtime.map(id),
    labels: { name: ({ object }) => object.name },
  },
  link: {
    plural: 'links',
    missing: (id) => `failed to get link with ID ${id}`,
    missingCode: NOT_FOUND,
    list: (runtime) => runtime.links(),
    get: (runtime, id) => runtime.link(id),
    labels: {},
  },
};

/** What the pins of another kind are called. */
const TYPE_NAMES = { program: 'prog', map: 'map', link: 'link' } as const;

/** All objects of a kind, by ascending id. Only within a transaction. */
export function listAll<K extends Kind>(machine: Machine, kind: K): readonly Found<Objects[K]>[] {
  const row: KindRow<K> = KINDS[kind];
  return machine
    .runtimes()
    .flatMap((runtime) => row.list(runtime).map((object) => ({ runtime, object })))
    .toSorted((a, b) => a.object.id - b.object.id);
}

/** The objects that a reference means; several only by name or tag. @throws Failure where there is none. */
export function findAll<K extends Kind>(machine: Machine, kind: K, reference: Reference): readonly Found<Objects[K]>[] {
  const row: KindRow<K> = KINDS[kind];
  if (reference.by === 'id') {
    const found = byId(machine, row, reference.id);
    if (!found) throw new Failure(`${row.missing(reference.id)}: ${errorText(Errno.ENOENT)}`, { exitCode: row.missingCode });
    return [found];
  }
  if (reference.by === 'pinned') return [byPin(machine, kind, row, reference.text)];
  const { by, text } = reference;
  const labelled = listAll(machine, kind).filter((found) => row.labels[by]?.(found) === text);
  if (labelled.length === 0) throw new Failure(`can't find ${kind} with ${by} ${text}`);
  return labelled;
}

/** The one object that a reference means. @throws Failure where there is none or more than one. */
export function findOne<K extends Kind>(machine: Machine, kind: K, reference: Reference): Found<Objects[K]> {
  const found = findAll(machine, kind, reference);
  if (found.length > 1) throw new Failure(`several ${KINDS[kind].plural} match this handle`);
  return found[0]!;
}

function byId<K extends Kind>(machine: Machine, row: KindRow<K>, id: number): Found<Objects[K]> | undefined {
  for (const runtime of machine.runtimes()) {
    const object = row.get(runtime, id);
    if (object) return { runtime, object };
  }
  return undefined;
}

function byPin<K extends Kind>(machine: Machine, kind: K, row: KindRow<K>, path: string): Found<Objects[K]> {
  let reason = errorText(Errno.ENOENT);
  for (const runtime of machine.runtimes()) {
    try {
      const id = runtime.pins.get(path);
      const object = id === undefined ? undefined : row.get(runtime, id);
      if (object) return { runtime, object };
      const other = id === undefined ? undefined : runtime.objects.kindOf(id);
      if (other && TYPE_NAMES[other] !== kind) throw new Failure(`incorrect object type: ${TYPE_NAMES[other]}`);
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      reason = reasonOf(error);
    }
  }
  throw new Failure(`bpf obj get (${path}): ${reason}`);
}
