import { type DeclaredContext, declaredContext } from '../src/object/context-names.ts';
import type { ObjectFile } from '../src/object/object-file.ts';
import { loadPlatform, programTypeByName, programTypeOfSection } from '../src/platform/index.ts';
import type { Platform, PlatformName, ProgramType } from '../src/platform/platform.ts';
import { UsageError } from './errors.ts';
import { didYouMean, PARAMETER_INCORRECT, unacceptableValue } from './messages.ts';
import { suggest } from './suggest.ts';

/** The section of functions that other programs call; bare functions of it are programs only where there is nothing else. */
export const TEXT_SECTION = '.text';

/** A platform and why it is that one. */
export interface PlatformChoice {
  readonly platform: Platform;
  /** What gave it away, the section `tc` or `struct xdp_md`; undefined where it was asked for or is the default. */
  readonly inferredFrom: string | undefined;
}

/**
 * The platform that an object is judged by: the one asked for; else Linux where a section is named as Linux does and Windows does not, or a program
 * declares the context structure that Linux has and Windows has not, and nothing speaks for Windows; else Windows. An inferred platform says from what,
 * so that the output can say so.
 */
export async function choosePlatform(asked: PlatformName | undefined, object: ObjectFile): Promise<PlatformChoice> {
  if (asked !== undefined) return { platform: await loadPlatform(asked), inferredFrom: undefined };
  const { programs } = object;
  const windows = await loadPlatform('windows');
  const sections = [...new Set(programs.map((program) => program.section))].filter((section) => section !== TEXT_SECTION);
  const contexts = programs.flatMap((program) => declaredContext(object, program) ?? []);
  const foreign = sections.filter((section) => typeOfSection(windows, section) === undefined);
  if ((foreign.length === 0 && contexts.length === 0) || contexts.some((context) => hasContext(windows, context)))
    return { platform: windows, inferredFrom: undefined };
  const linux = await loadPlatform('linux');
  if (sections.some((section) => typeOfSection(windows, section) !== undefined && typeOfSection(linux, section) === undefined))
    return { platform: windows, inferredFrom: undefined };
  const section = foreign.find((name) => typeOfSection(linux, name) !== undefined);
  if (section !== undefined) return { platform: linux, inferredFrom: section };
  const context = contexts.find((candidate) => hasContext(linux, candidate));
  return context === undefined ? { platform: windows, inferredFrom: undefined } : { platform: linux, inferredFrom: `struct ${context.names.at(-1)}` };
}

/** Whether a platform has a context structure of that name. Those of Linux grow at their end, so headers may know less of them. */
function hasContext({ name, programTypes }: Platform, { names, size }: DeclaredContext): boolean {
  return programTypes.some(({ context }) => names.includes(context.name) && (context.size === size || (name === 'linux' && size < context.size)));
}

/** `Platform: linux (inferred from section "tracepoint/..."; platform= sets it)`, or nothing where nothing was inferred. */
export function platformNote({ platform, inferredFrom }: PlatformChoice): string {
  return inferredFrom === undefined
    ? ''
    : `Platform: ${platform.name} (inferred from ${inferredFrom.startsWith('struct ') ? inferredFrom : `section "${inferredFrom}"`}; platform= sets it)\n`;
}

/** The program type that a section's name stands for on a platform; undefined where it stands for none. */
export function typeOfSection(platform: Platform, section: string): ProgramType | undefined {
  return programTypeOfSection(platform, section)?.programType;
}

/**
 * The program type that `type=` names: a type's name, or "as if it were a section name".
 *
 * @throws UsageError in netsh's words for a name that means nothing.
 */
export function namedProgramType(platform: Platform, name: string): ProgramType {
  const type = programTypeByName(platform, name);
  if (type) return type;
  const near = suggest(
    name,
    platform.programTypes.map((candidate) => candidate.name),
  );
  throw new UsageError(`${unacceptableValue(name, 'type')}${didYouMean(near)}\n${PARAMETER_INCORRECT}`, { value: name });
}

/** What a listing shows as a section's type; `unspec` where the name says nothing. */
export function typeName(platform: Platform, section: string): string {
  return typeOfSection(platform, section)?.name ?? 'unspec';
}

/** What `type=` may name, for completion. */
export async function programTypeNames(name: PlatformName): Promise<readonly string[]> {
  return (await loadPlatform(name)).programTypes.map((type) => type.name);
}
