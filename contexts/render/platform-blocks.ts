import type { PlatformName } from '../../src/platform/platform.ts';

/** One platform's part of a listing. */
export interface PlatformBlock<Row> {
  readonly platform: PlatformName;
  readonly rows: readonly Row[];
}

/**
 * A listing as the original prints it, with a second part under a title where Linux objects are loaded too. A platform that holds nothing
 * is left out unless it is the only one.
 */
export function platformBlocks<Row>(blocks: readonly PlatformBlock<Row>[], listing: (rows: readonly Row[]) => string): string {
  const filled = blocks.filter(({ rows }) => rows.length > 0);
  const shown = filled.length > 0 ? filled : blocks.slice(0, 1);
  return shown.map(({ platform, rows }) => (platform === 'windows' ? '' : `\nPlatform: ${platform}\n`) + listing(rows)).join('');
}
