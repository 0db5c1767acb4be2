import { machineOf } from './runtime.ts';
import type { Session } from './session.ts';

/**
 * What the status line says besides the context: what is loaded, on which platforms, and what the policy forbids.
 *
 * @returns [] where the store cannot be read: the next command says why.
 */
export async function statusWords(session: Session): Promise<readonly string[]> {
  const machine = machineOf({ session, host: session.host });
  try {
    return await machine.transaction(() => {
      const runtimes = machine.runtimes();
      const { policy } = runtimes[0]!;
      const loaded = runtimes.map(
        (runtime) => `${runtime.platform.name}: ${count(runtime.programs().length, 'program')}, ${count(runtime.maps().length, 'map')}`,
      );
      const rules = [policy.hypervisorCodeIntegrity ? 'HVCI on' : '', policy.debug ? '' : 'release', policy.testSigning ? '' : 'test signing off'];
      return [...loaded, ...rules.filter((rule) => rule !== '')];
    });
  } catch {
    return [];
  }
}

function count(number: number, name: string): string {
  return `${number} ${name}${number === 1 ? '' : 's'}`;
}
