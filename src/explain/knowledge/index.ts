import { CONTEXT_ENTRIES } from './context.ts';
import type { KnowledgeEntry } from './entry.ts';
import { ENVIRONMENT_ENTRIES } from './environment.ts';
import { HELPER_ENTRIES } from './helper.ts';
import { LOOP_ENTRIES } from './loop.ts';
import { MAP_ENTRIES } from './map.ts';
import { NULL_ENTRIES } from './null.ts';
import { PACKET_ENTRIES } from './packet.ts';
import { PRECISION_ENTRIES } from './precision.ts';
import { PROGRAM_ENTRIES } from './program.ts';
import { REGISTER_ENTRIES } from './register.ts';
import { RESOURCE_ENTRIES } from './resource.ts';
import { STACK_ENTRIES } from './stack.ts';

/** Every cause of rejection that has an id. Where a message fits several equally well, the earlier one is the more common. */
export const KNOWLEDGE: readonly KnowledgeEntry[] = [
  ...NULL_ENTRIES,
  ...PACKET_ENTRIES,
  ...MAP_ENTRIES,
  ...STACK_ENTRIES,
  ...REGISTER_ENTRIES,
  ...CONTEXT_ENTRIES,
  ...HELPER_ENTRIES,
  ...LOOP_ENTRIES,
  ...RESOURCE_ENTRIES,
  ...PROGRAM_ENTRIES,
  ...ENVIRONMENT_ENTRIES,
  ...PRECISION_ENTRIES,
];

/** The entry of an id in any case, `null-1` and `NUL01` excluded; undefined where there is none. */
export function findEntry(id: string): KnowledgeEntry | undefined {
  const wanted = id.trim().toUpperCase();
  return KNOWLEDGE.find((entry) => entry.id === wanted);
}
