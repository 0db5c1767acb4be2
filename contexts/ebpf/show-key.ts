import { keyThumbprint } from '../../src/engine/native/signature.ts';
import { defineCommand } from '../command.ts';
import { machineOf } from '../runtime.ts';

export const command = defineCommand({
  tags: [],
  remarks:
    'Your public key in PEM form, for others to trust: set policy trust=<file>. The private key never leaves its file, which only you can read.',
  examples: ['show key', 'show key format=json'],
  run(_tags, environment) {
    const machine = machineOf(environment);
    // The key is made under the lock of the store, so that two processes make one.
    return machine.transaction(() => ({ thumbprint: keyThumbprint(machine.keys.signingKey()), pem: machine.keys.publicKey() }));
  },
  text: ({ pem }) => pem,
  json: ({ thumbprint, pem }) => ({ schema: 1, thumbprint, pem }),
});
