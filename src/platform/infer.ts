/** Which program type a section's programs have: by the section's name, else by what the rest of the object and the code itself tell. */
import { judgeContextAccess } from './context-access.ts';
import { findHelper } from './find.ts';
import type { Platform, ProgramType, SectionPrefix } from './platform.ts';
import { matchSection } from './section.ts';

/** `section`: the name says so. `object`: the object's other programs, its file name or its code do. `default`: nothing does. */
export type InferenceSource = 'section' | 'object' | 'default';

export interface InferredType {
  readonly type: ProgramType;
  readonly attachType?: string;
  /** The section's programs may sleep (".s"). */
  readonly sleepable?: boolean;
  readonly inferred: InferenceSource;
}

/** What the code of a section tells. */
export interface CodeEvidence {
  /** Ids of helpers called. */
  readonly helpers: ReadonlySet<number>;
  /** Loads from the context that are plain to see. */
  readonly contextLoads: readonly { readonly offset: number; readonly size: number }[];
}

/** What is known about an object apart from the section in question. */
export interface ObjectEvidence {
  readonly path?: string;
  /** Names of all sections with programs. */
  readonly sections: readonly string[];
  readonly code?: ReadonlyMap<string, CodeEvidence>;
}

/** What programs get whose type nothing tells: the weakest type on Linux, none on Windows. */
const defaults = { linux: 'socket_filter', windows: 'unspec' } as const;

/** Tried in this order for code that must decide by itself: the weakest first. */
const candidates = { linux: ['socket_filter', 'sched_cls', 'xdp', 'lwt_xmit', 'kprobe', 'sk_skb', 'sock_ops'], windows: [] } as const;

/** A word of a file name that tells a type where the section does not (Cilium's bpf_xdp.o). */
const fileNameWords = { linux: ['xdp'], windows: [] } as const;

function typeNamed(platform: Platform, name: string): ProgramType | undefined {
  return platform.programTypes.find((type) => type.name === name);
}

/** The type that a section name selects, longest prefix first; else the platform's default, and the result says so. Undefined: the platform has neither. */
export function inferProgramType(platform: Platform, section: string): InferredType | undefined {
  const row = matchSection(platform, section);
  const type = typeNamed(platform, row?.programType ?? defaults[platform.name]);
  if (!type) return undefined;
  return {
    type,
    inferred: row ? 'section' : 'default',
    ...(row?.attachType && { attachType: row.attachType }),
    ...(row?.sleepable && { sleepable: true }),
  };
}

/** The part of a decoded instruction that evidence is drawn from; those of `src/isa` fit. */
interface CodeUnit {
  readonly kind: string;
  readonly helper?: number;
  readonly operator?: string;
  readonly source?: string | { readonly kind: string; readonly register?: number };
  readonly dst?: number;
  readonly src?: number;
  readonly offset?: number;
  readonly size?: number;
}

/** A decoded program; those of `src/object` fit. */
export interface ProgramCode {
  readonly section: string;
  readonly instructions: readonly (CodeUnit | undefined)[];
}

const CONTEXT_REGISTER = 1;
const CLOBBERED_BY_CALLS = [1, 2, 3, 4, 5];

function isCopyOf(holders: ReadonlySet<number>, unit: CodeUnit): boolean {
  const register = typeof unit.source === 'object' ? unit.source.register : undefined;
  return unit.kind === 'binary' && unit.operator === 'mov' && register !== undefined && holders.has(register);
}

/** Loads through r1 and its copies up to the first exit or unconditional jump: not all there are, but nearly always right. */
function contextLoadsOf(instructions: ProgramCode['instructions']): CodeEvidence['contextLoads'] {
  const holders = new Set([CONTEXT_REGISTER]);
  const loads: { offset: number; size: number }[] = [];
  for (const unit of instructions) {
    if (!unit) continue;
    if (unit.kind === 'exit' || unit.kind === 'jump') break;
    const { kind, src, dst, offset, size } = unit;
    if (kind === 'load' && src !== undefined && offset !== undefined && size !== undefined && holders.has(src)) loads.push({ offset, size });
    if (kind.startsWith('call')) for (const register of CLOBBERED_BY_CALLS) holders.delete(register);
    else if (dst !== undefined && isCopyOf(holders, unit)) holders.add(dst);
    else if (dst !== undefined && kind !== 'store' && kind !== 'branch') holders.delete(dst);
  }
  return loads;
}

/** Evidence by list of programs: whoever verifies an object asks again for each of its programs. */
const collected = new WeakMap<readonly ProgramCode[], ObjectEvidence>();

/** What the code of an object's programs tells, by section. The code is read when it is first asked for, and once: most sections tell their type by name. */
export function objectEvidence(path: string, programs: readonly ProgramCode[]): ObjectEvidence {
  const known = collected.get(programs);
  if (known?.path === path) return known;
  const evidence = collectEvidence(path, programs);
  collected.set(programs, evidence);
  return evidence;
}

