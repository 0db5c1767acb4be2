import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Host } from '../../contexts/host.ts';
import { DebugAdapter } from './adapter.ts';
import { frame, MessageReader, WireError } from './wire.ts';

/** Where sessions are served to programs on this machine, and to nobody else. */
const LOOPBACK = '127.0.0.1';
const USAGE = 'Usage: ebpfsh dap [port=<port>]\n\nWithout a port one session is served over standard input and output.\n';

/** What the program itself has: where it may read and write, and what ends it. */
export interface DapProcess {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly signal: AbortSignal;
}

/**
 * Runs `ebpfsh dap`: one session over standard input and output or, with `port=4711`, any number of them over connections to that port; 0 takes a free one.
 *
 * @returns the exit code: 0, 1 where the other side does not speak the protocol or the port cannot be had, 2 for other words.
 */
export async function runDap(words: readonly string[], host: Host, { stdin, stdout, stderr, signal }: DapProcess): Promise<number> {
  const complain = (message: string) => stderr.write(`ebpfsh dap: ${message}\n`);
  if (words.length === 0) return serveDap(host, stdin, stdout, complain);
  const port = Number(/^port=(\d{1,5})$/.exec(words.join(' '))?.[1] ?? Number.NaN);
  if (!(port <= 65_535)) {
    stderr.write(USAGE);
    return 2;
  }
  return listenDap(host, port, { signal, listening: (taken) => stdout.write(`Listening on ${LOOPBACK}, port ${taken}.\n`), complain });
}

/**
 * Serves the Debug Adapter Protocol until the other side disconnects or its stream ends.
 *
 * @returns the exit code: 0, or 1 where it does not speak the protocol; then `complain` is told why.
 */
function serveDap(host: Host, input: Readable, output: Writable, complain: (message: string) => void): Promise<number> {
  return new Promise((settle) => {
    let ended = false;
    const end = (code: number) => {
      if (ended) return;
      ended = true;
      adapter.close();
      const leave = () => {
        input.destroy();
        settle(code);
      };
      // What is still in the pipe goes out first.
      if (output.writable) output.write('', leave);
      else leave();
    };
    const adapter = new DebugAdapter(
      host,
      (message) => {
        if (output.writable) output.write(frame(message));
      },
      () => end(0),
    );
    const reader = new MessageReader();
    input.on('data', (bytes: Uint8Array) => {
      if (ended) return;
      try {
        for (const message of reader.push(bytes)) adapter.receive(message);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        complain(error.message);
        end(1);
      }
    });
    input.on('end', () => end(0));
    input.on('close', () => end(0));
  });
}

interface Listening {
  readonly signal: AbortSignal;
  listening(port: number): void;
  complain(message: string): void;
}

/** A session for each connection, all in this process; ends with the signal. One that fails ends alone. */
function listenDap(host: Host, port: number, { signal, listening, complain }: Listening): Promise<number> {
  return new Promise((settle) => {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      // A connection that breaks closes, and that ends its session.
      socket.on('error', () => undefined);
      void serveDap(host, socket, socket, complain).then(() => open.delete(socket));
    });
    server.on('error', (error) => {
      complain(error.message);
      settle(1);
    });
    server.listen(port, LOOPBACK, () => listening((server.address() as AddressInfo).port));
    signal.addEventListener('abort', () => {
      for (const socket of open) socket.destroy();
      server.close(() => settle(0));
    });
  });
}
