import { defineCommand } from '../command.ts';
import { UsageError } from '../errors.ts';
import { MISSING_PARAMETERS, OK } from '../messages.ts';
import { machineOf } from '../runtime.ts';

const ON_OFF = ['on', 'off'] as const;

export const command = defineCommand({
  tags: [
    {
      name: 'hvci',
      type: ON_OFF,
      help: 'Code integrity enforced by the hypervisor: on refuses JIT and images by unknown signers.\nOff on a new machine.',
    },
    { name: 'build', type: ['debug', 'release'], help: 'The kind of runtime: only debug interprets.\nDebug on a new machine.' },
    { name: 'testsigning', type: ON_OFF, help: 'on: images need no trusted signer while code integrity is off.\nOn on a new machine.' },
    { name: 'proof', type: ON_OFF, help: 'on: images must come from trusted signers and tell that they were verified.\nOff on a new machine.' },
    { name: 'trust', type: 'file', named: true, help: 'A public key (PEM) whose owner signs images that are accepted from now on.' },
  ],
  remarks: 'The policy governs what is loaded from now on, for this process and all later ones. Your own key is trusted.',
  examples: ['set policy hvci=on', 'set policy build=release testsigning=off', 'set policy trust=colleague.pem'],
  async run(tags, environment) {
    if (Object.keys(tags).length === 0) throw new UsageError(MISSING_PARAMETERS);
    const machine = machineOf(environment);
    const key = tags.trust === undefined ? undefined : await environment.host.readFile(tags.trust);
    return machine.transaction(() => {
      if (key) machine.keys.trust(key, tags.trust!);
      for (const runtime of machine.runtimes()) {
        const { policy } = runtime;
        runtime.policy = {
          hypervisorCodeIntegrity: isOn(tags.hvci, policy.hypervisorCodeIntegrity),
          debug: tags.build === undefined ? policy.debug : tags.build === 'debug',
          testSigning: isOn(tags.testsigning, policy.testSigning),
          proofOfVerification: isOn(tags.proof, policy.proofOfVerification),
        };
      }
    });
  },
  text: () => OK,
});

function isOn(word: 'on' | 'off' | undefined, known: boolean): boolean {
  return word === undefined ? known : word === 'on';
}
