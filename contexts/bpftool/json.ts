/** A number as it is to be written: beyond what JavaScript's numbers hold, or hexadecimal in what only people read. */
export class Literal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = string | number | boolean | null | Literal | readonly Json[] | { readonly [name: string]: Json };

const INDENT = '    ';

/** JSON on one line. */
export function compactJson(value: Json): string {
  return write(value, () => '', '');
}

/**
 * JSON as bpftool's writer lays it out with `--pretty`: members on lines of their own, elements of a list one after another, the closing
 * bracket of whatever is not empty on its own line.
 */
export function prettyJson(value: Json): string {
  return write(value, (depth) => `\n${INDENT.repeat(depth)}`, ' ');
}

function write(value: Json, lineAt: (depth: number) => string, gap: string, depth = 0): string {
  if (value instanceof Literal) return value.text;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    const items = value.map((item) => write(item, lineAt, gap, depth + 1));
    return items.length === 0 ? '[]' : `[${items.join(',')}${lineAt(depth)}]`;
  }
  const members = Object.entries(value).map(
    ([name, member]) => `${lineAt(depth + 1)}${JSON.stringify(name)}:${gap}${write(member, lineAt, gap, depth + 1)}`,
  );
  return members.length === 0 ? '{}' : `{${members.join(',')}${lineAt(depth)}}`;
}

function isList(value: readonly Json[] | { readonly [name: string]: Json }): value is readonly Json[] {
  return Array.isArray(value);
}
