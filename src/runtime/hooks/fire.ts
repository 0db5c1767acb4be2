import type { HookData } from '../helpers/environment.ts';
import type { AttachParameters } from '../links.ts';
import type { Runtime } from '../runtime.ts';
import type { TestRunResult } from '../test-run.ts';
import type { ContextFields } from './contexts.ts';

/** What a hook with several programs decided. */
export interface HookOutcome {
  readonly verdict: 'proceed' | 'reject';
  /** One result per program that ran, in order; the first rejection ends the chain. */
  readonly results: readonly { readonly programId: number; readonly result: TestRunResult }[];
  /** Set when a program changed the destination (connect hooks). */
  readonly redirected: boolean;
}

const REJECT = 0;
const PROCEED_HARD = 2;
const BIND_DENY = 1;

/**
 * Fires a hook whose programs each see the event: cgroup hooks (any REJECT blocks, PROCEED_HARD ends the chain), sockops, process,
 * netevent and bind. `event` narrows to a compartment.
 */
export function fireHook(
  runtime: Runtime,
  attachType: string,
  fields: ContextFields,
  event: AttachParameters = {},
  input: { readonly data?: Uint8Array; readonly hook?: HookData } = {},
): HookOutcome {
  const results: { programId: number; result: TestRunResult }[] = [];
  let redirected = false;
  for (const { program } of runtime.attached(attachType, event)) {
    const result = runtime.testRun(program, { fields, attachType, ...input });
    results.push({ programId: program.id, result });
    redirected ||= result.redirectContext !== undefined;
    const verdict = judge(program.type.name, result.returnValue);
    if (verdict === 'reject') return { verdict, results, redirected };
    if (verdict === 'final') break;
  }
  return { verdict: 'proceed', results, redirected };
}

/** Unknown values reject on socket address hooks; a non-zero process verdict denies; bind knows one refusal. */
function judge(type: string, value: number): 'proceed' | 'reject' | 'final' {
  if (type === 'sock_addr') {
    if (value === REJECT || value > PROCEED_HARD) return 'reject';
    return value === PROCEED_HARD ? 'final' : 'proceed';
  }
  if (type === 'cgroup_sock_addr' || type === 'cgroup_sock' || type === 'cgroup_skb') return value === REJECT ? 'reject' : 'proceed';
  if (type === 'bind') return value === BIND_DENY ? 'reject' : 'proceed';
  if (type === 'process') return value !== 0 ? 'reject' : 'proceed';
  return 'proceed';
}
