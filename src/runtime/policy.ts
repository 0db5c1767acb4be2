import { RuntimeError } from './result.ts';

/** How programs run: `show programs` prints JIT, INTERPRET, NATIVE. */
export type ExecutionMode = 'jit' | 'interpret' | 'native';

/** What a machine allows (`ebpf set policy`). */
export interface Policy {
  /** Hypervisor-protected code integrity: no code that was not signed, so no JIT. */
  readonly hypervisorCodeIntegrity: boolean;
  /** Debug build of the runtime: the interpreter exists only there. */
  readonly debug: boolean;
  /** Images signed with a test key are accepted, without the verification usage. */
  readonly testSigning: boolean;
  /** Demand the verification usage even under test signing. */
  readonly proofOfVerification: boolean;
}

/** A development machine: everything allowed. */
export const defaultPolicy: Policy = { hypervisorCodeIntegrity: false, debug: true, testSigning: true, proofOfVerification: false };

/** Throws EBPF_BLOCKED_BY_POLICY when a way to run is not allowed. */
export function requireAllowed(policy: Policy, mode: ExecutionMode): void {
  if (mode === 'jit' && policy.hypervisorCodeIntegrity) {
    throw new RuntimeError('EBPF_BLOCKED_BY_POLICY', 'JIT compilation is blocked: code integrity (HVCI) is on.');
  }
  if (mode === 'interpret' && !policy.debug) {
    throw new RuntimeError('EBPF_BLOCKED_BY_POLICY', 'Interpretation is blocked: only the debug build has it.');
  }
}
