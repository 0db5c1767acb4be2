import type { Readable, Writable } from 'node:stream';
import type { Host } from '../../contexts/host.ts';
import { DebugAdapter } from './adapter.ts';
import { frame, MessageReader, WireError } from './wire.ts';

/**
 * Serves the Debug Adapter Protocol until the other side disconnects or its stream ends.
 *
 * @returns the exit code: 0, or 1 where it does not speak the protocol; then `complain` is told why.
 */
export function serveDap(host: Host, input: Readable, output: Writable, complain: (message: string) => void): Promise<number> {
  return new Promise((settle) => {
    const end = (code: number) => {
      adapter.close();
      input.destroy();
      // What is still in the pipe goes out first.
      output.write('', () => settle(code));
    };
    const adapter = new DebugAdapter(
      host,
      (message) => output.write(frame(message)),
      () => end(0),
    );
    const reader = new MessageReader();
    input.on('data', (bytes: Uint8Array) => {
      try {
        for (const message of reader.push(bytes)) adapter.receive(message);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        complain(error.message);
        end(1);
      }
    });
    input.on('end', () => end(0));
  });
}
