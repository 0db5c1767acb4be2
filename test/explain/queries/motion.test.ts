import { describe, expect, it } from 'vitest';
import { breakpointsAt, breakpointText, parseBreakpoint, parseWatchpoint } from '../../../src/explain/queries/breakpoints.ts';
import { type Direction, move, type Unit } from '../../../src/explain/queries/motion.ts';
import type { DebugSession } from '../../../src/explain/session.ts';
import { debugSample } from '../open.ts';
import { atFailure, hasFailures } from './corpus-failure.ts';

const CHANGE_OF_R1: Unit = { kind: 'change', watched: { subject: 'r1', aspect: undefined } };

/** Where a motion stops, again and again, until the path has an end. */
function stops(session: DebugSession, direction: Direction, unit: Unit): readonly number[] {
  const found: number[] = [];
  while (found.length < 100 && move(session, direction, unit).arrived) found.push(session.pc);
  return found;
}

describe('moving by units', () => {
  it('stops where another source line begins, both ways', async () => {
    const session = await debugSample('droppacket_unsafe');
    const line = () => session.source.at(session.pc)?.line;
    const first = line();
    const forward = stops(session, 'forward', { kind: 'line' });
    const lines = forward.map((pc) => session.source.at(pc)?.line);
    expect(lines.every((here, index) => here !== (index === 0 ? first : lines[index - 1]))).toBe(true);
    session.gotoEnd();
    const back = stops(session, 'back', { kind: 'line' });
    expect(back.at(-1)).toBe(0);
    // Going back comes to the first instruction of each line, which is where going forward stopped.
    expect(back.slice(0, -1).every((pc) => forward.includes(pc))).toBe(true);
  });

  it('goes through the story of the failure that is followed', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.failure(1);
    const told = session.story(session.relevantRegisters()).map(({ pc }) => pc);
    const failing = session.pc;
    session.gotoStart();
    expect(stops(session, 'forward', { kind: 'event' })).toEqual([...new Set(told), failing].filter((pc) => pc !== 0));
  });

  it('stops where something else is known of a place', async () => {
    const session = await debugSample('droppacket_unsafe');
    const known = () => session.facts().find(({ subject }) => subject === 'r1')?.words;
    let before = known();
    for (let count = 0; count < 5; count++) {
      expect(move(session, 'forward', CHANGE_OF_R1).arrived).toBe(true);
      expect(known()).not.toBe(before);
      const here = session.index;
      const now = known();
      session.back(1);
      expect(known()).toBe(before);
      session.gotoIndex(here);
      before = now;
    }
  });

  it('gives up at the end of the path', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.gotoEnd();
    expect(move(session, 'forward', { kind: 'line' })).toEqual({ went: 0, arrived: false });
  });
});

describe('breakpoints', () => {
  it.each([
    ['12', '12'],
    ['line 25', 'line 25'],
    ['helper:1', 'helper 1'],
    ['func main', 'function main'],
    ['join', 'join'],
    ['wide', 'widening'],
    ['15 if must r0 != 0', '15 if must r0 != 0'],
    ['failure if packet >= 14', 'failure if may packet >= 14'],
  ])('%s is read as %s', (words, text) => {
    expect(breakpointText(parseBreakpoint(words.split(' '))!)).toBe(text);
  });

  it.each(['', 'nowhere', 'line', 'line x', '12 13', '12 if', '12 if maybe', 'helper'])('%s is none', (words) => {
    expect(parseBreakpoint(words.split(' '))).toBeUndefined();
  });

  it.each(['r6', 'r6.max', 'w6.min', 'fp-16', 'r10-16.type', 'packet', 'r0.null'])('watches %s', (word) => {
    expect(parseWatchpoint(word)).toBeDefined();
  });

  it.each(['r11', 'fp16', 'r6.size', '', 'packet.max.min'])('does not watch %s', (word) => expect(parseWatchpoint(word)).toBeUndefined());

  /** Where the path stops, from its start. */
  function hits(session: DebugSession, words: string): readonly number[] {
    session.gotoStart();
    const found: number[] = [];
    const stop = breakpointsAt(session, [parseBreakpoint(words.split(' '))!]);
    while (found.length < 50 && session.advance('forward', stop).reason !== undefined) found.push(session.pc);
    return found;
  }

  it('stop at instructions, lines, helpers and failing checks', async () => {
    const session = await debugSample('droppacket_unsafe');
    expect(hits(session, '4')).toEqual([4]);
    expect(hits(session, 'line 25')).toEqual([2]);
    expect(hits(session, 'failure')).toEqual([2, 4]);
    const call = session.list().find(({ text }) => text.includes('bpf_map_lookup_elem'))!.pc;
    expect(hits(session, 'helper map_lookup_elem')).toEqual([call]);
    expect(hits(session, 'helper 1')).toEqual([call]);
  });

  it('stop only where the condition must or may hold', async () => {
    const session = await debugSample('droppacket_unsafe');
    // The loaded byte is 0..255 before it is compared with 17.
    expect(hits(session, '3 if may r2 == 17')).toEqual([3]);
    expect(hits(session, '3 if must r2 == 17')).toEqual([]);
    expect(hits(session, '3 if must r2 <= 255')).toEqual([3]);
    expect(hits(session, '3 if may r2 > 255')).toEqual([]);
  });

  it('tell what was known of a watched place before and is now', async () => {
    const session = await debugSample('droppacket_unsafe');
    session.gotoStart();
    const stop = breakpointsAt(session, [parseWatchpoint('packet')!]);
    const [hit] = session.advance('forward', stop).reason!;
    expect(hit).toEqual({ breakpoint: 0, was: undefined, now: 'at least 10 bytes' });
  });
});

describe.runIf(hasFailures(1))('breakpoints in loops', () => {
  it('stop at a head whose turns were merged, on every turn', async () => {
    const session = await atFailure('68-loop-widen-pointer', 1);
    session.gotoStart();
    const stop = breakpointsAt(session, [{ place: { kind: 'widening' }, condition: undefined }]);
    expect(session.advance('forward', stop).reason).toBeDefined();
    expect(session.pc).toBe(8);
  });
});
