/** Look-ups in a platform's tables. All of them return undefined for what the platform does not have. */
import type { HelperPrototype, MapType, Platform, ProgramType, SectionPrefix } from './platform.ts';
import { matchSection } from './section.ts';

/** The map type with this number. */
export function findMapType(platform: Platform, id: number): MapType | undefined {
  return platform.mapTypes.find((type) => type.id === id);
}

/**
 * The prototype under which programs of the type call helper `id`: the type's own, else the global one where the type has it.
 * Undefined: no such helper, or not for this type (`platform.helpers` tells the two apart).
 */
export function findHelper(platform: Platform, programType: ProgramType, id: number): HelperPrototype | undefined {
  const own = programType.ownHelpers?.get(id);
  if (own) return own;
  return !programType.helperIds || programType.helperIds.has(id) ? platform.helpers.get(id) : undefined;
}

/** The prototype with this name, among the type's own helpers first; without a type among the global ones, then those of any type. */
export function helperByName(platform: Platform, name: string, programType?: ProgramType): HelperPrototype | undefined {
  const tables = [...(programType ? [programType] : platform.programTypes).map(({ ownHelpers }) => ownHelpers), platform.helpers];
  if (!programType) tables.reverse();
  for (const table of tables) {
    const row = table && namesIn(table).get(name);
    if (row !== undefined) return row;
  }
  return undefined;
}

/** The rows of each table by name, once it was asked for; of several with one name the first. */
const byName = new WeakMap<ReadonlyMap<number, HelperPrototype>, ReadonlyMap<string, HelperPrototype>>();

function namesIn(table: ReadonlyMap<number, HelperPrototype>): ReadonlyMap<string, HelperPrototype> {
  let names = byName.get(table);
  if (names === undefined) {
    names = new Map([...table.values()].toReversed().map((row) => [row.name, row]));
    byName.set(table, names);
  }
  return names;
}

/** The program type with this name, compared without regard to case; else the one that this section name would select (netsh's `type=`). */
export function programTypeByName(platform: Platform, name: string): ProgramType | undefined {
  const wanted = name.toLowerCase();
  const named = platform.programTypes.find((type) => type.name === wanted);
  if (named) return named;
  return programTypeOfSection(platform, wanted)?.programType;
}

/** What a section's name says by itself: its row in the platform's table and the row's program type; undefined where it says nothing. */
export function programTypeOfSection(
  platform: Platform,
  section: string,
): { readonly programType: ProgramType; readonly row: SectionPrefix } | undefined {
  const row = matchSection(platform, section);
  const programType = row && platform.programTypes.find((type) => type.name === row.programType);
  return row && programType && { programType, row };
}
