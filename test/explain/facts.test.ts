import { describe, expect, it } from 'vitest';
import { diffFacts } from '../../src/explain/diff.ts';
import { type Fact, factsOf } from '../../src/explain/facts.ts';
import { numberWords } from '../../src/explain/words.ts';
import { binary, constant, fromSigned, fromUnsigned, join, TOP } from '../../src/verifier/number/index.ts';
import { Value, ZERO } from '../../src/verifier/value.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { debugProgram, debugSample, openObject } from './open.ts';

describe('numbers in words', () => {
  const cases = [
    [constant(17), '17'],
    [constant(-1), '-1'],
    [TOP, 'any number'],
    [fromUnsigned(0, 63), '0..63'],
    [fromSigned(-8, 7), '-8..7'],
    [fromUnsigned(0, 0xffff_ffff), 'any 32-bit number'],
    [fromSigned(5, 0x7fff_ffff_ffff_ffffn), 'at least 5'],
    [fromSigned(-0x8000_0000_0000_0000n, -1), 'at most -1'],
    [fromUnsigned(1, 0xffff_ffff_ffff_ffffn), 'any number but 0'],
    [binary('lsh', 64, fromUnsigned(0, 15), constant(2)), '0..60, a multiple of 4'],
    [join(constant(-5), constant(3)), '-5..3'],
  ] as const;
  for (const [scalar, words] of cases) it(words, () => expect(numberWords(scalar).startsWith(words)).toBe(true));
});

describe('facts', () => {
  const words = (facts: readonly Fact[]) => facts.map(({ subject, words: text }) => `${subject}: ${text}`);

  it('are those of the entry', async () => {
    const session = await debugSample('droppacket');
    expect(words(session.facts())).toEqual(['r1: context + 0']);
  });

  it('name the bytes of the packet that a check proved', async () => {
    const session = await debugSample('droppacket');
    expect(session.goto(session.slotsOfLine(24))).toBe(true);
    session.gotoEnd();
    session.back(1000);
    let proved = '';
    while (session.step(1) === 1 && proved === '') proved = words(session.facts()).find((fact) => fact.startsWith('packet: ')) ?? '';
    expect(proved).toMatch(/^packet: at least \d+ bytes$/);
  });

  it('show what a map lookup may give, and what the null check makes of it', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.goto([14]);
    expect(words(session.facts())).toContain('r0: value of map dropped_packet_map + 0 of 8 bytes, may be null');
    session.goto([15]);
    expect(words(session.facts())).toContain('r0: value of map dropped_packet_map + 0 of 8 bytes');
    expect(words(factsOf(session.machine, session.state)).some((fact) => fact.includes('null'))).toBe(false);
  });

  const unreleased = corpusPath('failures/objects/53-unreleased-ringbuf.bad.o');
  if (unreleased === undefined) reportSkipped('failures/objects', 1);
  it.skipIf(unreleased === undefined)('name what has to be given back', async () => {
    const object = await openObject(unreleased!, 'linux');
    const session = await debugProgram(object, object.programs[0]!, 'linux');
    let references: readonly string[] = [];
    while (references.length === 0 && session.step(1) === 1) references = words(session.facts()).filter((fact) => fact.includes('given back'));
    expect(references).toEqual([expect.stringMatching(/ acquired at instruction \d+: must be given back$/)]);
  });
});

describe('differences of facts', () => {
  const number = (range: Value['range']) => new Value('number', 0, 9, 0, range, false, 0, undefined, undefined);
  const gone = new Value('invalid', 0, ZERO, 0, TOP, false, 0, undefined, 'clobbered');
  const fact = (subject: string, value: Value, words: string, proved?: number): Fact => ({
    kind: 'register',
    subject,
    words,
    value,
    ...(proved === undefined ? {} : { proved }),
  });
  const packet = new Value('packet', 0, ZERO, 0, constant(0), false, 0, undefined, undefined);

  it('come with what was lost first', () => {
    const before = [
      fact('r0', number(constant(1)), '1'),
      fact('r1', number(fromUnsigned(0, 3)), '0..3'),
      fact('r2', packet, 'p, 14', 14),
      fact('r3', number(constant(2)), '2'),
    ];
    const after = [
      fact('r4', number(constant(7)), '7'),
      fact('r0', number(constant(2)), '2'),
      fact('r1', number(fromUnsigned(0, 9)), '0..9'),
      fact('r2', packet, 'p, 0', 0),
      fact('r3', gone, 'destroyed'),
    ];
    expect(diffFacts(before, after).map(({ change, subject }) => `${subject} ${change}`)).toEqual([
      'r3 lost',
      'r1 weaker',
      'r2 weaker',
      'r0 changed',
      'r4 gained',
    ]);
  });

  it('are none where nothing differs, and what was never known is no news', () => {
    const same = [fact('r0', number(constant(1)), '1')];
    expect(diffFacts(same, same)).toEqual([]);
    expect(diffFacts([], [fact('r1', gone, 'destroyed')])).toEqual([]);
  });

  it('tell a tighter range from a wider one', () => {
    const wide = [fact('r1', number(fromUnsigned(0, 9)), '0..9')];
    const tight = [fact('r1', number(fromUnsigned(0, 3)), '0..3')];
    expect(diffFacts(wide, tight)[0]).toEqual({ change: 'changed', kind: 'register', subject: 'r1', before: '0..9', after: '0..3' });
    expect(diffFacts(tight, wide)[0]?.change).toBe('weaker');
  });
});
