import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { distanceSteps } from '../../src/explain/queries/distance.ts';
import { DebugSession } from '../../src/explain/session.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { CHECKS } from '../../src/verifier/checks.ts';
import { verify } from '../../src/verifier/index.ts';
import { atOnce } from '../../src/verifier/steps.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { openObject } from './open.ts';

/** Files that explain, with their text without comments. Knowledge is prose about causes; the search makes inputs, and has limits of its own. */
const FILES = readdirSync('src/explain', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('knowledge/'))
  .map((name) => ({ name, code: readFileSync(`src/explain/${name}`, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '') }));

/** Ways in which a rule about what is safe would show in the code, and who may write so nevertheless. */
const RULES: readonly { readonly what: string; readonly pattern: RegExp; readonly except?: readonly string[] }[] = [
  // The machine of replays keeps what the verifier's own functions report.
  { what: 'declares a check failed', pattern: /\bfail\s*\(|\bfindings\.push\(/, except: ['replay.ts'] },
  { what: 'gives a check its severity', pattern: /severity\s*:\s*'/ },
  { what: 'sets a limit of the platform', pattern: /\b(?:stackSize|callFrames|valueSize|keySize|maxEntries)\s*[:=]\s*\d/ },
  { what: 'knows the size of a frame', pattern: /\b(?:512|0x200)\b/, except: ['search/constants.ts'] },
  { what: 'knows the largest packet', pattern: /\b(?:65535|65_535|0xffff)\b/ },
  { what: 'knows how deep calls may be, or how long loops', pattern: /\b(?:100_?000|1_?000_?000)\b(?!\s*;)/ },
  { what: 'compares the width of an access', pattern: /\b(?:instruction|load|store|access)\.(?:size|width)\s*(?:<|>)/ },
  { what: 'has a table of return values', pattern: /returnRange|exitValues/ },
];

describe('explaining knows no rule about what is safe', () => {
  it('looks at all files', () => expect(FILES.length).toBeGreaterThan(40));

  it.each(RULES)('none $what', ({ pattern, except = [] }) => {
    const found = FILES.flatMap(({ name, code }) =>
      code.split('\n').flatMap((line) => (pattern.test(line) && !except.includes(name) ? [`${name}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it('names only checks of the table', () => {
    const tables = FILES.filter(({ name }) => name === 'requirements.ts').flatMap(({ code }) =>
      [...code.matchAll(/^ {2}([a-z]+(?:_[a-z]+)+): /gm)].map((row) => row[1]!),
    );
    expect(tables.length).toBeGreaterThan(20);
    expect(tables.filter((name) => !(name in CHECKS))).toEqual([]);
  });
});

const folder = corpusPath('failures/objects');
if (folder === undefined) reportSkipped('failures', 2);

describe.runIf(folder !== undefined)('what is explained follows the verifier', () => {
  it('says the size of a frame that the platform sets', async () => {
    const object = await openObject(`${folder}/10-stack-oob-const.bad.o`, 'linux');
    const program = object.programs[0]!;
    const words = [512, 256].map((stackSize) => {
      const platform = { ...linux, limits: { ...linux.limits, stackSize } };
      const session = new DebugSession(program, verify(object, program, { platform }));
      session.failure(1);
      return session.requirements().find(({ holds }) => !holds)?.words;
    });
    expect(words).toEqual(['8 bytes at fp-520 inside the 512-byte stack frame', '8 bytes at fp-520 inside the 256-byte stack frame']);
  });

  it('finds the bound that the size of the map asks for', async () => {
    const object = await openObject(`${folder}/16-map-value-off-by-one.bad.o`, 'linux');
    const program = object.programs[0]!;
    const bounds = [64, 32].map((valueSize) => {
      const resized = { ...object, maps: object.maps.map((map) => ({ ...map, valueSize })), programs: object.programs, btf: undefined };
      const session = new DebugSession(program, verify(resized, program, { platform: linux }));
      return atOnce(distanceSteps(session, 1))?.sufficient.map(({ text }) => text);
    });
    expect(bounds).toEqual([['r6 <= 63'], ['r6 <= 31']]);
  });
});
