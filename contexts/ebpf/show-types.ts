import { loadPlatform } from '../../src/platform/index.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { defineCommand } from '../command.ts';
import { table } from '../render/table.ts';
import { PLATFORM } from './tags.ts';

export const command = defineCommand({
  tags: [{ ...PLATFORM, help: 'The host whose types are shown.\nThe default is windows.' }],
  remarks: 'Program types with their contexts and attach types, section names, and map types.',
  examples: ['show types', 'show types platform=linux'],
  run: (tags) => loadPlatform(tags.platform ?? 'windows'),
  text: (platform) => programTypes(platform) + attachTypes(platform) + mapTypes(platform),
  json: (platform) => ({
    schema: 1,
    platform: platform.name,
    programTypes: platform.programTypes.map(({ name, id, guid, context }) => ({
      name,
      id,
      ...(guid ? { guid } : {}),
      context: {
        name: context.name,
        size: context.size,
        fields: context.fields.map(({ name: field, offset, size, kind, writable }) => ({ name: field, offset, size, kind, writable })),
      },
    })),
    attachTypes: platform.attachTypes.map(({ name, id, guid, programType }) => ({ name, id, ...(guid ? { guid } : {}), programType })),
    sections: platform.sections.map(({ prefix, exact, programType, attachType }) => ({
      prefix,
      exact,
      programType,
      ...(attachType ? { attachType } : {}),
    })),
    mapTypes: platform.mapTypes.map(({ name, constant, id }) => ({ name, constant, id })),
  }),
});

function programTypes({ programTypes: types }: Platform): string {
  return table(
    [
      { title: ['Program', 'Type'], width: 20 },
      { title: ['', 'ID'], width: 4, align: 'right' },
      { title: ['', 'Context'], width: 24 },
      { title: ['Size', '(bytes)'], width: 7, align: 'right' },
    ],
    types.map(({ name, id, context }) => [name, String(id), context.size === 0 ? '-' : context.name, String(context.size)]),
  );
}

function attachTypes({ attachTypes: types, sections }: Platform): string {
  const prefixes = (name: string) => sections.filter((section) => section.attachType === name).map(({ prefix }) => prefix);
  return table(
    [
      { title: ['Attach', 'Type'], width: 30 },
      { title: ['', 'ID'], width: 4, align: 'right' },
      { title: ['Program', 'Type'], width: 20 },
      { title: ['', 'Sections'], width: 8 },
    ],
    types.map(({ name, id, programType }) => [name, String(id), programType, prefixes(name).join(' ')]),
  );
}

function mapTypes({ mapTypes: types }: Platform): string {
  return table(
    [
      { title: ['Map', 'Type'], width: 22 },
      { title: ['', 'ID'], width: 4, align: 'right' },
      { title: ['', 'Constant'], width: 8 },
    ],
    types.map(({ name, id, constant }) => [name, String(id), constant]),
  );
}
