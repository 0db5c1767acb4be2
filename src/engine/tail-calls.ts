import type { CompiledProgram, ExecutionHost } from './engine.ts';

/**
 * Runs a program and every program it tail-calls, with the same arguments (a tail call passes the context on).
 * Counts in `ExecutionHost.tailCallCount`; a run within a run goes on counting. Returns r0 of the last program.
 */
export function followTailCalls(program: CompiledProgram, host: ExecutionHost, r1: number, r2: number): bigint {
  const outer = host.tailCallCount ?? 0;
  host.tailCallCount = outer;
  try {
    let result = program.enter(r1, r2);
    for (let next = takePending(host); next !== undefined; next = takePending(host)) result = next.enter(r1, r2);
    return result;
  } finally {
    host.pendingTailCall = undefined;
    host.tailCallCount = outer;
  }
}

/** `followTailCalls` with the low 32 bits of r0. */
export function followTailCalls32(program: CompiledProgram, host: ExecutionHost, r1: number, r2: number): number {
  const outer = host.tailCallCount ?? 0;
  host.tailCallCount = outer;
  try {
    let result = program.enter32(r1, r2);
    for (let next = takePending(host); next !== undefined; next = takePending(host)) result = next.enter32(r1, r2);
    return result;
  } finally {
    host.pendingTailCall = undefined;
    host.tailCallCount = outer;
  }
}

function takePending(host: ExecutionHost): CompiledProgram | undefined {
  const next = host.pendingTailCall;
  if (next === undefined) return undefined;
  host.pendingTailCall = undefined;
  host.tailCallCount = (host.tailCallCount ?? 0) + 1;
  return next;
}
