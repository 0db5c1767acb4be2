import { formatHelperCall } from '../../src/platform/format-helper.ts';
import { loadPlatform } from '../../src/platform/index.ts';
import type { HelperPrototype, Platform } from '../../src/platform/platform.ts';
import { isImplemented } from '../../src/runtime/helpers/table.ts';
import { defineCommand } from '../command.ts';
import { namedProgramType } from '../platforms.ts';
import { table } from '../render/table.ts';
import { wrap } from '../render/wrap.ts';
import { PLATFORM } from './tags.ts';

interface ListedHelper {
  readonly id: number;
  readonly name: string;
  /** The call as listings show it. */
  readonly call: string;
  /** Program types that alone have it; undefined: not tied to a type. */
  readonly type?: string;
  /** It needs a kernel: programs that run here only get an error from it. */
  readonly needsKernel?: true;
}

export const command = defineCommand({
  tags: [
    { name: 'type', type: 'program-type', help: 'Only what programs of this type may call.\nThe default is every helper.' },
    { ...PLATFORM, help: 'The host whose helpers are shown.\nThe default is windows.' },
  ],
  remarks: 'Helpers with what they take, as disassembly shows calls.',
  examples: ['show helpers', 'show helpers xdp', 'show helpers xdp platform=linux'],
  async run(tags) {
    const platform = await loadPlatform(tags.platform ?? 'windows');
    return { platform: platform.name, helpers: tags.type === undefined ? allHelpers(platform) : helpersOf(platform, tags.type) };
  },
  text: ({ helpers }) =>
    `${table(
      [
        { title: ['ID'], width: 6, align: 'right' },
        { title: ['Type'], width: 16 },
        { title: ['Helper'], width: 6 },
      ],
      helpers.map(({ id, call, type }) => [String(id), type ?? '', call]),
    )}${kernelText(helpers)}`,
  json: ({ platform, helpers }) => ({ schema: 1, platform, helpers }),
});

function listed(platform: Platform, prototype: HelperPrototype, type?: string): ListedHelper {
  const { id, name } = prototype;
  return {
    id,
    name,
    call: formatHelperCall(prototype),
    ...(type === undefined ? {} : { type }),
    ...(isImplemented(platform, name) ? {} : { needsKernel: true }),
  };
}

/** Which of them do nothing here, in words. */
function kernelText(helpers: readonly ListedHelper[]): string {
  const names = helpers.filter(({ needsKernel }) => needsKernel === true).map(({ name }) => name);
  if (names.length === 0) return '';
  return `\n${wrap(`Programs that run here only get an error from those that need a kernel: ${names.join(', ')}.`, 80, '')}`;
}

function allHelpers(platform: Platform): readonly ListedHelper[] {
  const own = platform.programTypes.flatMap(({ name, ownHelpers }) =>
    [...(ownHelpers?.values() ?? [])].map((prototype) => listed(platform, prototype, name)),
  );
  return [...[...platform.helpers.values()].map((prototype) => listed(platform, prototype)), ...own];
}

function helpersOf(platform: Platform, name: string): readonly ListedHelper[] {
  const type = namedProgramType(platform, name);
  const own = type.ownHelpers ?? new Map<number, HelperPrototype>();
  const general = [...platform.helpers.values()].filter(({ id }) => !own.has(id) && (!type.helperIds || type.helperIds.has(id)));
  return [
    ...general.map((prototype) => listed(platform, prototype)),
    ...[...own.values()].map((prototype) => listed(platform, prototype, type.name)),
  ].sort((a, b) => a.id - b.id);
}
