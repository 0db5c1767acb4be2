/**
 * Why an image cannot be used. `malformed`: it is no image, or a damaged one. `unsigned`: it carries no signature. `altered`: it does not
 * match its signature. `untrusted`: whoever signed it is not among those trusted. `mismatch`: it was made for another host (helpers, frames).
 */
export type ImageErrorKind = 'malformed' | 'unsigned' | 'altered' | 'untrusted' | 'mismatch';

/** A refused image. The message names the file, and the section and byte offset where there is one. */
export class ImageError extends Error {
  readonly kind: ImageErrorKind;
  readonly path: string;
  readonly section: string | undefined;
  readonly offset: number | undefined;
  constructor(kind: ImageErrorKind, path: string, reason: string, section?: string, offset?: number) {
    const where = [
      path,
      section === undefined ? undefined : `section ${section}`,
      offset === undefined ? undefined : `offset 0x${offset.toString(16)}`,
    ];
    super(`${where.filter((part) => part !== undefined).join(', ')}: ${reason}`);
    this.name = 'ImageError';
    this.kind = kind;
    this.path = path;
    this.section = section;
    this.offset = offset;
  }
}
