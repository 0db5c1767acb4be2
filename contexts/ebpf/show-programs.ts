import { basename } from 'node:path';
import { programTypeByName } from '../../src/platform/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import type { BpfProgram } from '../../src/runtime/programs.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { defineCommand } from '../command.ts';
import { namedProgramType } from '../platforms.ts';
import { platformBlocks } from '../render/platform-blocks.ts';
import { table } from '../render/table.ts';
import { platformListing, platformRows } from './platform-listing.ts';
import { ONLY_PLATFORM } from './tags.ts';

interface ListedProgram {
  readonly id: number;
  readonly name: string;
  readonly section: string;
  readonly type: string;
  readonly mode: string;
  readonly file: string;
  readonly mapIds: readonly number[];
  readonly pins: number;
  readonly links: number;
}

export const command = defineCommand({
  tags: [
    {
      name: 'type',
      type: 'program-type',
      help: 'Only programs of this type, by its name or as if it were a section name.\nThe default is every type.',
    },
    { name: 'attached', type: ['any', 'yes', 'no'], help: 'Only programs that are attached, or are not.\nThe default is any.' },
    { name: 'pinned', type: ['any', 'yes', 'no'], help: 'Only programs that are pinned, or are not.\nThe default is any.' },
    {
      name: 'level',
      type: ['normal', 'informational', 'verbose'],
      help: 'normal: a table. informational, verbose: a block per program.\nThe default is normal, or verbose where an ID is given.',
    },
    { name: 'filename', type: 'file', help: 'Only programs from this file, by its path or its name alone.\nThe default is every file.' },
    { name: 'section', type: 'section', help: 'Only programs of this section.\nThe default is every section.' },
    { name: 'id', type: 'integer', names: 'program', help: 'Only the program with this ID.\nThe default is all.' },
    ONLY_PLATFORM,
  ],
  examples: ['show programs', 'show programs sample_ext pinned=yes', 'show programs id=5', 'show programs format=json'],
  async run(tags, environment) {
    const platforms: Platform[] = [];
    const blocks = await platformListing(environment, tags.platform, (runtime) => {
      platforms.push(runtime.platform);
      const type = tags.type === undefined ? undefined : programTypeByName(runtime.platform, tags.type);
      return runtime
        .programs()
        .map((program) => listed(runtime, program))
        .filter(
          (program) =>
            (tags.type === undefined || program.type === type?.name) &&
            agrees(tags.attached, program.links) &&
            agrees(tags.pinned, program.pins) &&
            (tags.filename === undefined || [program.file, basename(program.file)].includes(tags.filename)) &&
            (tags.section === undefined || program.section === tags.section) &&
            (tags.id === undefined || program.id === tags.id),
        );
    });
    const { type } = tags;
    // A type of one platform shows nothing of the others; one of no platform is a mistake.
    if (type !== undefined && !platforms.some((platform) => programTypeByName(platform, type))) namedProgramType(platforms[0]!, type);
    return blocks;
  },
  text(blocks, { level, id }) {
    const normal = (level ?? (id === undefined ? 'normal' : 'verbose')) === 'normal';
    return platformBlocks(blocks, normal ? programTable : (rows) => rows.map(programBlock).join(''));
  },
  json: (blocks) => ({ schema: 1, programs: platformRows(blocks) }),
});

function agrees(wanted: 'any' | 'yes' | 'no' | undefined, count: number): boolean {
  return wanted === undefined || wanted === 'any' || (wanted === 'yes') === count > 0;
}

function listed(runtime: Runtime, { id, name, section, type, mode, source, mapIds }: BpfProgram): ListedProgram {
  return {
    id,
    name,
    section,
    type: type.name,
    mode: mode.toUpperCase(),
    file: source.fileName,
    mapIds: [...mapIds].sort((a, b) => a - b),
    pins: runtime.pinCount(id),
    links: runtime.linkCount(id),
  };
}

function programTable(programs: readonly ListedProgram[]): string {
  return table(
    [
      { title: ['ID'], width: 6, align: 'right' },
      { title: ['Pins'], width: 4, align: 'right' },
      { title: ['Links'], width: 5, align: 'right' },
      { title: ['Mode'], width: 9 },
      { title: ['Type'], width: 13 },
      { title: ['Name'], width: 20 },
    ],
    programs.map(({ id, pins, links, mode, type, name }) => [String(id), String(pins), String(links), mode, type, name]),
  );
}

function programBlock({ id, name, section, type, mode, file, mapIds, pins, links }: ListedProgram): string {
  const lines: (readonly [string, string])[] = [
    ['ID', String(id)],
    ['File name', file],
    ['Section', section],
    ['Name', name],
    ['Program type', type],
    ['Mode', mode],
    ['# map IDs', String(mapIds.length)],
    ...(mapIds.length > 0 ? [['map IDs', mapIds.join(`\n${' '.repeat(17)}`)] as const] : []),
    ['# pinned paths', String(pins)],
    ['# links', String(links)],
  ];
  return `\n${lines.map(([key, value]) => `${key.padEnd(15)}: ${value}\n`).join('')}`;
}
