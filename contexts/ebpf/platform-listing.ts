import type { PlatformName } from '../../src/platform/platform.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Environment } from '../command.ts';
import type { PlatformBlock } from '../render/platform-blocks.ts';
import { machineOf } from '../runtime.ts';

/**
 * What the runtimes in use hold, a block each, Windows first.
 *
 * @param only this platform's objects; undefined: those of all.
 * @throws CommandError as transactions do.
 */
export function platformListing<Row>(
  environment: Environment,
  only: PlatformName | undefined,
  rowsOf: (runtime: Runtime) => readonly Row[],
): Promise<readonly PlatformBlock<Row>[]> {
  const machine = machineOf(environment);
  return machine.transaction(
    () =>
      machine
        .runtimes()
        .filter(({ platform }) => only === undefined || platform.name === only)
        .map((runtime) => ({ platform: runtime.platform.name, rows: rowsOf(runtime) })),
    only ? [only] : [],
  );
}

/** The blocks as one list for programs: each row says its platform. */
export function platformRows<Row extends object>(blocks: readonly PlatformBlock<Row>[]) {
  return blocks.flatMap(({ platform, rows }) => rows.map((row) => ({ ...row, platform })));
}
