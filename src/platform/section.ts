/** Section names and the rows they select. */
import type { Platform, SectionPrefix } from './platform.ts';

/** What may follow an exact prefix. */
const AFTER_EXACT = ['/', '.'];

function matches(row: SectionPrefix, section: string): boolean {
  if (!section.startsWith(row.prefix)) return false;
  if (!row.exact || section.length === row.prefix.length) return true;
  return AFTER_EXACT.includes(section.charAt(row.prefix.length));
}

/** A leading "?" (libbpf: do not load by default) is no part of the name. */
function nameOf(section: string): string {
  return section.startsWith('?') ? section.slice(1) : section;
}

/** What programs of a section are attached to: the part of its name behind the row's prefix and a slash, "" where there is none. */
export function targetOfSection(row: SectionPrefix, section: string): string {
  const rest = nameOf(section).slice(row.prefix.length);
  return rest.startsWith('/') ? rest.slice(1) : '';
}

/** The matching row with the longest prefix. */
export function matchSection(platform: Platform, section: string): SectionPrefix | undefined {
  const name = nameOf(section);
  let best: SectionPrefix | undefined;
  for (const row of platform.sections) {
    if (matches(row, name) && (!best || row.prefix.length > best.prefix.length)) best = row;
  }
  return best;
}
