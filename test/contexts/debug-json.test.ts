import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { debugContext } from '../../contexts/debug/index.ts';
import type { Session } from '../../contexts/session.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { ownSchema } from '../json-schema.ts';
import { newSession, run } from './harness.ts';

const verification = ownSchema('show-verification.schema.json');
const schema = ownSchema('debug.schema.json');

/** The definition that describes what a line answers: the longest that its words begin with. */
function definitionOf(line: string): string {
  const words = line.replace(/^ebpf /, '').replaceAll(' ', '-');
  const fitting = schema.definitions.filter((name) => words === name || words.startsWith(`${name}-`));
  return fitting.toSorted((a, b) => b.length - a.length)[0]!;
}

const answered = new Set<string>();

/** Runs lines with format=json and returns what breaks the schema; what a line cannot answer here it has to refuse as the schema says. */
async function complain(session: Session, lines: readonly string[]): Promise<readonly string[]> {
  const complaints: string[] = [];
  for (const line of lines) {
    const { stdout, stderr } = await run(session, `${line} format=json`);
    const answer = JSON.parse(stdout);
    const definition = definitionOf(line);
    const refused = 'error' in answer;
    if (!refused) answered.add(definition);
    const broken = refused ? verification.complaints(answer, 'failedCommand') : schema.complaints(answer, definition);
    complaints.push(...broken.map((words) => `${line}: ${words}`), ...(stderr === '' ? [] : [`${line}: ${stderr}`]));
  }
  return complaints;
}

const LOOKS = [
  'state',
  'list',
  'path',
  'join',
  'branch',
  'why',
  'why r1',
  'slice r1',
  'slice forward=r1',
  'whynot r1 <= 7',
  'prove r1 == 0',
  'possible r0 == 0',
  'memory r1',
  'memory fp-8',
  'diff',
];
const MOTIONS = ['step', 'step 5', 'back', 'goto end', 'goto start', 'step 3'];
const WHOLE = [
  'bounds',
  'show cfg',
  'show coverage',
  'list all',
  'precision',
  'run',
  'bookmark here note',
  'bookmarks',
  'break join',
  'break 3',
  'watch r1',
  'show breakpoints',
  'continue',
  'continue',
  'rcontinue',
  'delete break',
  'report',
  'report save=r.json',
  'save x.txt',
  'reload',
];
const CHANGES = ['assume r1 != 0 at 1', 'havoc r1', 'assume', 'undo', 'undo'];
const FAILURES = [
  'failure',
  'failure 1',
  'culprit',
  'goto culprit',
  'distance',
  'fix',
  'attack save=found.json',
  'replay found.json',
  'fix A',
  'undo',
  'minimise',
  'guide',
  'guide answer=1',
  'guide answer=2',
  'guide answer=1,1,1',
];

/** Of each kind of failure one, loops among them. */
const CASES = [
  '07-packet-check-via-flag',
  '15-map-value-oob-variable',
  '19-alu32-bound-64-use',
  '51-join-num-or-map',
  '35-helper-wrong-prog-type',
  '44-loop-packet-walk',
  '68-loop-widen-pointer',
];

const ALL = [...LOOKS, ...MOTIONS, ...LOOKS, ...FAILURES, ...WHOLE, ...CHANGES];

describe('the JSON of the debugger', () => {
  it.each(['droppacket_unsafe', 'droppacket', 'bindmonitor', 'ringbuf'])('fits its schema on %s', { timeout: 60_000 }, async (name) => {
    const object = readFileSync(`samples/${name}.o`);
    expect(await complain(newSession({ 'x.o': object }), ['ebpf debug verification x.o', ...ALL])).toEqual([]);
  });

  const kernel = '       0: R1=ctx() R10=fp0\n0: (b7) r0 = 1                        ; R0_w=1\nprocessed 1 insns (limit 1000000)\n';
  it('fits its schema where another verifier is compared with', async () => {
    const session = newSession({ 'x.o': readFileSync('samples/droppacket_unsafe.o'), 'log.txt': kernel });
    expect(await complain(session, ['ebpf debug verification x.o platform=linux', 'compare kernel log.txt'])).toEqual([]);
  });

  const folder = corpusPath('failures/objects');
  if (folder === undefined) reportSkipped('failures/objects', CASES.length);
  it.skipIf(folder === undefined).each(CASES)('fits its schema on %s', { timeout: 60_000 }, async (name) => {
    const session = newSession({ 'x.o': readFileSync(`${folder}/${name}.bad.o`) });
    expect(
      await complain(session, ['ebpf debug verification x.o platform=linux', ...ALL, 'goto 8', 'loop', 'goto next join', 'loop', 'loop 12']),
    ).toEqual([]);
  });

  it('describes every command that answers in JSON', () => {
    const words = debugContext.commands.map((row) => row.words.replaceAll(' ', '-')).filter((name) => name !== 'screen');
    expect(words.filter((name) => !schema.definitions.includes(name))).toEqual([]);
    // The answers above were all but those of commands that need the corpus.
    if (folder !== undefined) expect(words.filter((name) => !answered.has(name))).toEqual([]);
  });

  it('is refused by the schema where it is wrong', async () => {
    const session = newSession({ 'x.o': readFileSync('samples/droppacket_unsafe.o') });
    await run(session, 'ebpf debug verification x.o');
    const answer = JSON.parse((await run(session, 'step format=json')).stdout);
    expect(schema.complaints(answer, 'step')).toEqual([]);
    expect(schema.complaints({ ...answer, more: 1 }, 'step')).toEqual(['/: must NOT have additional properties (more)']);
    expect(schema.complaints({ ...answer, steps: [{ ...answer.steps[0], depth: -1 }] }, 'step')).toEqual(['/steps/0/depth: must be >= 0']);
    expect(schema.complaints(answer, 'state')).toContain("/: must have required property 'facts'");
  });
});
