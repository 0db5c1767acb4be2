/** Builds small ELF64 relocatables for BPF out of sections, for cases no compiler would make. Little endian. */

export interface SectionSpec {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
  readonly data?: Uint8Array;
  /** Says something else than the data's length. */
  readonly size?: number;
}

export interface SymbolSpec {
  /** Offset in the string table. */
  readonly name: number;
  /** binding << 4 | type. */
  readonly info: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** Section 1 is the first of `specs`; the name table is added behind the last. */
export function buildElf(specs: readonly SectionSpec[]): Uint8Array {
  const sections: readonly SectionSpec[] = [{ name: '', type: 0 }, ...specs, { name: '.shstrtab', type: 3 }];
  let names = '';
  const nameOffsets = sections.map(({ name }) => {
    names += `${name}\0`;
    return names.length - name.length - 1;
  });
  const contents = sections.map((section, index) =>
    index === sections.length - 1 ? new TextEncoder().encode(names) : (section.data ?? new Uint8Array(0)),
  );
  let end = 64;
  const positions = contents.map((data) => {
    const position = end;
    end = (end + data.length + 7) & ~7;
    return position;
  });
  const file = new Uint8Array(end + sections.length * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, 247, true);
  view.setBigUint64(40, BigInt(end), true);
  view.setUint16(58, 64, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, sections.length - 1, true);
  sections.forEach((section, index) => {
    const data = contents[index] ?? new Uint8Array(0);
    const header = end + index * 64;
    file.set(data, positions[index] ?? 0);
    view.setUint32(header, nameOffsets[index] ?? 0, true);
    view.setUint32(header + 4, section.type, true);
    view.setBigUint64(header + 8, BigInt(section.flags ?? 0), true);
    view.setBigUint64(header + 24, BigInt(positions[index] ?? 0), true);
    view.setBigUint64(header + 32, BigInt(section.size ?? data.length), true);
    view.setUint32(header + 40, section.link ?? 0, true);
    view.setUint32(header + 44, section.info ?? 0, true);
    view.setBigUint64(header + 56, BigInt(section.entrySize ?? 0), true);
  });
  return file;
}

/** The bytes of a symbol table. */
export function symbolTable(symbols: readonly SymbolSpec[]): Uint8Array {
  const bytes = new Uint8Array(24 * symbols.length);
  const view = new DataView(bytes.buffer);
  symbols.forEach(({ name, info, section, value, size }, index) => {
    const at = index * 24;
    view.setUint32(at, name, true);
    bytes[at + 4] = info;
    view.setUint16(at + 6, section, true);
    view.setBigUint64(at + 8, BigInt(value), true);
    view.setBigUint64(at + 16, BigInt(size), true);
  });
  return bytes;
}
