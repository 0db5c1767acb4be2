export interface Column {
  /** Title lines from the top; shorter titles stand at the bottom. */
  readonly title: readonly string[];
  /** Narrowest width; a longer cell pushes its row out, as in netsh. */
  readonly width: number;
  readonly align?: 'left' | 'right';
}

/** A netsh table: a blank line, the titles, a ruler of `=`, one line per row, columns two blanks apart. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const height = Math.max(...columns.map((column) => column.title.length));
  const lines = [''];
  for (let line = 0; line < height; line++) {
    lines.push(
      rowText(
        columns,
        columns.map((column) => column.title[line - height + column.title.length] ?? ''),
      ),
    );
  }
  lines.push(columns.map((column) => '='.repeat(column.width)).join('  '));
  for (const row of rows) lines.push(rowText(columns, row));
  return lines.map((line) => `${line}\n`).join('');
}

function rowText(columns: readonly Column[], cells: readonly string[]): string {
  return columns
    .map(({ width, align }, index) => (align === 'right' ? (cells[index] ?? '').padStart(width) : (cells[index] ?? '').padEnd(width)))
    .join('  ')
    .trimEnd();
}
