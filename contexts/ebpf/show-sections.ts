import type { InstructionStatistics } from '../../src/isa/statistics.ts';
import type { MapDefinition, ObjectProgram } from '../../src/object/object-file.ts';
import { findMapType } from '../../src/platform/find.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { defineCommand } from '../command.ts';
import { openObject, selectPrograms } from '../objects.ts';
import { type PlatformChoice, platformNote, typeName } from '../platforms.ts';
import { mapTable } from '../render/maps.ts';
import { programBlock, programTable } from '../render/sections.ts';
import { FILENAME, PLATFORM, SECTION } from './tags.ts';

interface ListedProgram {
  readonly section: string;
  readonly program: string;
  readonly type: string;
  readonly bytes: number;
  readonly instructions: number;
  readonly statistics?: InstructionStatistics;
}

interface ListedMap {
  readonly name: string;
  readonly type: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

interface Sections {
  readonly choice: PlatformChoice;
  readonly level: 'normal' | 'informational' | 'verbose';
  readonly programs: readonly ListedProgram[];
  readonly maps: readonly ListedMap[];
}

export const command = defineCommand({
  tags: [
    FILENAME,
    SECTION,
    {
      name: 'level',
      type: ['normal', 'informational', 'verbose'],
      help: 'normal: a table. informational: a block per program.\nverbose: the block with counts of instructions by kind.\nThe default is normal, or verbose where a section is given.',
    },
    PLATFORM,
  ],
  remarks: 'The maps of the object follow the programs.',
  examples: ['show sections samples/bpf.o', 'show sections samples/droppacket.o xdp', 'show sections samples/bpf.o format=json'],
  async run(tags, { host }): Promise<Sections> {
    const { object, choice, types } = await openObject(host, tags.filename, tags.platform);
    const selected = object.programs.length === 0 && tags.section === undefined ? [] : selectPrograms(object, tags);
    const level = tags.level ?? (tags.section === undefined ? 'normal' : 'verbose');
    const statistics = level === 'verbose' && !types ? await statisticsOf(choice.platform) : undefined;
    return {
      choice,
      level,
      programs: selected.map((program) => listedProgram(program, types?.get(program.name) ?? typeName(choice.platform, program.section), statistics)),
      maps: object.maps.map((map) => listedMap(map, choice.platform)),
    };
  },
  text: ({ choice, level, programs, maps }) =>
    `${platformNote(choice)}${level === 'normal' ? programTable(programs) : programs.map(programBlock).join('')}${mapTable(maps)}`,
  json: ({ choice, programs, maps }) => ({
    schema: 1,
    platform: choice.platform.name,
    ...(choice.inferredFrom === undefined ? {} : { platformInferredFrom: choice.inferredFrom }),
    programs: programs.map(({ statistics, ...program }) => ({ ...program, ...(statistics ? { statistics: Object.fromEntries(statistics) } : {}) })),
    maps,
  }),
});

type CountStatistics = (program: ObjectProgram) => InstructionStatistics;

async function statisticsOf(platform: Platform): Promise<CountStatistics> {
  const { programStatistics } = await import('../statistics.ts');
  return (program) => programStatistics(program, platform);
}

function listedProgram(program: ObjectProgram, type: string, statistics: CountStatistics | undefined): ListedProgram {
  return {
    section: program.section,
    program: program.name,
    type,
    bytes: program.size,
    instructions: program.instructions.length,
    ...(statistics ? { statistics: statistics(program) } : {}),
  };
}

function listedMap({ name, type, keySize, valueSize, maxEntries }: MapDefinition, platform: Platform): ListedMap {
  return { name, type: findMapType(platform, type)?.name ?? `unknown (${type})`, keySize, valueSize, maxEntries };
}
