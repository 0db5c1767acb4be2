const PER_LINE = 16;
const PER_GROUP = 8;

/** Bytes as bpftool prints them: sixteen a line, a wider gap in the middle, no line end after the last. */
export function hexLines(bytes: Uint8Array): string {
  let text = '';
  for (const [index, byte] of bytes.entries()) {
    if (index > 0) text += index % PER_LINE === 0 ? '\n' : index % PER_GROUP === 0 ? '  ' : ' ';
    text += byte.toString(16).padStart(2, '0');
  }
  return text;
}

/** Bytes in JSON: `["0x0a","0xff"]`. */
export function hexStrings(bytes: Uint8Array): readonly string[] {
  return Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
}

/** Bytes beside their characters, with the offset of each line, as `data_out -` shows them. */
export function hexTable(bytes: Uint8Array): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += PER_LINE) {
    const row = bytes.subarray(start, start + PER_LINE);
    const pairs = Array.from({ length: PER_LINE }, (_, index) => {
      const byte = row[index];
      return `${byte === undefined ? '  ' : byte.toString(16).padStart(2, '0')}${index % 2 === 1 ? ' ' : ''}`;
    });
    const characters = Array.from(row, (byte, index) => {
      const character = byte < 0x20 || byte > 0x7e ? '.' : String.fromCharCode(byte);
      return `${character}${index === PER_GROUP - 1 ? ' ' : ''}`;
    });
    text += `${start.toString(16).padStart(7, '0')}\t${pairs.join('')}| ${characters.join('')}\n`;
  }
  return text;
}
