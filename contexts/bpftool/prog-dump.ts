import { encode, encodeSlot } from '../../src/isa/encode.ts';
import { formatInstruction } from '../../src/isa/format.ts';
import type { Instruction } from '../../src/isa/instruction.ts';
import { formatHelperCall } from '../../src/platform/format-helper.ts';
import { findHelper } from '../../src/platform/index.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import { objectOf } from '../runtime-objects.ts';
import { Failure, misunderstood } from './failure.ts';
import { hexLines, hexStrings } from './hex.ts';
import type { Json } from './json.ts';
import { fileFailure } from './prog-run.ts';
import { programHeader } from './prog-show.ts';
import { type Found, findAll } from './references.ts';
import { type Answer, DONE, defineVerb } from './verb.ts';

const SLOT_SIZE = 8;

export const progDump = defineVerb({
  words: ['dump'],
  usage: 'dump xlated PROG [{ file FILE | opcodes | linum }]',
  slots: [
    { kind: 'choice', name: 'form', words: ['xlated', 'jited'], complaint: `expected 'xlated' or 'jited', got: %` },
    { kind: 'reference', name: 'program', of: 'prog' },
    {
      kind: 'keywords',
      name: 'settings',
      rows: [
        { word: 'file', value: 'file', what: 'file' },
        { word: 'opcodes', value: 'flag', what: 'opcodes' },
        { word: 'linum', value: 'flag', what: 'linum' },
      ],
    },
  ],
  least: 3,
  async run({ form, program, settings: { file, opcodes = false, linum = false } }, { machine, host }) {
    if (file !== undefined && (opcodes || linum)) throw misunderstood(`'file' takes no other word`);
    const dumps = await machine.transaction(() =>
      findAll(machine, 'prog', program).map((found) => {
        // Compiled code is WebAssembly inside the engine: there is nothing to disassemble.
        if (form === 'jited' || found.object.instructions.length === 0 || found.object.mode === 'native')
          throw new Failure('no instructions returned');
        return {
          header: programHeader(found.object),
          code: encode(found.object.instructions, 'little'),
          lines: disassemble(found),
          object: found.object,
        };
      }),
    );
    if (file !== undefined) {
      if (dumps.length > 1) throw new Failure('several programs matched');
      await host.writeFile(file, dumps[0]!.code).catch((error: unknown) => {
        throw fileFailure(error, file);
      });
      return DONE;
    }
    const shown = dumps.map(({ header, object, code, lines }) => ({
      object,
      text: (dumps.length > 1 ? header : '') + lines.map((line) => lineText(line, code, opcodes, linum)).join(''),
      json: lines.map((line) => lineJson(line, code, opcodes, linum)),
    }));
    return several(shown);
  },
});

function several(shown: readonly { readonly object: BpfProgram; readonly text: string; readonly json: readonly Json[] }[]): Answer {
  const text = shown.map((one) => one.text).join('\n');
  if (shown.length === 1) return { json: shown[0]!.json, text };
  return { json: shown.map(({ object, json }) => ({ id: object.id, type: object.type.name, name: object.name, insns: json })), text };
}

interface Line {
  readonly pc: number;
  readonly instruction: Instruction;
  readonly opcode: number;
  readonly text: string;
  /** Where a source line begins. */
  readonly source: { readonly file: string; readonly line: number; readonly column: number; readonly text: string } | undefined;
}

function disassemble({ runtime, object: program }: Found<BpfProgram>): readonly Line[] {
  const { instructions, type, objectMapIds } = program;
  const original = objectOf(runtime, program)?.programs.find(({ name, section }) => name === program.name && section === program.section);
  const sources = new Map(original?.lines.map((line) => [line.slot, line]));
  const mapText = (index: number) => `map[id:${objectMapIds[index] ?? 0}]`;
  return instructions.flatMap((instruction, pc) => {
    if (!instruction) return [];
    const text = formatInstruction(instruction, pc, {
      helperText: (id) => {
        const prototype = findHelper(runtime.platform, type, id);
        return prototype && formatHelperCall(prototype);
      },
      wideText: ({ source, low, high }) => {
        if (source === 'map_fd') return mapText(low);
        if (source === 'map_value') return `${mapText(low)}[0]+${high}`;
        return undefined;
      },
    });
    return [{ pc, instruction, opcode: encodeSlot(instruction, pc).opcode, text, source: sources.get(pc) }];
  });
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
  const first = source && source.text !== '' ? `; ${source.text.trim()}${place}\n` : '';
  const bytes = opcodes ? `       ${hexLines(bytesOf(line, code)).replace('\n', ' ')}\n` : '';
  return `${first}${String(line.pc).padStart(4)}: ${words(line)}\n${bytes}`;
}

function lineJson(line: Line, code: Uint8Array, opcodes: boolean, linum: boolean): Json {
  const { source } = line;
  const bytes = bytesOf(line, code);
  const immediate = Uint8Array.from([...bytes.subarray(4, 8), ...bytes.subarray(8)]);
  return {
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
