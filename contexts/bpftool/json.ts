export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const INDENT = '    ';

/**
 * JSON as bpftool's writer lays it out with `--pretty`: members on lines of their own, elements of a list one after another, the closing
 * bracket of whatever is not empty on its own line.
 */
export function prettyJson(value: Json, depth = 0): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const line = (level: number) => `\n${INDENT.repeat(level)}`;
  if (isList(value)) {
    const items = value.map((item) => prettyJson(item, depth + 1));
    return items.length === 0 ? '[]' : `[${items.join(',')}${line(depth)}]`;
  }
  const members = Object.entries(value).map(([name, member]) => `${line(depth + 1)}${JSON.stringify(name)}: ${prettyJson(member, depth + 1)}`);
  return members.length === 0 ? '{}' : `{${members.join(',')}${line(depth)}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
