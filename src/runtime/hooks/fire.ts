import type { HookData } from '../helpers/environment.ts';
import type { AttachParameters } from '../links.ts';
import { RuntimeError } from '../result.ts';
import type { Runtime } from '../runtime.ts';
import type { TestRunOptions, TestRunResult } from '../test-run.ts';
import { buildContext, defaultFields } from './contexts.ts';
import { splitFacts } from './facts.ts';

/** What a hook with several programs decided. */
export interface HookOutcome {
  readonly verdict: 'proceed' | 'reject';
  /** One result per program that ran, in order of attachment. */
  readonly results: readonly { readonly programId: number; readonly result: TestRunResult }[];
  /** Programs behind the one that ended the chain. */
  readonly skipped: readonly number[];
  /** Set when the programs changed where a connection goes (connect hooks). */
  readonly redirected: boolean;
}

const REJECT = 0;
const PROCEED_HARD = 2;
const BIND_DENY = 1;

/**
 * Fires a hook at whose event every attached program looks, each at the context as the one before left it: socket addresses, sockops, process,
 * netevent, bind, and the cgroup hooks of Linux. On Windows a rejection or PROCEED_HARD ends the chain; Linux runs all programs, and one
 * rejection suffices. `event` narrows to a compartment. Throws EBPF_INVALID_ARGUMENT for a hook that the platform does not have.
 */
export function fireHook(
  runtime: Runtime,
  attachType: string,
  fields: NonNullable<TestRunOptions['fields']>,
  event: AttachParameters = {},
  input: { readonly data?: Uint8Array; readonly hook?: HookData } = {},
): HookOutcome {
  const { platform } = runtime;
  const hook = platform.attachTypes.find(({ name }) => name === attachType);
  const type = platform.programTypes.find(({ name }) => name === hook?.programType);
  if (type === undefined) throw new RuntimeError('EBPF_INVALID_ARGUMENT', `${platform.title} has no hook ${attachType}.`);
  const split = splitFacts(platform, type, fields, input.hook ?? {});
  const before = buildContext(type.context, { ...defaultFields(platform, type, attachType), ...split.fields });
  const results: { programId: number; result: TestRunResult }[] = [];
  const chain = runtime.attached(attachType, event);
  let context = before;
  let data = input.data;
  let verdict: HookOutcome['verdict'] = 'proceed';
  for (const { program } of chain) {
    const result = runtime.testRun(program, { context, attachType, hook: split.hook, ...(data === undefined ? {} : { data }) });
    results.push({ programId: program.id, result });
    context = result.context;
    if (data !== undefined && type.name !== 'flow_dissector') data = result.data;
    const decision = judge(type.name, result.returnValue);
    if (decision === 'reject') verdict = 'reject';
    if (decision !== 'proceed' && platform.name === 'windows') break;
  }
  const skipped = chain.slice(results.length).map(({ program }) => program.id);
  const redirected =
    verdict === 'proceed' && type.context.fields.some(({ name, offset, size }) => DESTINATION.has(name) && differ(before, context, offset, size));
  return { verdict, results, skipped, redirected };
}

/** Where a connection goes. */
const DESTINATION: ReadonlySet<string> = new Set(['user_ip', 'user_ip4', 'user_ip6', 'user_port']);

function differ(a: Uint8Array, b: Uint8Array, offset: number, size: number): boolean {
  return a.subarray(offset, offset + size).some((byte, index) => byte !== b[offset + index]);
}

/** Types of Linux whose result 0 refuses; bit 0 counts where there are more flags. */
const REFUSING: ReadonlySet<string> = new Set([
  'cgroup_sock_addr',
  'cgroup_sock',
  'cgroup_skb',
  'cgroup_device',
  'cgroup_sysctl',
  'cgroup_sockopt',
  'sk_lookup',
]);

/** Unknown values reject on socket address hooks; a non-zero process verdict denies; bind knows one refusal. */
function judge(type: string, value: number): 'proceed' | 'reject' | 'final' {
  if (type === 'sock_addr') {
    if (value === REJECT || value > PROCEED_HARD) return 'reject';
    return value === PROCEED_HARD ? 'final' : 'proceed';
  }
  if (REFUSING.has(type)) return (value & 1) === REJECT ? 'reject' : 'proceed';
  if (type === 'bind') return value === BIND_DENY ? 'reject' : 'proceed';
  if (type === 'process') return value !== 0 ? 'reject' : 'proceed';
  return 'proceed';
}
