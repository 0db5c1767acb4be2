const GPL_COMPATIBLE: ReadonlySet<string> = new Set(['GPL', 'GPL v2', 'GPL and additional rights', 'Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL']);

/** Whether functions for GPL programs only may be called under a license (linux/license.h). */
export function isGplCompatible(license: string): boolean {
  return GPL_COMPATIBLE.has(license);
}
