import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestError } from '../../shell/dap/arguments.ts';
import { parseHitCondition } from '../../shell/dap/breakpoints.ts';
import { frame, MessageReader, WireError } from '../../shell/dap/wire.ts';

describe('the base protocol', () => {
  it('puts messages together whatever pieces they come in', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' }))), fc.integer({ min: 1, max: 40 }), (messages, size) => {
        const bytes = Buffer.from(messages.map(frame).join(''));
        const reader = new MessageReader();
        const read: unknown[] = [];
        for (let at = 0; at < bytes.length; at += size) read.push(...reader.push(bytes.subarray(at, at + size)));
        expect(read).toEqual(JSON.parse(JSON.stringify(messages)));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['Content-Length: 4\r\n\r\nnope', 'not JSON'],
    ['Content-Length: 99999999\r\n\r\n', '99999999 bytes'],
    ['Content-Length: -1\r\n\r\n', 'no Content-Length'],
    ['Content-Type: x\r\n\r\n{}', 'no Content-Length'],
    ['x'.repeat(5000), 'No end of the header'],
  ])('refuses %j', (text, words) => {
    expect(() => new MessageReader().push(Buffer.from(text))).toThrow(WireError);
    expect(() => new MessageReader().push(Buffer.from(text))).toThrow(words);
  });

  it('takes other header fields and any case', () => {
    expect(new MessageReader().push(Buffer.from('content-length:2\r\nContent-Type: x\r\n\r\n{}'))).toEqual([{}]);
  });
});

describe('hit conditions', () => {
  it.each([
    ['3', [3]],
    ['== 2', [2]],
    ['= 2', [2]],
    ['>= 4', [4, 5, 6]],
    ['> 4', [5, 6]],
    ['<=2', [1, 2]],
    ['< 2', [1]],
    ['% 3', [3, 6]],
  ])('%j', (words, expected) => {
    const counts = parseHitCondition(words);
    expect([1, 2, 3, 4, 5, 6].filter((times) => counts(times))).toEqual(expected);
  });

  it.each(['', 'x', '> ', '% 0', '1 2', '-1'])('refuses %j', (words) => {
    expect(() => parseHitCondition(words)).toThrow(RequestError);
  });
});
