interface MapRow {
  readonly name: string;
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

const HEADER = `
                     Key  Value      Max
          Map Type  Size   Size  Entries  Name
==================  ====  =====  =======  ========
`;

/** The maps of an object, below its programs. */
export function mapTable(maps: readonly MapRow[]): string {
  const rows = maps.map(
    ({ name, type, keySize, valueSize, maxEntries }) =>
      `${type.padStart(18)}${String(keySize).padStart(6)}${String(valueSize).padStart(7)}${String(maxEntries).padStart(9)}  ${name}\n`,
  );
  return HEADER + rows.join('');
}
