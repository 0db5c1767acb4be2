import { loadPlatform } from '../../src/platform/index.ts';
import type { PlatformName } from '../../src/platform/platform.ts';
import { templateOf } from '../../src/runtime/maps/map-of-maps.ts';
import { requireKnownFlags } from '../../src/runtime/maps/rules.ts';
import { attempt, FAILED, Failure } from './failure.ts';
import { namedPlatform, PLATFORM } from './platform.ts';
import { findOne } from './references.ts';
import { DONE, defineVerb } from './verb.ts';

export const mapCreate = defineVerb({
  words: ['create'],
  usage: `create     FILE type TYPE key KEY_SIZE value VALUE_SIZE \\
                                  entries MAX_ENTRIES name NAME [flags FLAGS] \\
                                  [inner_map MAP] [platform { windows | linux }]`,
  slots: [
    { kind: 'word', name: 'path' },
    {
      kind: 'keywords',
      name: 'properties',
      rows: [
        { word: 'type', value: 'word', what: 'map type' },
        { word: 'name', value: 'word', what: 'map name' },
        { word: 'key', value: 'number', what: 'key size' },
        { word: 'value', value: 'number', what: 'value size' },
        { word: 'entries', value: 'number', what: 'max entries' },
        { word: 'flags', value: 'number', what: 'flags' },
        { word: 'inner_map', value: 'map', what: 'inner map' },
        PLATFORM,
      ],
    },
  ],
  least: 7,
  async run({ path, properties }, { machine }) {
    const { type = '', name, key = 0, value = 0, entries = 0, flags = 0, inner_map: inner, platform } = properties;
    if (name === undefined) throw new Failure('map name not specified');
    const chosen = platform === undefined ? await platformOf(type) : namedPlatform(platform);
    return machine.transaction(() => {
      const template = inner && findOne(machine, 'map', inner);
      const runtime = template?.runtime ?? machine.runtime(chosen);
      const mapType = runtime.platform.mapTypes.find((candidate) => candidate.name === type);
      if (!mapType || mapType.kind === 'unspec') throw new Failure(`unrecognized map type: ${type}`);
      machine.freshIds(runtime);
      const specification = { name, type: mapType, keySize: key, valueSize: value, maxEntries: entries, flags };
      const options = template ? { template: templateOf(template.object) } : {};
      const create = () => {
        requireKnownFlags(runtime.mapRules, flags);
        return runtime.createMap(specification, options);
      };
      const map = attempt('map create failed', create, FAILED);
      try {
        attempt(`can't pin the object (${path})`, () => runtime.pin(map.id, path));
      } finally {
        // The pin alone keeps it.
        runtime.closeHandle(map.id);
      }
      return DONE;
    }, [chosen]);
  },
});

/** Windows, unless only Linux has such maps. */
async function platformOf(type: string): Promise<PlatformName> {
  const has = async (name: PlatformName) => (await loadPlatform(name)).mapTypes.some((candidate) => candidate.name === type);
  return !(await has('windows')) && (await has('linux')) ? 'linux' : 'windows';
}
