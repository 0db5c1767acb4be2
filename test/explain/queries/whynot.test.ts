import { describe, expect, it } from 'vitest';
import { parseProposition } from '../../../src/explain/prove.ts';
import { culpritSteps } from '../../../src/explain/queries/culprit.ts';
import { distanceSteps } from '../../../src/explain/queries/distance.ts';
import { claimNeed } from '../../../src/explain/queries/need.ts';
import { type MissingProof, whyNotSteps } from '../../../src/explain/queries/whynot.ts';
import { DebugSession } from '../../../src/explain/session.ts';
import type { InstructionList } from '../../../src/isa/instruction.ts';
import { windows } from '../../../src/platform/windows/windows.ts';
import { verify } from '../../../src/verifier/index.ts';
import { atOnce } from '../../../src/verifier/steps.ts';
import { corpusPath } from '../../corpus.ts';
import { debugProgram, debugSample, openObject } from '../open.ts';
import { atFailure, hasFailures } from './corpus-failure.ts';

function ask(session: DebugSession, text: string) {
  return atOnce(whyNotSteps(session, claimNeed(session, text, session.pc, parseProposition(text)!)));
}

/** Program, why its check is not proved, and the instruction to blame. */
const CULPRITS: readonly (readonly [string, MissingProof, number | undefined])[] = [
  ['01-null-map-value', 'none', undefined],
  ['02-null-wrong-check', 'wrong pointer', 13],
  ['04-packet-no-check', 'none', undefined],
  ['05-packet-check-too-short', 'too short', 5],
  ['06-packet-variable-offset', 'too short', 5],
  ['08-packet-stale-after-adjust', 'lost by a call', 7],
  ['16-map-value-off-by-one', 'too short', 10],
  ['19-alu32-bound-64-use', 'wrong width', 15],
  ['30-uninit-one-branch', 'on another path', 1],
  ['39-helper-size-signed', 'too short', 1],
  ['51-join-num-or-map', 'on another path', 5],
  ['55-use-after-submit', 'lost by a call', 12],
  ['66-bound-and-mask', 'too short', 10],
  ['67-spilled-bound', 'too short', 10],
];

/** Program, and an assumption that would make its check hold, found without being told a limit. */
const DISTANCES: readonly (readonly [string, string | undefined, string])[] = [
  ['01-null-map-value', undefined, 'r0 != 0 at 7'],
  ['04-packet-no-check', '13 bytes missing', 'packet >= 13 at 1'],
  ['05-packet-check-too-short', '10 bytes missing', 'packet >= 24 at 6'],
  ['15-map-value-oob-variable', undefined, 'r6 <= 63 at 10'],
  ['16-map-value-off-by-one', '1 byte missing', 'r6 <= 63 at 11'],
  ['41-helper-size-zero', undefined, 'r2 != 0 at 13'],
  ['66-bound-and-mask', '64 bytes missing', 'r6 <= 63 at 13'],
  ['67-spilled-bound', '63 bytes missing', 'r7 <= 31 at 12'],
];

