/** The other side does not speak the protocol; the connection cannot go on. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** Bytes of a header and of a message at most; editors send far less. */
const MAX_HEADER = 4096;
const MAX_MESSAGE = 16 * 1024 * 1024;
const SEPARATOR = Buffer.from('\r\n\r\n');

/** Puts the messages together that arrive in pieces: `Content-Length: N`, an empty line, N bytes of JSON (Debug Adapter Protocol, "Base protocol"). */
export class MessageReader {
  private waiting: Buffer = Buffer.alloc(0);

  /** @returns the messages that are complete now. @throws WireError where the bytes are no message. */
  push(bytes: Uint8Array): readonly unknown[] {
    this.waiting = Buffer.concat([this.waiting, bytes]);
    const messages: unknown[] = [];
    for (;;) {
      const end = this.waiting.subarray(0, MAX_HEADER).indexOf(SEPARATOR);
      if (end < 0) {
        if (this.waiting.length >= MAX_HEADER) throw new WireError(`No end of the header within ${MAX_HEADER} bytes.`);
        return messages;
      }
      const length = contentLength(this.waiting.toString('latin1', 0, end));
      const start = end + SEPARATOR.length;
      if (this.waiting.length < start + length) return messages;
      messages.push(parsed(this.waiting.toString('utf8', start, start + length)));
      this.waiting = this.waiting.subarray(start + length);
    }
  }
}

function contentLength(header: string): number {
  const found = /^Content-Length:[ \t]*(\d{1,9})[ \t]*$/im.exec(header);
  const length = Number(found?.[1]);
  if (found === null || length > MAX_MESSAGE)
    throw new WireError(found === null ? 'A header has no Content-Length.' : `A message of ${length} bytes.`);
  return length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new WireError('A message is not JSON.');
  }
}

/** A message as it goes over the wire. */
export function frame(message: object): string {
  const text = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
