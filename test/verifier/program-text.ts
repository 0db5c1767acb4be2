/** Small programs written as text, with names for what text has no words for: `call bpf_loop`, `kfunc bpf_iter_num_new`, `r1 = map counters`, `r2 = &body`. */
import type { InstructionList } from '../../src/isa/instruction.ts';
import { instructionsOf, parseProgram } from '../../src/isa/parse.ts';
import type { Btf, BtfType } from '../../src/object/btf.ts';
import type { Extern, MapDefinition, ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { helperByName, programTypeByName } from '../../src/platform/find.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { type VerificationReport, verifyProgram } from '../../src/verifier/index.ts';

/** What a program may name; sizes in bytes. */
export interface TextMap {
  readonly name: string;
  /** As bpftool prints the type. */
  readonly type: string;
  readonly key: number;
  readonly value: number;
  /** BTF id of the value's type. */
  readonly valueType?: number;
  readonly flags?: number;
  /** Maps of maps: the name of the one that theirs are like. */
  readonly inner?: string;
}

export interface TextProgram {
  readonly platform: Platform;
  readonly type: string;
  /** Tells the attach type too; default: a section that no platform knows. */
  readonly section?: string;
  readonly maps?: readonly TextMap[];
  /** Types from id 1 on. */
  readonly types?: readonly BtfType[];
  /** Functions that are global, with their BTF ids; the others are static. */
  readonly globals?: Readonly<Record<string, number>>;
  /** One instruction a line; `name:` begins a function or a place to jump to. */
  readonly text: string;
}

/** The programs of a text: labels that are called or named by `&` begin functions. */
function link({ platform, type, text, maps = [] }: TextProgram): {
  instructions: InstructionList;
  externs: Extern[];
  starts: ReadonlyMap<string, number>;
} {
  const programType = programTypeByName(platform, type)!;
  const externs: Extern[] = [];
  const addresses: { readonly line: number; readonly label: string }[] = [];
  const called = new Set<string>();
  let count = 0;
  const translate = (line: string): string => {
    const number = count++;
    const helper = /^call (\w+)$/.exec(line)?.[1];
    if (helper !== undefined) return `call ${helperByName(platform, helper, programType)?.id ?? helper}`;
    const local = /^call <(\w+)>$/.exec(line)?.[1];
    if (local !== undefined) called.add(local);
    const kfunc = /^(kfunc|extern) (\w+)$/.exec(line);
    if (kfunc !== null) {
      const name = kfunc[2]!;
      if (!externs.some((known) => known.name === name)) externs.push({ name, kind: kfunc[1] === 'kfunc' ? 'kfunc' : 'function', weak: false });
      return `call_btf ${externs.findIndex((known) => known.name === name)}`;
    }
    const map = /^(r\d+) = (map|value) (\w+)$/.exec(line);
    if (map !== null) {
      const index = maps.findIndex(({ name }) => name === map[3]);
      if (index < 0) throw new Error(`no map ${map[3]}`);
      return map[2] === 'map' ? `${map[1]} = map_fd ${index}` : `${map[1]} = map_val(${index}) + 0`;
    }
    const address = /^(r\d+) = &(\w+)$/.exec(line);
    if (address === null) return line;
    addresses.push({ line: number, label: address[2]! });
    called.add(address[2]!);
    return `${address[1]} = code_addr(0)`;
  };
  const blocks: [string, string][] = [['start', '']];
  for (const line of text.split('\n').map((each) => each.trim())) {
    const label = /^(\w+):$/.exec(line)?.[1];
    if (label !== undefined) blocks.push([label, '']);
    else if (line !== '') blocks[blocks.length - 1]![1] += `${translate(line)}\n`;
  }
  const parsed = parseProgram(blocks);
  const instructions = [...instructionsOf(parsed)];
  for (const { line, label } of addresses) {
    const slot = parsed.slots[line]!;
    const instruction = instructions[slot]!;
    if (instruction.kind === 'lddw') instructions[slot] = { ...instruction, low: parsed.labels.get(label)! - slot - 1 };
  }
  return { instructions, externs, starts: new Map([...called].map((label) => [label, parsed.labels.get(label)!])) };
}

/** The object that a text stands for, with its one program. */
export function objectOfText(source: TextProgram): { readonly object: ObjectFile; readonly program: ObjectProgram } {
  const { platform, maps = [], types, globals = {}, section = 'none' } = source;
  const { instructions, externs, starts } = link(source);
  const btf: Btf | undefined = types === undefined ? undefined : { types: [{ kind: 'void' }, ...types] };
  const ordered = [['main', 0] as const, ...[...starts].sort((a, b) => a[1] - b[1])];
  const program: ObjectProgram = {
    section,
    name: 'main',
    instructions,
    size: instructions.length * 8,
    offset: 0,
    functions: ordered.map(([name, start], index) => ({
      name,
      start,
      end: ordered[index + 1]?.[1] ?? instructions.length,
      section,
      sectionSlot: start,
      linkage: index === 0 || name in globals ? 'global' : 'static',
      ...(name in globals ? { btfId: globals[name]! } : {}),
    })),
    lines: [],
  };
  const definitions = maps.map(
    ({ name, type, key, value, valueType, inner, flags = 0 }): MapDefinition => ({
      name,
      type: platform.mapTypes.find((each) => each.name === type)!.id,
      keySize: key,
      valueSize: value,
      maxEntries: 16,
      flags,
      pinning: 0,
      origin: 'btf',
      ...(valueType === undefined ? {} : { valueTypeId: valueType }),
      ...(inner === undefined ? {} : { inner: maps.findIndex((each) => each.name === inner) }),
    }),
  );
  const object: ObjectFile = {
    path: 'text.o',
    sha256: '',
    byteOrder: 'little',
    programs: [program],
    maps: definitions,
    externs,
    license: 'GPL',
    version: undefined,
    btf,
    sections: [],
  };
  return { object, program };
}

/** Verdict on a text at one precision, or up the ladder. */
export function verifyText(source: TextProgram, precision?: number): VerificationReport {
  const { object, program } = objectOfText(source);
  const { platform, type, section } = source;
  return verifyProgram(object, program, {
    platform,
    ...(section === undefined ? { programType: programTypeByName(platform, type)! } : {}),
    ...(precision === undefined ? {} : { precision }),
  });
}
