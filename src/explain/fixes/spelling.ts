import type { ObjectProgram } from '../../object/object-file.ts';

/** How the source gets at the packet: fixes speak of `data` and `data_end`, and not every source has variables of these names. */
interface PacketNames {
  /** An expression for the packet's first byte that bytes can be added to. */
  readonly data: string;
  readonly dataEnd: string;
}

/**
 * Lines of a fix in the names of the source, where these can be told from the lines that the compiler recorded.
 *
 * @param narrow the context holds 32-bit fields that have to be cast to pointers (`struct xdp_md` of Linux).
 */
export function inNamesOfSource(c: readonly string[], program: ObjectProgram, narrow: boolean): readonly string[] {
  const { data, dataEnd } = packetNames(program, narrow);
  // Where a fix sets them anew they have to be variables.
  if (c.some((line) => ASSIGNS.test(line)) && !(VARIABLE.test(data) && VARIABLE.test(dataEnd))) return c;
  // Fields of the context keep their names.
  return c.map((line) => line.replace(/(?<!->)\bdata\b/g, data).replace(/(?<!->)\bdata_end\b/g, dataEnd));
}

const ASSIGNS = /^data(?:_end)?\s*=/;
const VARIABLE = /^\w+$/;

function packetNames(program: ObjectProgram, narrow: boolean): PacketNames {
  const text = [...new Set(program.lines.map((line) => line.text))].join('\n');
  const context = /(\w+)->data(?:_end)?\b/.exec(text)?.[1];
  return { data: beginning(text, context, narrow), dataEnd: ending(text, context, narrow) };
}

function field(context: string, name: string, narrow: boolean): string {
  return narrow ? `(void *)(long)${context}->${name}` : `${context}->${name}`;
}

function ending(text: string, context: string | undefined, narrow: boolean): string {
  if (/\bdata_end\s*=[^=]/.test(text)) return 'data_end';
  const variable = /(\w+)\s*=[^=,;]*->data_end\b/.exec(text)?.[1];
  if (variable !== undefined) return variable;
  return context === undefined ? 'data_end' : field(context, 'data_end', narrow);
}

function beginning(text: string, context: string | undefined, narrow: boolean): string {
  if (/\bdata\s*=[^=]/.test(text)) return 'data';
  const found = /(void\s*\*\s*)?(\w+)\s*=[^=,;]*->data\b/.exec(text);
  if (found?.[2] !== undefined) return found[1] === undefined ? `(void *)${found[2]}` : found[2];
  return context === undefined ? 'data' : field(context, 'data', narrow);
}
