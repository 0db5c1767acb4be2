import type { ObjectProgram } from '../../object/object-file.ts';
import type { ContextLayout } from '../../platform/platform.ts';

/** The fields of a context that lead to the packet. */
interface PacketFields {
  readonly data: string;
  readonly dataEnd: string;
  /** They are 32 bits wide and have to be cast to pointers (`struct xdp_md` of Linux). */
  readonly narrow: boolean;
}

/** How the source gets at the packet: fixes speak of `data` and `data_end`, and not every source has variables of these names. */
interface PacketNames {
  /** Expressions for the fields of the context. */
  readonly dataField: string;
  readonly endField: string;
  /** The variable that took the packet's first byte; `isVoid`: bytes can be added to it. */
  readonly begin: { readonly name: string; readonly isVoid: boolean } | undefined;
  /** The variable that took the packet's end. */
  readonly end: string | undefined;
}

/** Lines of a fix in the names of the source, where these can be told from the lines that the compiler recorded. */
export function inNamesOfSource(c: readonly string[], program: ObjectProgram, context: ContextLayout): readonly string[] {
  const fields = packetFields(context);
  const names = fields === undefined ? undefined : packetNames(program, fields);
  if (names === undefined) return c;
  const { dataField, endField, begin, end } = names;
  const data = begin === undefined ? dataField : begin.isVoid ? begin.name : `(void *)${begin.name}`;
  return c.flatMap((line) => {
    if (line === RELOAD_DATA) return begin === undefined ? [] : [`${begin.name} = ${dataField};`];
    if (line === RELOAD_END) return end === undefined ? [] : [`${end} = ${endField};`];
    return [line.replace(/(?<!->)\bdata\b/g, data).replace(/(?<!->)\bdata_end\b/g, end ?? endField)];
  });
}

/** Lines that set the two anew. A source without variables for them reads the context wherever it needs them. */
export const RELOAD_DATA = 'data = (void *)(long)ctx->data;';
export const RELOAD_END = 'data_end = (void *)(long)ctx->data_end;';

function packetFields({ fields }: ContextLayout): PacketFields | undefined {
  const data = fields.find(({ kind }) => kind === 'packet');
  const end = fields.find(({ kind }) => kind === 'packet_end');
  return data === undefined || end === undefined ? undefined : { data: data.name, dataEnd: end.name, narrow: end.size === 4 };
}

function packetNames(program: ObjectProgram, { data, dataEnd, narrow }: PacketFields): PacketNames | undefined {
  const text = [...new Set(program.lines.map((line) => line.text))].join('\n');
  const context = new RegExp(`(\\w+)->(?:${data}|${dataEnd})\\b`).exec(text)?.[1];
  if (context === undefined) return undefined;
  const field = (name: string) => `${narrow ? '(void *)(long)' : ''}${context}->${name}`;
  const begin = /\bdata\s*=[^=]/.test(text)
    ? [undefined, 'void *', 'data']
    : new RegExp(`(void\\s*\\*\\s*)?(\\w+)\\s*=[^=,;]*->${data}\\b`).exec(text)?.slice();
  const end = /\bdata_end\s*=[^=]/.test(text) ? 'data_end' : new RegExp(`(\\w+)\\s*=[^=,;]*->${dataEnd}\\b`).exec(text)?.[1];
  return {
    dataField: field(data),
    endField: field(dataEnd),
    begin: begin?.[2] === undefined ? undefined : { name: begin[2], isVoid: begin[1] !== undefined },
    end,
  };
}
