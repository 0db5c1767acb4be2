import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { DebugSession } from '../../src/explain/session.ts';
import type { SourceLine } from '../../src/explain/source.ts';
import { RequestError } from './arguments.ts';

/** `Source` of the protocol. */
export interface WireSource {
  readonly name: string;
  readonly path?: string;
  /** For files that are not here: their number for the `source` request. */
  readonly sourceReference?: number;
}

/** The files that a program was compiled from, as far as its debug information tells. */
export class Sources {
  private readonly session: DebugSession;
  private readonly root: string;
  private readonly lineOffset: number;
  private readonly files: readonly string[];
  private readonly wire = new Map<string, WireSource>();

  /**
   * @param root directory that relative names start from.
   * @param lineOffset what to add to a line for the other side, which may count from 0.
   */
  constructor(session: DebugSession, root: string, lineOffset: number) {
    this.session = session;
    this.root = root;
    this.lineOffset = lineOffset;
    this.files = [...new Set(this.lines().map(({ source }) => source.file))];
  }

  private lines(): readonly { readonly slot: number; readonly source: SourceLine }[] {
    return this.session.program.instructions.flatMap((instruction, slot) => {
      const source = instruction === undefined ? undefined : this.session.source.at(slot);
      return source === undefined || source.line === 0 ? [] : [{ slot, source }];
    });
  }

  of(source: SourceLine | undefined): { readonly source: WireSource; readonly line: number } | undefined {
    if (source === undefined || source.line === 0) return undefined;
    let wire = this.wire.get(source.file);
    if (wire === undefined) {
      const path = resolve(this.root, source.file);
      const name = basename(source.file);
      wire = existsSync(path) ? { name, path } : { name, sourceReference: this.files.indexOf(source.file) + 1 };
      this.wire.set(source.file, wire);
    }
    return { source: wire, line: source.line + this.lineOffset };
  }

  /** The lines of a file that are not here, as the compiler recorded them; the others are empty. @throws RequestError. */
  content(reference: number): string {
    const file = this.files[reference - 1];
    if (file === undefined) throw new RequestError(`There is no source ${reference}.`);
    const text: string[] = [];
    for (const { source } of this.lines()) if (source.file === file && source.line <= MAX_LINE) text[source.line - 1] = source.text;
    return Array.from(text, (line) => line ?? '').join('\n');
  }

  /**
   * Where a breakpoint on a line stops: before each run of instructions of that line or, where it has none, of the next line that has some.
   *
   * @returns undefined where no instruction belongs to that line of the file, nor to a later one.
   */
  slotsAt(
    path: string | undefined,
    reference: number | undefined,
    line: number,
  ): { readonly line: number; readonly slots: readonly number[] } | undefined {
    const file = this.fileOf(path, reference);
    const wanted = line - this.lineOffset;
    const mine = this.lines().filter(({ source }) => source.file === file);
    const actual = mine.reduce((least, { source }) => (source.line >= wanted && source.line < least ? source.line : least), Number.POSITIVE_INFINITY);
    const slots = mine.filter(({ source, slot }) => source.line === actual && !this.isLine(slot - 1, file!, actual)).map(({ slot }) => slot);
    return slots.length === 0 ? undefined : { line: actual + this.lineOffset, slots };
  }

  private isLine(slot: number, file: string, line: number): boolean {
    const source = this.session.source.at(slot);
    return source?.file === file && source.line === line;
  }

  /** The recorded name of a file that the other side calls by its path; it may have moved, so its last part is enough. */
  private fileOf(path: string | undefined, reference: number | undefined): string | undefined {
    if (reference !== undefined && reference > 0) return this.files[reference - 1];
    if (path === undefined) return undefined;
    const exact = this.files.find((file) => resolve(this.root, file) === resolve(this.root, path));
    const name = path.split(/[\\/]/).at(-1);
    return exact ?? this.files.find((file) => file.split(/[\\/]/).at(-1) === name);
  }
}

/** Lines of a reconstructed file at most. */
const MAX_LINE = 1_000_000;
