/** Kernel functions that programs call by BTF id (BTF_KFUNCS sets of kernel/bpf/helpers.c and others). They have no number of their own: id 0. */
import type { HelperArgument, HelperPrototype, ReturnKind } from '../platform.ts';
import { byName, type HelperOptions, helper, kernel, kernelResult, nothing } from '../rows.ts';

function kfunc(name: string, returns: ReturnKind, args: readonly HelperArgument[], options?: HelperOptions): HelperPrototype {
  return helper(0, name, returns, args, options);
}

export const kfuncs: ReadonlyMap<string, HelperPrototype> = byName([
  kfunc('bpf_task_acquire', kernelResult('task_struct', true), [kernel('task_struct')], { acquires: true }),
  kfunc('bpf_task_release', nothing, [kernel('task_struct')], { releases: 0 }),
  kfunc('bpf_rcu_read_lock', nothing, [], { region: { kind: 'rcu', enters: true } }),
  kfunc('bpf_rcu_read_unlock', nothing, [], { region: { kind: 'rcu', enters: false } }),
]);
