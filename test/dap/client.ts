import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { createConnection } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { startEbpfsh } from '../end-to-end/bin.ts';

type Body = Readonly<Record<string, unknown>>;

export interface Response {
  readonly type: 'response';
  readonly seq: number;
  readonly request_seq: number;
  readonly command: string;
  readonly success: boolean;
  readonly message?: string;
  readonly body?: Body;
}

export interface AdapterEvent {
  readonly type: 'event';
  readonly seq: number;
  readonly event: string;
  readonly body: Body;
}

/** What a client talks through, and what is left when it is over. */
interface Connection {
  readonly input: Writable;
  readonly output: Readable;
}

/** A debug client as an editor is one: it speaks the Debug Adapter Protocol over a connection. */
export class DapConnection {
  private readonly input: Writable;
  /** Everything that came, in order. */
  readonly received: (Response | AdapterEvent)[] = [];
  stderr = '';
  private waiting = Buffer.alloc(0);
  private sequence = 0;
  private events = 0;
  private readonly listeners = new Set<() => void>();

  constructor({ input, output }: Connection) {
    this.input = input;
    output.on('data', (bytes: Buffer) => this.take(bytes));
  }

  private take(bytes: Buffer): void {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    for (;;) {
      const found = /^Content-Length: (\d+)\r\n\r\n/.exec(this.waiting.toString('latin1', 0, 100));
      if (found === null) break;
      const end = found[0].length + Number(found[1]);
      if (this.waiting.length < end) break;
      this.received.push(JSON.parse(this.waiting.toString('utf8', found[0].length, end)));
      this.waiting = this.waiting.subarray(end);
    }
    for (const listener of this.listeners) listener();
  }

  private async until<T>(find: () => T | undefined, what: string): Promise<T> {
    const deadline = AbortSignal.timeout(20_000);
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (deadline.aborted) throw new Error(`Waited for ${what} in vain. Received: ${JSON.stringify(this.received)} ${this.stderr}`);
      await new Promise<void>((wake) => {
        const stop = () => {
          this.listeners.delete(stop);
          deadline.removeEventListener('abort', stop);
          wake();
        };
        this.listeners.add(stop);
        deadline.addEventListener('abort', stop);
      });
    }
  }

  /** Sends text as it is. */
  say(text: string): void {
    this.input.write(text);
  }

  /** Sends a request without waiting; returns its number. */
  post(command: string, args?: object): number {
    const seq = ++this.sequence;
    const text = JSON.stringify({ seq, type: 'request', command, ...(args === undefined ? {} : { arguments: args }) });
    this.say(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return seq;
  }

  /** Sends a request and returns its response, whatever it says. */
  async ask(command: string, args?: object): Promise<Response> {
    const seq = this.post(command, args);
    return this.until(
      () => this.received.find((message): message is Response => message.type === 'response' && message.request_seq === seq),
      `the response to ${command}`,
    );
  }

  /** Sends a request that has to succeed and returns the body of its response. */
  async request<T = Body>(command: string, args?: object): Promise<T> {
    const { success, message, body } = await this.ask(command, args);
    if (!success) throw new Error(`${command}: ${message}`);
    return body as T;
  }

  /** The next event of that name, behind those that were waited for before. */
  async event(name: string): Promise<Body> {
    return this.until(() => {
      const all = this.received.filter((message): message is AdapterEvent => message.type === 'event');
      const at = all.findIndex(({ event }, index) => index >= this.events && event === name);
      if (at < 0) return undefined;
      this.events = at + 1;
      return all[at]!.body;
    }, `the event ${name}`);
  }

  /** Sends a request that moves, and returns the body of the `stopped` event behind it. */
  async move(command: string, args: object = {}): Promise<Body> {
    await this.request(command, { threadId: 1, ...args });
    return this.event('stopped');
  }

  /** Name and value of the variables of one scope of a frame. */
  async scope(name: string, frameId: number): Promise<Readonly<Record<string, string>>> {
    const { scopes } = await this.request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', { frameId });
    const found = scopes.find((scope) => scope.name === name);
    const { variables } = await this.request<{ variables: { name: string; value: string }[] }>('variables', {
      variablesReference: found!.variablesReference,
    });
    return Object.fromEntries(variables.map((variable) => [variable.name, variable.value]));
  }

  async frames(): Promise<readonly Frame[]> {
    return (await this.request<{ stackFrames: Frame[] }>('stackTrace', { threadId: 1 })).stackFrames;
  }

  /** `line: function` of the innermost frame, with its instruction. */
  async where(): Promise<{ readonly line: number; readonly function: string; readonly slot: number }> {
    const [frame] = await this.frames();
    return { line: frame!.line, function: frame!.name, slot: (Number(frame!.instructionPointerReference) - 0x1000_0000) / 8 };
  }

  async evaluate(expression: string): Promise<string> {
    return (await this.request<{ result: string }>('evaluate', { expression, context: 'repl' })).result;
  }
}

/** A client that starts the built bin and talks to it over pipes. */
export class DapClient extends DapConnection {
  readonly process: ChildProcessWithoutNullStreams;
  readonly exited: Promise<number | null>;

  constructor() {
    const child = startEbpfsh(['dap']);
    super({ input: child.stdin, output: child.stdout });
    this.process = child;
    this.exited = new Promise((settle) => child.on('close', settle));
    child.stderr.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString();
    });
  }
}

/** A client of a server that listens on a port of this machine. */
export class DapSocketClient extends DapConnection {
  readonly closed: Promise<void>;
  readonly break: () => void;

  constructor(port: number) {
    const socket = createConnection(port, '127.0.0.1');
    super({ input: socket, output: socket });
    this.closed = new Promise((settle) => socket.on('close', () => settle()));
    this.break = () => socket.destroy();
  }
}

export interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly source?: { readonly name: string; readonly path?: string; readonly sourceReference?: number };
  readonly instructionPointerReference: string;
}