function collectEvidence(path: string, programs: readonly ProgramCode[]): ObjectEvidence {
  let code: ReadonlyMap<string, CodeEvidence> | undefined;
  return {
    path,
    sections: [...new Set(programs.map(({ section }) => section))],
    get code() {
      code ??= codeOf(programs);
      return code;
    },
  };
}

function codeOf(programs: readonly ProgramCode[]): ReadonlyMap<string, CodeEvidence> {
  const code = new Map<string, { helpers: Set<number>; contextLoads: { offset: number; size: number }[] }>();
  for (const { section, instructions } of programs) {
    const found = code.get(section) ?? { helpers: new Set<number>(), contextLoads: [] };
    for (const unit of instructions) {
      if (unit?.kind === 'call' && unit.helper !== undefined) found.helpers.add(unit.helper);
    }
    for (const load of contextLoadsOf(instructions)) found.contextLoads.push(load);
    code.set(section, found);
  }
  return code;
}

/** Names by how often they occur, the most frequent first. */
function byFrequency(names: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** Sections of no or conventional meaning: their programs tail-call one another, so one type must suit them all. */
function undecidedSections(platform: Platform, sections: readonly string[]): readonly string[] {
  return sections.filter((name) => matchSection(platform, name)?.convention ?? true);
}

function offersHelpers(platform: Platform, type: ProgramType, code: readonly CodeEvidence[]): boolean {
  return code.every(({ helpers }) => [...helpers].every((id) => !platform.helpers.has(id) || findHelper(platform, type, id) !== undefined));
}

function offersContext(type: ProgramType, code: readonly CodeEvidence[]): boolean {
  return code.every(({ contextLoads }) =>
    contextLoads.every(({ offset, size }) => judgeContextAccess(type.context, { offset, size, write: false }).allowed),
  );
}

/** Type names that something other than the code speaks for, the strongest first. */
function suggestions(platform: Platform, object: ObjectEvidence, section: string): readonly string[] {
  const words =
    (object.path ?? '')
      .toLowerCase()
      .split(/[\\/]/)
      .at(-1)
      ?.split(/[^a-z0-9]+/) ?? [];
  const rows = object.sections.map((name) => matchSection(platform, name)).filter((row) => row !== undefined);
  const own = matchSection(platform, section);
  return [
    ...fileNameWords[platform.name].filter((word) => words.includes(word)),
    ...(own ? [own.programType] : []),
    ...byFrequency(rows.filter(({ convention }) => !convention).map(({ programType }) => programType)),
    ...byFrequency(rows.filter(({ convention }) => convention).map(({ programType }) => programType)),
  ];
}

/** "socket" and "socket/1" name their type strictly; "socket_filter" only begins with its name, which libbpf stopped to accept. */
function endsPrefix(row: SectionPrefix, section: string): boolean {
  return row.prefix.endsWith('/') || ['', '/', '.'].includes(section.charAt(row.prefix.length));
}

/** Another type with the same context struct, where the code does not suit the type that a loosely matched name tells. */
function kindredType(platform: Platform, named: InferredType, code: readonly CodeEvidence[]): InferredType | undefined {
  if (code.length === 0 || (offersHelpers(platform, named.type, code) && offersContext(named.type, code))) return undefined;
  const type = candidates[platform.name]
    .map((name) => typeNamed(platform, name))
    .find((type) => type?.context.name === named.type.context.name && offersHelpers(platform, type, code) && offersContext(type, code));
  return type && { type, inferred: 'object' };
}

/**
 * The type of a section's programs in the light of the whole object. A section name that libbpf knows decides alone, unless it only begins with
 * such a name and the code suits another type with the same context struct (`socket_filter` that stores into packets). Otherwise it is the first
 * that suits the code (its helpers and context loads; first those of all undecided sections together, then its own) of: the type that the
 * file name tells, the one the section's name tells by convention, the one most recognised sections have, the platform's weakest first.
 * The result says what decided.
 */
export function inferProgramTypeOfObject(platform: Platform, object: ObjectEvidence, section: string): InferredType | undefined {
  const named = inferProgramType(platform, section);
  const row = matchSection(platform, section);
  const evidence = (names: readonly string[]) => names.map((name) => object.code?.get(name)).filter((code) => code !== undefined);
  if (named && row && !row.convention) return endsPrefix(row, section) ? named : (kindredType(platform, named, evidence([section])) ?? named);

  const own = evidence([section]);
  const shared = section === '.text' ? own : evidence(undecidedSections(platform, object.sections).filter((name) => name !== '.text'));
  const types = (names: readonly string[]) => names.map((name) => typeNamed(platform, name)).filter((type) => type !== undefined);
  const suggested = types(suggestions(platform, object, section));
  const common = types(own.length > 0 ? candidates[platform.name] : []);

  for (const [group, code] of [
    [suggested, shared],
    [suggested, own],
    [common, shared],
    [common, own],
  ] as const) {
    const type = group.find((candidate) => offersHelpers(platform, candidate, code) && offersContext(candidate, code));
    if (type) return type === named?.type ? named : { type, inferred: 'object' };
  }
  return named;
}
