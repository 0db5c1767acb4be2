/**
 * The two platforms. Windows is the default and always at hand; Linux's tables are loaded when first asked for, so that
 * commands which never need them do not pay for them. Import `linux/linux.ts` where it is needed synchronously.
 */
import type { Platform, PlatformName } from './platform.ts';
import { windows } from './windows/windows.ts';

export { findHelper, findMapType, helperByName, programTypeByName, programTypeOfSection } from './find.ts';
export { inferProgramType, inferProgramTypeOfObject, objectEvidence } from './infer.ts';
export { matchSection, targetOfSection } from './section.ts';

/** Names of the platforms, the default first. */
export const platforms: readonly PlatformName[] = ['windows', 'linux'];

/** The platform whose name begins with `prefix`, without regard to case. Undefined: none does, or the prefix is empty. */
export function platformByName(prefix: string): PlatformName | undefined {
  const wanted = prefix.toLowerCase();
  return wanted === '' ? undefined : platforms.find((name) => name.startsWith(wanted));
}

/** The tables of a platform. */
export async function loadPlatform(name: PlatformName): Promise<Platform> {
  if (name === 'windows') return windows;
  const { linux } = await import('./linux/linux.ts');
  return linux;
}
