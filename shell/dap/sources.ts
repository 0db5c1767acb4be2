import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { instructionText } from '../../src/explain/instruction-text.ts';
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

/** A line of a source. */
interface Place {
  readonly source: WireSource;
  readonly line: number;
}

/** How the other side counts, and what it calls files. */
export interface ClientFormat {
  /** What to add to a line, which may count from 0. */
  readonly lineOffset: number;
  readonly columnOffset: number;
  /** Paths are URIs (`file:///...`). */
  readonly uris: boolean;
}

/** The files that a program was compiled from, as far as its debug information tells. */
export class Sources {
  private readonly session: DebugSession;
  private readonly root: string;
  private readonly lineOffset: number;
  private readonly columnOffset: number;
  private readonly uris: boolean;
  /** Of a program without line information: a line for each instruction, by slot. */
  private readonly listing: ReadonlyMap<number, SourceLine>;
  private readonly files: readonly string[];
  private readonly wire = new Map<string, WireSource>();

  /**
   * @param root directory that relative names start from.
   * @param format how the other side counts and names.
   */
  constructor(session: DebugSession, root: string, { lineOffset, columnOffset, uris }: ClientFormat) {
    this.session = session;
    this.root = root;
    this.lineOffset = lineOffset;
    this.columnOffset = columnOffset;
    this.uris = uris;
    this.listing = session.source.known ? new Map() : listingOf(session);
    this.files = [...new Set(this.lines().map(({ source }) => source.file))];
  }

  private lines(): readonly { readonly slot: number; readonly source: SourceLine }[] {
    return this.session.program.instructions.flatMap((instruction, slot) => {
      const source = instruction === undefined ? undefined : this.lineAt(slot);
      return source === undefined || source.line === 0 ? [] : [{ slot, source }];
    });
  }

  private lineAt(slot: number): SourceLine | undefined {
    return this.listing.get(slot) ?? this.session.source.at(slot);
  }

  /** Where an instruction stands for the other side: in its source or, where none is known, in the listing. Undefined for code that belongs to no line. */
  at(slot: number): Place | undefined {
    return this.of(this.lineAt(slot));
  }

  private of(source: SourceLine | undefined): Place | undefined {
    if (source === undefined || source.line === 0) return undefined;
    let wire = this.wire.get(source.file);
    if (wire === undefined) {
      const path = resolve(this.root, source.file);
      const name = lastPart(source.file);
      wire =
        this.listing.size === 0 && existsSync(path)
          ? { name, path: this.uris ? pathToFileURL(path).href : path }
          : { name, sourceReference: this.files.indexOf(source.file) + 1 };
      this.wire.set(source.file, wire);
    }
    return { source: wire, line: source.line + this.lineOffset };
  }

  /** The column of an instruction as the other side counts; the first where only its line is known. */
  columnOf(slot: number): number {
    return (this.session.source.columnAt(slot) ?? 1) + this.columnOffset;
  }

  /** All files. */
  all(): readonly WireSource[] {
    return this.files.map((file) => this.of({ file, line: 1, text: '' })!.source);
  }

  /** Lines of a file that have instructions, ascending, as the other side counts. */
  linesOf(path: string | undefined, reference: number | undefined, from: number, to: number): readonly number[] {
    const file = this.fileOf(path, reference);
    const lines = this.lines().flatMap(({ source }) => (source.file === file ? [source.line + this.lineOffset] : []));
    return [...new Set(lines)].filter((line) => line >= from && line <= to).sort((a, b) => a - b);
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
    const source = this.lineAt(slot);
    return source?.file === file && source.line === line;
  }

  /** The recorded name of a file that the other side calls by its path; it may have moved, so its last part is enough. */
  private fileOf(named: string | undefined, reference: number | undefined): string | undefined {
    if (reference !== undefined && reference > 0) return this.files[reference - 1];
    if (named === undefined) return undefined;
    const path = this.uris ? pathOf(named) : named;
    const exact = this.files.find((file) => resolve(this.root, file) === resolve(this.root, path));
    const likeness = (file: string) => sharedEnd(file, path);
    const [likest] = this.files.filter((file) => likeness(file) > 0).toSorted((a, b) => likeness(b) - likeness(a));
    return exact ?? likest;
  }
}

/** The instructions of a program as the lines of a file that there is nowhere. */
function listingOf({ program, machine }: DebugSession): ReadonlyMap<number, SourceLine> {
  const file = `${program.name}.disassembly`;
  const slots = program.instructions.flatMap((instruction, slot) => (instruction === undefined ? [] : [slot]));
  const width = String(slots.at(-1) ?? 0).length;
  const text = (slot: number) => `${String(slot).padStart(width)}: ${instructionText(machine, program.instructions[slot]!, slot)}`;
  return new Map(slots.map((slot, index) => [slot, { file, line: index + 1, text: text(slot) }]));
}

/** The name behind the directories; objects may have been compiled on another system. */
function lastPart(path: string): string {
  return path.split(/[\\/]/).at(-1)!;
}

/** How many of their last parts two paths have in common. */
function sharedEnd(a: string, b: string): number {
  const [one, other] = [a, b].map((path) => path.split(/[\\/]/).reverse());
  const differs = one!.findIndex((part, index) => part !== other![index]);
  return differs < 0 ? one!.length : differs;
}

/** The path that a URI names; what is none is taken as it is. */
function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    return uri;
  }
}

/** Lines of a reconstructed file at most. */
const MAX_LINE = 1_000_000;
