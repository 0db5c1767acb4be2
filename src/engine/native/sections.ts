import { Bytes } from '../jit/bytes.ts';
import { ImageError } from './image-error.ts';

/** One section of a WebAssembly module (core specification, section 5.5.2). */
export interface Section {
  readonly id: number;
  /** Custom sections only. */
  readonly name: string | undefined;
  /** Offset of the section's id byte. */
  readonly start: number;
  readonly end: number;
  /** A custom section's bytes after its name, else all its content. */
  readonly content: Uint8Array;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Splits a module into its sections; their content is not looked at. Throws ImageError `malformed`. */
export function readSections(bytes: Uint8Array, path: string): Section[] {
  if (bytes.length < MAGIC.length || MAGIC.some((byte, index) => bytes[index] !== byte))
    throw new ImageError('malformed', path, 'not a WebAssembly module');
  const sections: Section[] = [];
  let at = MAGIC.length;
  const fail = (reason: string): never => {
    throw new ImageError('malformed', path, reason, undefined, at);
  };
  /** LEB128 of a uint32. */
  const number = (limit: number): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      if (at >= limit) fail('the number is cut off');
      const byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) fail('the number has more than 32 bits');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const start = at;
    const id = bytes[at++]!;
    const size = number(bytes.length);
    const end = at + size;
    if (end > bytes.length) fail(`the section of ${size} bytes is cut off`);
    let name: string | undefined;
    if (id === 0) {
      const length = number(end);
      if (at + length > end) fail('the name is longer than its section');
      name = new TextDecoder().decode(bytes.subarray(at, at + length));
      at += length;
    }
    sections.push({ id, name, start, end, content: bytes.subarray(at, end) });
    at = end;
  }
  return sections;
}

/** A custom section in binary form. */
export function customSection(name: string, content: Uint8Array): Uint8Array {
  const inner = new Bytes(content.length + name.length + 8);
  inner.name(name);
  inner.bytes(content);
  const out = new Bytes(inner.length + 8);
  out.byte(0);
  out.u32(inner.length);
  out.bytes(inner.view());
  return out.view();
}
