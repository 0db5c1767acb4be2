/** A part of a line: index of its first character and how many there are. */
export interface TextSpan {
  readonly start: number;
  readonly length: number;
}

/** What stands before a member's name: `ip->`, `v->b[i].`. */
const OWNER = /[A-Za-z_]\w*(?:\[[^\]]*\])?\s*(?:->|\.)\s*$/;
/** Prefix operators and casts, a name, then members, elements and arguments. */
const POSTFIX =
  /^(?:[*&!~-]\s*)*(?:\((?:const\s+)?(?:struct\s+)?\w+\s*\**\)\s*)*[A-Za-z_]\w*(?:\s*(?:->|\.)\s*\w+|\s*\[[^\]]*\]|\((?:[^()]|\([^()]*\))*\))*/;
const OPERATOR = /^[-+*/%&|^<>=!~]+/;

/**
 * The expression of C that a compiler means by a column: the access, call or operator that stands there, as far as the line shows it. Compilers name
 * the member of `ip->protocol` by the column of `protocol`; the whole access is meant.
 *
 * @param column from 1, as line information counts; undefined where nothing stands there.
 */
export function expressionAt(text: string, column: number): TextSpan | undefined {
  let start = column - 1;
  if (start < 0 || start >= text.length || /\s/.test(text[start]!)) return undefined;
  if (/\w/.test(text[start]!)) {
    for (let owner = OWNER.exec(text.slice(0, start)); owner !== null; owner = OWNER.exec(text.slice(0, start))) start = owner.index;
  }
  const rest = text.slice(start);
  const found = POSTFIX.exec(rest) ?? OPERATOR.exec(rest);
  return { start, length: found === null ? 1 : found[0].length };
}

/**
 * The variable that a line gives a value to by the expression at a column: `i` of `u32 k = 1, i = ctx->queue;` for the column of `ctx`. Undefined where
 * the line assigns nothing there, or a member or an element.
 */
export function assignedAt(text: string, column: number): string | undefined {
  let name: string | undefined;
  for (const match of text.matchAll(ASSIGNMENT)) {
    if (match.index + match[0].length > column) break;
    name = match[1];
    // Behind the end of a statement or declaration the name no longer counts.
    if (/[;{}]/.test(text.slice(match.index + match[0].length, Math.max(column - 1, 0)))) name = undefined;
  }
  return name;
}

const ASSIGNMENT = /(?<![.\w]|->)([A-Za-z_]\w*)\s*=(?!=)/g;

/** The arguments of the call of a function on a line, as texts; undefined where the line does not show the whole call. */
export function argumentsOf(text: string, name: string): readonly string[] | undefined {
  const at = new RegExp(`\\b${name}\\s*\\(`).exec(text);
  if (at === null) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let from = at.index + at[0].length;
  for (let index = from; index < text.length; index++) {
    const character = text[index]!;
    if ('([{'.includes(character)) depth++;
    else if (depth > 0 && ')]}'.includes(character)) depth--;
    else if (depth === 0 && (character === ',' || character === ')')) {
      parts.push(text.slice(from, index).trim());
      if (character === ')') return parts;
      from = index + 1;
    }
  }
  return undefined;
}

/** What stands in the brackets of a line, outermost ones only, in their order: `row` and `p[1] & 15` of `t[row].hits[p[1] & 15]`. */
export function bracketed(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '[' && depth++ === 0) from = index + 1;
    else if (text[index] === ']' && --depth === 0) parts.push(text.slice(from, index).trim());
    if (depth < 0) return parts;
  }
  return parts;
}
