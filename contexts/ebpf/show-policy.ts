import type { Policy } from '../../src/runtime/policy.ts';
import { defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'What set policy allows: ways to run, and whose native images.',
  examples: ['show policy'],
  run(_tags, environment) {
    const machine = machineOf(environment);
    return machine.transaction(() => ({ policy: machine.runtimes()[0]!.policy, trusted: [...machine.keys.trusted()].sort() }));
  },
  text: ({ policy, trusted }) =>
    `\n${rows(policy, trusted)
      .map(([key, value]) => `${key.padEnd(24)}: ${value}\n`)
      .join('')}`,
  json: ({ policy, trusted }) => ({ schema: 1, policy, trusted }),
});

function rows(policy: Policy, trusted: readonly string[]): readonly (readonly [string, string])[] {
  const onOff = (on: boolean) => (on ? 'on' : 'off');
  const modes = [
    ...(policy.hypervisorCodeIntegrity ? [] : ['JIT']),
    ...(policy.debug ? ['INTERPRET'] : []),
    policy.testSigning && !policy.hypervisorCodeIntegrity && !policy.proofOfVerification
      ? 'NATIVE (any image that is not altered)'
      : 'NATIVE (trusted signers)',
  ];
  return [
    ['Code integrity (HVCI)', onOff(policy.hypervisorCodeIntegrity)],
    ['Build', policy.debug ? 'debug' : 'release'],
    ['Test signing', onOff(policy.testSigning)],
    ['Proof of verification', policy.proofOfVerification || !policy.testSigning ? 'required' : 'not required'],
    ['Execution', modes.join(', ')],
    ['Trusted keys', trusted.length === 0 ? 'none' : trusted.join(`\n${' '.repeat(26)}`)],
  ];
}
