import { formatInstruction } from '../../src/isa/format.ts';
import type { LineInfo, ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';
import { formatHelperCall } from '../../src/platform/format-helper.ts';
import { findHelper } from '../../src/platform/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { openObject, selectPrograms } from '../objects.ts';
import { platformNote, typeOfSection } from '../platforms.ts';
import { type DisassembledProgram, disassemblyText, type SourcePlace } from '../render/disassembly.ts';
import { FILENAME, PLATFORM, PROGRAM, SECTION } from './tags.ts';

export const command = defineCommand({
  tags: [FILENAME, SECTION, PROGRAM, PLATFORM],
  remarks: 'Source lines are shown where the object was compiled with -g. The platform decides how helpers are called.',
  examples: ['show disassembly samples/bpf.o', 'show disassembly samples/droppacket.o xdp', 'show disassembly samples/bpf2.o program=func1'],
  async run(tags, { host }) {
    const { object, choice } = await openObject(host, tags.filename, tags.platform);
    const programs = selectPrograms(object, tags);
    return { choice, programs: programs.map((program) => disassemble(program, object, choice.platform)) };
  },
  text: ({ choice, programs }) => platformNote(choice) + disassemblyText(programs),
  json: ({ choice, programs }) => ({
    schema: 1,
    platform: choice.platform.name,
    ...(choice.inferredFrom === undefined ? {} : { platformInferredFrom: choice.inferredFrom }),
    programs,
  }),
});

/** @throws CommandError where the code of the program cannot be decoded or linked. */
function disassemble(program: ObjectProgram, object: ObjectFile, platform: Platform): DisassembledProgram {
  const { instructions, defect } = program;
  if (defect && instructions.length === 0) {
    throw new CommandError(
      'object',
      `parse failure: section ${program.section}, program ${program.name}, instruction ${defect.slot}: ${defect.message}`,
    );
  }
  const type = typeOfSection(platform, program.section);
  const lines = new Map(program.lines.map((line) => [line.slot, line]));
  const helperText = (id: number) => {
    const prototype = (type && findHelper(platform, type, id)) ?? platform.helpers.get(id);
    return prototype && formatHelperCall(prototype);
  };
  return {
    section: program.section,
    program: program.name,
    instructions: instructions.flatMap((instruction, pc) =>
      instruction
        ? [
            {
              pc,
              text: formatInstruction(instruction, pc, {
                helperText,
                kfuncText: (id) => object.externs[id] && `${object.externs[id].name}()`,
                // Maps count from 1, as descriptors do in the original's listing.
                wideText: ({ source, low, high }) => {
                  if (source === 'map_fd') return `map_fd ${low + 1}`;
                  if (source === 'map_value') return `map_val(${low + 1}) + ${high}`;
                  return undefined;
                },
              }),
              source: sourcePlace(lines.get(pc)),
            },
          ]
        : [],
    ),
  };
}

function sourcePlace(line: LineInfo | undefined): SourcePlace | null {
  return line ? { file: line.file, line: line.line, text: line.text } : null;
}
