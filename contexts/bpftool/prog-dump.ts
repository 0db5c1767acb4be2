import { encode, encodeSlot } from '../../src/isa/encode.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { formatFunction } from '../../src/object/btf-format.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { findHelper } from '../../src/platform/index.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import { objectOf, programIn } from '../runtime-objects.ts';
import { Failure } from './failure.ts';
import { writeOutput } from './files.ts';
import { hexLines, hexStrings } from './hex.ts';
import type { Json } from './json.ts';
import { kernelText } from './kernel-text.ts';
import { programGraph } from './prog-graph.ts';
import { programHeader, programHeaderJson } from './prog-show.ts';
import { type Found, findAll } from './references.ts';
import { type Answer, DONE, defineVerb } from './verb.ts';

const SLOT_SIZE = 8;

export const progDump = defineVerb({
  words: ['dump'],
  usage: 'dump xlated PROG [{ file FILE | opcodes | visual | linum }]',
  slots: [
    { kind: 'choice', name: 'form', words: ['xlated', 'jited'], complaint: `expected 'xlated' or 'jited', got: %` },
    { kind: 'reference', name: 'program', of: 'prog' },
    {
      kind: 'keywords',
      name: 'settings',
      rows: [
        { word: 'file', value: 'file', what: 'file' },
        { word: 'opcodes', value: 'flag', what: 'opcodes' },
        { word: 'visual', value: 'flag', what: 'visual' },
        { word: 'linum', value: 'flag', what: 'linum' },
      ],
    },
  ],
  least: 3,
  async run({ form, program, settings: { file, opcodes = false, visual = false, linum = false } }, { machine, host }) {
    const alone = file !== undefined ? 'file' : 'visual';
    if ((file !== undefined && visual) || ((file !== undefined || visual) && (opcodes || linum))) throw new Failure(`'${alone}' takes no other word`);
    const dumps = await machine.transaction(() =>
      findAll(machine, 'prog', program).map((found) => {
        // Compiled code is WebAssembly inside the engine: there is nothing to disassemble.
        if (form === 'jited' || found.object.instructions.length === 0 || found.object.mode === 'native')
          throw new Failure('no instructions returned');
        return {
          found,
          code: encode(found.object.instructions, 'little'),
          lines: disassemble(found),
        };
      }),
    );
    if ((file !== undefined || visual) && dumps.length > 1) throw new Failure('several programs matched');
    if (file !== undefined) {
      await writeOutput(host, file, dumps[0]!.code);
      return DONE;
    }
    if (visual) {
      return { json: null, text: programGraph(dumps[0]!.lines.map((line) => ({ ...line, words: words(line) }))) };
    }
    const shown = dumps.map(({ found, code, lines }) => ({
      found,
      text: (dumps.length > 1 ? programHeader(found) : '') + lines.map((line) => lineText(line, code, opcodes, linum)).join(''),
      json: lines.map((line) => lineJson(line, code, opcodes, linum)),
    }));
    return several(shown);
  },
});

function several(shown: readonly { readonly found: Found<BpfProgram>; readonly text: string; readonly json: readonly Json[] }[]): Answer {
  const text = shown.map((one) => one.text).join('\n');
  if (shown.length === 1) return { json: shown[0]!.json, text };
  return { json: shown.map(({ found, json }) => ({ ...programHeaderJson(found), insns: json })), text };
}

interface Line {
  readonly pc: number;
  readonly instruction: Instruction;
  readonly opcode: number;
  readonly text: string;
  /** Where a source line begins. */
  readonly source: { readonly file: string; readonly line: number; readonly column: number; readonly text: string } | undefined;
  /** Where a function begins whose C types are known: `int count(struct xdp_md * ctx)`. */
  readonly prototype: string | undefined;
}

function disassemble({ runtime, object: program }: Found<BpfProgram>): readonly Line[] {
  const { instructions, type, objectMapIds } = program;
  const object = objectOf(runtime, program);
  const original = programIn(object, program);
  const sources = new Map(original?.lines.map((line) => [line.slot, line]));
  const prototypes = prototypesOf(object, original);
  const names = {
    map: (index: number) => objectMapIds[index] ?? 0,
    helper: (id: number) => findHelper(runtime.platform, type, id)?.name,
    kfunc: (index: number) => object?.externs[index]?.name,
  };
  return instructions.flatMap((instruction, pc) => {
    if (!instruction) return [];
    const text = kernelText(instruction, pc, names);
    return [{ pc, instruction, opcode: encodeSlot(instruction, pc).opcode, text, source: sources.get(pc), prototype: prototypes.get(pc) }];
  });
}

/** By first slot; bpftool sets every star of a type apart and leaves `void` out where there is nothing to pass. */
function prototypesOf(object: ObjectFile | undefined, program: ObjectProgram | undefined): ReadonlyMap<number, string> {
  const { btf } = object ?? {};
  if (!btf) return new Map();
  return new Map(
    program?.functions.flatMap(({ start, btfId }) => {
      const prototype = btfId === undefined ? undefined : formatFunction(btf, btfId);
      return prototype === undefined
        ? []
        : [
            [
              start,
              prototype
                .replaceAll('*', '* ')
                .replace(/ (?=[,)])/g, '')
                .replace('(void)', '()'),
            ],
          ];
    }),
  );
}

/** The bytes of an instruction: two slots where it loads 64 bits. */
function bytesOf({ pc, instruction }: Line, code: Uint8Array): Uint8Array {
  return code.subarray(pc * SLOT_SIZE, (pc + (instruction.kind === 'lddw' ? 2 : 1)) * SLOT_SIZE);
}

function words({ opcode, text }: Line): string {
  return `(${opcode.toString(16).padStart(2, '0')}) ${text}`;
}

function lineText(line: Line, code: Uint8Array, opcodes: boolean, linum: boolean): string {
  const { source } = line;
  const place = source && linum ? ` [file:${source.file} line_num:${source.line} line_col:${source.column}]` : '';
  const first = source ? `; ${source.text.trim()}${place}\n` : '';
  const bytes = opcodes ? `       ${hexLines(bytesOf(line, code)).replace('\n', ' ')}\n` : '';
  return `${line.prototype === undefined ? '' : `${line.prototype}:\n`}${first}${String(line.pc).padStart(4)}: ${words(line)}\n${bytes}`;
}

function lineJson(line: Line, code: Uint8Array, opcodes: boolean, linum: boolean): Json {
  const { source } = line;
  const bytes = bytesOf(line, code);
  const immediate = Uint8Array.from([...bytes.subarray(4, 8), ...bytes.subarray(8)]);
  return {
    ...(line.prototype === undefined ? {} : { proto: line.prototype }),
    ...(source ? { src: source.text.trim() } : {}),
    ...(source && linum ? { file: source.file, line_num: source.line, line_col: source.column } : {}),
    disasm: words(line),
    ...(opcodes
      ? {
          opcodes: {
            code: `0x${line.opcode.toString(16).padStart(2, '0')}`,
            src_reg: `0x${(bytes[1]! >>> 4).toString(16)}`,
            dst_reg: `0x${(bytes[1]! & 15).toString(16)}`,
            off: hexStrings(bytes.subarray(2, 4)),
            imm: hexStrings(immediate),
          },
        }
      : {}),
  };
}