describe.runIf(hasFailures(CULPRITS.length + DISTANCES.length + 4))('the failing programs', () => {
  it.each(CULPRITS)('%s: %s', async (name, reason, pc) => {
    const session = await atFailure(name);
    const { place } = session;
    const culprit = atOnce(culpritSteps(session, 1));
    expect(culprit?.reason).toBe(reason);
    expect(culprit?.at?.pc).toBe(pc);
    expect(session.place).toEqual(place);
  });

  it.each(DISTANCES)('%s is %s, enough would be %s', async (name, margin, assumption) => {
    const distance = atOnce(distanceSteps(await atFailure(name), 1));
    if (margin !== undefined) expect(distance?.margin).toBe(margin);
    expect(distance?.sufficient.map(({ text, pc }) => `${text} at ${pc}`)).toContain(assumption);
  });

  it('names the ways of a join, and which of them know it', async () => {
    const culprit = atOnce(culpritSteps(await atFailure('51-join-num-or-map'), 1));
    expect(culprit?.ways.map(({ pc, holds }) => [pc, holds])).toEqual([
      [5, false],
      [6, true],
    ]);
  });

  it('finds the call that moved the packet, though the pointer was loaded again', async () => {
    const object = await openObject(corpusPath('elf/build/packet_reallocate.o')!, 'linux');
    const session = await debugProgram(object, object.programs[0]!, 'linux');
    expect(atOnce(culpritSteps(session, 1))).toMatchObject({ reason: 'lost by a call' });
  });

  it('has no culprit for a check of the whole path', async () => {
    const session = await atFailure('42-infinite-loop');
    expect(atOnce(culpritSteps(session, 1))).toBeUndefined();
    expect(atOnce(distanceSteps(session, 1))).toBeUndefined();
  });

  it('says at a join that widening lost it', async () => {
    const session = await atFailure('68-loop-widen-pointer', 1);
    session.goto([8]);
    expect(session.entered?.head.generalisations).toBeGreaterThan(0);
    const answer = ask(session, 'r3 <= 0');
    expect(answer.reason).toBe('lost at a join');
    expect(answer.words).toContain('merging them');
  });
});

describe('whyNot', () => {
  it('holds what the verifier knows, and says what comes nearest of what it does not', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.failure(1);
    expect(ask(session, 'packet >= 10')).toMatchObject({ holds: false, reason: 'none', at: undefined });
    session.step(1);
    expect(ask(session, 'packet >= 10')).toMatchObject({ holds: true, reason: undefined });
  });

  it('sees that what was checked is not what was read again', async () => {
    const { program, machine } = await debugSample('droppacket_unsafe');
    // r0 = lookup(map, key); if (r0 != 0) { r1 = *r0; if (r1 <= 0) { r1 = *r0; r0 = *(r0 + r1); } } return r0;
    const lookup = program.instructions.slice(7, 14);
    const instructions: InstructionList = [
      ...lookup,
      { kind: 'branch', comparison: 'eq', width: 64, dst: 0, source: { kind: 'immediate', value: 0 }, offset: 5 },
      { kind: 'load', size: 8, signed: false, dst: 1, src: 0, offset: 0 },
      { kind: 'branch', comparison: 'gt', width: 64, dst: 1, source: { kind: 'immediate', value: 0 }, offset: 3 },
      { kind: 'load', size: 8, signed: false, dst: 1, src: 0, offset: 0 },
      { kind: 'binary', operator: 'add', width: 64, dst: 0, source: { kind: 'register', register: 1 } },
      { kind: 'load', size: 8, signed: false, dst: 0, src: 0, offset: 0 },
      { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'immediate', value: 0 } },
      { kind: 'exit' },
    ];
    const functions = program.functions.map((range) => ({ ...range, end: instructions.length }));
    const changed = { ...program, instructions, functions, lines: [] };
    const session = new DebugSession(changed, verify(machine.object, changed, { platform: windows }));
    expect(session.failures[0]?.failure.instruction).toBe(12);
    const culprit = atOnce(culpritSteps(session, 1));
    expect(culprit).toMatchObject({ reason: 'wrong pointer', at: { pc: 9 } });
    expect(culprit?.words).toContain('instruction 10 reads it again');
  });

  it('finds the call that destroyed a register', async () => {
    const session = await debugSample('droppacket');
    expect(session.goto([...session.list()].flatMap(({ pc, text }) => (text.includes('bpf_map_lookup_elem') ? [pc] : [])))).toBe(true);
    const call = session.pc;
    session.step(1);
    // The packet's length is known before and after: a lookup does not move it.
    expect(ask(session, 'packet >= 1').holds).toBe(true);
    expect(session.story(['r1']).at(-1)).toMatchObject({ kind: 'lost', pc: call });
  });
});
