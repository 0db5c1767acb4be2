/** Which program type a section's programs have: by the section's name, else by what the rest of the object and the code itself tell. */
import { findHelper } from './find.ts';
import type { Platform, ProgramType } from './platform.ts';
import { matchSection } from './section.ts';

/** `section`: the name says so. `object`: the object's other programs, its file name or the helpers called do. `default`: nothing does. */
export type InferenceSource = 'section' | 'object' | 'default';

export interface InferredType {
  readonly type: ProgramType;
  readonly attachType?: string;
  /** The section's programs may sleep (".s"). */
  readonly sleepable?: boolean;
  readonly inferred: InferenceSource;
}

/** What is known about an object apart from the section in question. */
export interface ObjectEvidence {
  readonly path?: string;
  /** Names of all sections with programs. */
  readonly sections: readonly string[];
  /** Ids of helpers called, by section. */
  readonly helpers?: ReadonlyMap<string, ReadonlySet<number>>;
}

/** What programs get whose type nothing tells: the weakest type on Linux, none on Windows. */
const defaults = { linux: 'socket_filter', windows: 'unspec' } as const;

/** Tried in this order for code whose helpers must decide: the weakest first. */
const candidates = { linux: ['socket_filter', 'sched_cls', 'xdp', 'lwt_xmit', 'kprobe', 'sk_skb', 'sock_ops'], windows: [] } as const;

/** A word of a file name that tells a type where the section does not (Cilium's bpf_xdp.o). */
const fileNameWords = { linux: ['xdp'], windows: [] } as const;

function typeNamed(platform: Platform, name: string): ProgramType | undefined {
  return platform.programTypes.find((type) => type.name === name);
}

/**
 * The type that a section name selects, longest prefix first; else the platform's default. Undefined: the platform gives such
 * sections no type at all (`.text`, whose functions are no programs of their own).
 */
export function inferProgramType(platform: Platform, section: string): InferredType | undefined {
  const row = matchSection(platform, section);
  const type = typeNamed(platform, row?.programType ?? defaults[platform.name]);
  if (!type || (!row && section === '.text')) return undefined;
  return {
    type,
    inferred: row ? 'section' : 'default',
    ...(row?.attachType && { attachType: row.attachType }),
    ...(row?.sleepable && { sleepable: true }),
  };
}

/** The part of a decoded program that evidence is drawn from; `src/isa` instructions and `src/object` programs fit. */
export interface ProgramCode {
  readonly section: string;
  readonly instructions: readonly ({ readonly kind: string; readonly helper?: number } | undefined)[];
}

/** Collects helper ids by section from linked or unlinked code. */
export function objectEvidence(path: string, programs: readonly ProgramCode[]): ObjectEvidence {
  const helpers = new Map<string, Set<number>>();
  for (const { section, instructions } of programs) {
    const called = helpers.get(section) ?? new Set<number>();
    for (const instruction of instructions) {
      if (instruction?.kind === 'call' && instruction.helper !== undefined) called.add(instruction.helper);
    }
    helpers.set(section, called);
  }
  return { path, sections: [...helpers.keys()], helpers };
}

/** Names by how often they occur, the most frequent first. */
function byFrequency(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** Sections of no or conventional meaning: their programs tail-call one another, so one type must offer the helpers of them all. */
function undecidedSections(platform: Platform, sections: readonly string[]): readonly string[] {
  return sections.filter((name) => name !== '.text' && (matchSection(platform, name)?.convention ?? true));
}

function offers(platform: Platform, type: ProgramType, helpers: Iterable<number>): boolean {
  for (const id of helpers) {
    if (platform.helpers.has(id) && !findHelper(platform, type, id)) return false;
  }
  return true;
}

/**
 * The type of a section's programs in the light of the whole object. A section name that libbpf knows decides alone. Otherwise, of the types
 * that offer every helper called there: the one that the file name tells, the one that the section's name tells by convention, the one most of
 * the object's recognised sections have, the weakest common one. The result says what decided.
 */
export function inferProgramTypeOfObject(platform: Platform, object: ObjectEvidence, section: string): InferredType | undefined {
  const named = inferProgramType(platform, section);
  const row = matchSection(platform, section);
  if (row && !row.convention) return named;

  const undecided = undecidedSections(platform, object.sections);
  const rows = object.sections.map((name) => matchSection(platform, name)).filter((match) => match !== undefined);
  const words =
    (object.path ?? '')
      .toLowerCase()
      .split(/[\\/]/)
      .at(-1)
      ?.split(/[^a-z0-9]+/) ?? [];
  const wanted = [
    ...fileNameWords[platform.name].filter((word) => words.includes(word)),
    ...(row ? [row.programType] : []),
    ...byFrequency(rows.filter(({ convention }) => !convention).map(({ programType }) => programType)),
    ...byFrequency(rows.filter(({ convention }) => convention).map(({ programType }) => programType)),
  ];
  const own = object.helpers?.get(section) ?? [];
  const shared = undecided.flatMap((name) => [...(object.helpers?.get(name) ?? [])]);
  const fallback = shared.length > 0 ? candidates[platform.name] : [];
  const choose = (names: readonly string[], helpers: Iterable<number>) =>
    names.map((name) => typeNamed(platform, name)).find((type) => type !== undefined && offers(platform, type, helpers));

  if (section === '.text') return undefined;
  const type = choose(wanted, shared) ?? choose(wanted, own) ?? choose(fallback, shared) ?? choose(fallback, own);
  if (!type) return named;
  if (type === named?.type) return named;
  return { type, inferred: 'object' };
}
