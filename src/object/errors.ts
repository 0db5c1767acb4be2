/** What is wrong with a file, coarse enough to act on. */
export type ObjectErrorKind = 'truncated' | 'unsupported' | 'out-of-range' | 'malformed' | 'too-large' | 'inconsistent';

/** Where in a file: the section it concerns, if any, and a byte offset (in that section, else in the file). */
export interface ObjectLocation {
  readonly section?: string | undefined;
  readonly offset?: number | undefined;
}

/**
 * A file that cannot be used as an eBPF object. `message` is one line that names the file, the section and the offset in hexadecimal;
 * `reason` is the part of it that says what is wrong.
 */
export class ObjectError extends Error {
  readonly kind: ObjectErrorKind;
  readonly file: string;
  readonly section: string | undefined;
  readonly offset: number | undefined;
  readonly reason: string;
  constructor(kind: ObjectErrorKind, file: string, reason: string, location: ObjectLocation = {}) {
    super(`${oneLine(file)}${place(location)}: ${oneLine(reason)}`);
    this.name = 'ObjectError';
    this.kind = kind;
    this.file = file;
    this.section = location.section;
    this.offset = location.offset;
    this.reason = oneLine(reason);
  }
}

/** The ELF container itself is damaged: header, section table, symbol table, relocation table. */
export class ElfError extends ObjectError {
  constructor(kind: ObjectErrorKind, file: string, reason: string, location: ObjectLocation = {}) {
    super(kind, file, reason, location);
    this.name = 'ElfError';
  }
}

function place({ section, offset }: ObjectLocation): string {
  const name = section === undefined ? '' : `: section ${section === '' ? '(unnamed)' : oneLine(section)}`;
  return offset === undefined ? name : `${name}${section === undefined ? ': offset' : ' +'} 0x${offset.toString(16)}`;
}

/** Names come from the file: control characters would break the one-line promise or drive a terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
