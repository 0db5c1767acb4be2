/** One line that a program printed. */
export interface TraceMessage {
  /** Position in the stream, from 1; gaps tell that the ring overflowed before it was read. */
  readonly sequence: number;
  /** Nanoseconds since boot. */
  readonly time: bigint;
  readonly cpu: number;
  readonly program: string;
  readonly text: string;
}

const CAPACITY = 4096;

/** The last messages of bpf_printk, and whoever follows them. */
export class TraceRing {
  readonly #messages: TraceMessage[] = [];
  readonly #followers = new Set<(message: TraceMessage) => void>();
  #sequence = 0;

  /** Adds a line and tells the followers. */
  add(time: bigint, cpu: number, program: string, text: string): void {
    const message = { sequence: ++this.#sequence, time, cpu, program, text };
    this.#messages.push(message);
    if (this.#messages.length > CAPACITY) this.#messages.shift();
    for (const follower of this.#followers) follower(message);
  }

  /** Messages after a sequence number (0: all that are kept). */
  since(sequence = 0): TraceMessage[] {
    return this.#messages.filter((message) => message.sequence > sequence);
  }

  /** Sequence number of the newest message. */
  get last(): number {
    return this.#sequence;
  }

  /** Calls back with every new message until the returned function is called. */
  follow(follower: (message: TraceMessage) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}
