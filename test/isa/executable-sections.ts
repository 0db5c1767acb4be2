/** Executable sections of an ELF64 file, read with the least that this takes; the object loader has its own tests. */
export interface ExecutableSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const SHT_PROGBITS = 1;
const SHF_EXECINSTR = 4n;

export function executableSections(file: Uint8Array): { readonly byteOrder: 'little' | 'big'; readonly sections: readonly ExecutableSection[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const little = view.getUint8(5) === 1;
  const table = Number(view.getBigUint64(0x28, little));
  const entrySize = view.getUint16(0x3a, little);
  const count = view.getUint16(0x3c, little);
  const header = (index: number) => table + index * entrySize;
  const names = Number(view.getBigUint64(header(view.getUint16(0x3e, little)) + 0x18, little));
  const sections: ExecutableSection[] = [];
  for (let index = 0; index < count; index++) {
    const at = header(index);
    if (view.getUint32(at + 4, little) !== SHT_PROGBITS || (view.getBigUint64(at + 8, little) & SHF_EXECINSTR) === 0n) continue;
    const offset = Number(view.getBigUint64(at + 0x18, little));
    const size = Number(view.getBigUint64(at + 0x20, little));
    const name = names + view.getUint32(at, little);
    sections.push({ name: new TextDecoder().decode(file.subarray(name, file.indexOf(0, name))), bytes: file.subarray(offset, offset + size) });
  }
  return { byteOrder: little ? 'little' : 'big', sections };
}
