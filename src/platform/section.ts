/** Section names and the rows they select. */
import type { Platform, SectionPrefix } from './platform.ts';

/** What may follow an exact prefix. */
const AFTER_EXACT = ['/', '.'];

function matches(row: SectionPrefix, section: string): boolean {
  if (!section.startsWith(row.prefix)) return false;
  if (!row.exact || section.length === row.prefix.length) return true;
  return AFTER_EXACT.includes(section.charAt(row.prefix.length));
}

/** The matching row with the longest prefix. A leading "?" (libbpf: do not load by default) is ignored. */
export function matchSection(platform: Platform, section: string): SectionPrefix | undefined {
  const name = section.startsWith('?') ? section.slice(1) : section;
  let best: SectionPrefix | undefined;
  for (const row of platform.sections) {
    if (matches(row, name) && (!best || row.prefix.length > best.prefix.length)) best = row;
  }
  return best;
}
