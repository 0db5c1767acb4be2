/** The lines of a script file: UTF-8 (a byte order mark is dropped), any line ends, the last line end optional. */
export function scriptLines(bytes: Uint8Array): readonly string[] {
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
