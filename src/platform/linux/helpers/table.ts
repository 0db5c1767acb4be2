/** The 211 classic helpers of Linux (___BPF_FUNC_MAPPER of linux/bpf.h) in one table, and look-up of their ids by short name. */
import type { HelperPrototype } from '../../platform.ts';
import { byId } from '../../rows.ts';
import { coreHelpers } from './core.ts';
import { packetHelpers } from './packet.ts';
import { socketHelpers } from './sockets.ts';
import { tracingHelpers } from './tracing.ts';

export const helpers: ReadonlyMap<number, HelperPrototype> = byId(
  [...coreHelpers, ...packetHelpers, ...socketHelpers, ...tracingHelpers].sort((a, b) => a.id - b.id),
);

const ids: ReadonlyMap<string, number> = new Map([...helpers.values()].map(({ name, id }) => [name.slice('bpf_'.length), id]));

/** Ids of helpers named without "bpf_", separated by white space. Throws for a name that is not in the table: the lists are ours. */
export function idsOf(names: string): readonly number[] {
  return names
    .trim()
    .split(/\s+/)
    .map((name) => {
      const id = ids.get(name);
      if (id === undefined) throw new Error(`no helper is called bpf_${name}`);
      return id;
    });
}
