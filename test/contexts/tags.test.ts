import { describe, expect, it } from 'vitest';
import type { Tag } from '../../contexts/command.ts';
import { UsageError } from '../../contexts/errors.ts';
import { parseTags } from '../../contexts/tags.ts';
import { tokenize } from '../../contexts/tokens.ts';

const SYNTAX = 'The syntax supplied for this command is not valid. Check help for the correct syntax.';
const INCORRECT = 'The parameter is incorrect.';

/** The tags of `add program`, the richest command of the original, and one that is named only. */
const ADD_PROGRAM: readonly Tag[] = [
  { name: 'filename', type: 'file', required: true, help: '' },
  { name: 'type', type: 'string', help: '' },
  { name: 'pinpath', type: 'string', help: '' },
  { name: 'interface', type: 'string', help: '' },
  { name: 'pinned', type: ['none', 'first', 'all'], help: '' },
  { name: 'execution', type: ['jit', 'interpret'], help: '' },
  { name: 'compartment', type: 'integer', help: '' },
  { name: 'format', type: ['text', 'json'], named: true, help: '' },
];

function refusal(line: string): UsageError {
  try {
    parseTags(ADD_PROGRAM, tokenize(line));
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error(`${line} is taken`);
}

describe('parseTags', () => {
  const good: readonly { line: string; values: Record<string, unknown> }[] = [
    { line: 'x.o', values: { filename: 'x.o' } },
    { line: 'x.o bind mypin Ethernet', values: { filename: 'x.o', type: 'bind', pinpath: 'mypin', interface: 'Ethernet' } },
    { line: 'filename=x.o pinned=all', values: { filename: 'x.o', pinned: 'all' } },
    { line: 'FILENAME=x.o PINNED=ALL', values: { filename: 'x.o', pinned: 'all' } },
    { line: 'file=x.o exec=j', values: { filename: 'x.o', execution: 'jit' } },
    { line: 'type=xdp x.o', values: { type: 'xdp', filename: 'x.o' } },
    { line: 'x.o pinned=first bind', values: { filename: 'x.o', pinned: 'first', type: 'bind' } },
    { line: 'x.o compartment=7', values: { filename: 'x.o', compartment: 7 } },
    { line: 'x.o compartment=0x10', values: { filename: 'x.o', compartment: 16 } },
    { line: 'x.o ""', values: { filename: 'x.o', type: '' } },
    { line: 'x.o pinpath=', values: { filename: 'x.o', pinpath: '' } },
    { line: 'filename = x.o pinned= all', values: { filename: 'x.o', pinned: 'all' } },
    { line: 'x.o type =xdp pinpath= "my pin"', values: { filename: 'x.o', type: 'xdp', pinpath: 'my pin' } },
    { line: 'x.o pinpath= type=xdp', values: { filename: 'x.o', pinpath: '', type: 'xdp' } },
    { line: 'x.o pinpath="" xdp', values: { filename: 'x.o', pinpath: '', type: 'xdp' } },
    { line: 'x.o pinpath =', values: { filename: 'x.o', pinpath: '' } },
    { line: '"a=b.o"', values: { filename: 'a=b.o' } },
    { line: 'x.o format=j', values: { filename: 'x.o', format: 'json' } },
    {
      line: 'x.o t p i all jit 3',
      values: { filename: 'x.o', type: 't', pinpath: 'p', interface: 'i', pinned: 'all', execution: 'jit', compartment: 3 },
    },
  ];
  for (const { line, values } of good) {
    it(line, () => expect(parseTags(ADD_PROGRAM, tokenize(line))).toEqual(values));
  }

  /** `wrong`: the part of the line that is pointed at. */
  const bad: readonly { line: string; message: string; wrong?: string }[] = [
    {
      line: 'x.o pinned = maybe',
      message: `"maybe" is not an acceptable value for pinned. It is one of: none, first, all.\n${INCORRECT}`,
      wrong: 'pinned = maybe',
    },
    {
      line: '',
      message: `One or more essential parameters were not entered.\nVerify the required parameters, and reenter them.\n${SYNTAX}`,
    },
    { line: 'x.o filename=y.o', wrong: 'filename=y.o', message: `The tag filename is already present.\n${SYNTAX}` },
    { line: 'x.o colour=red', wrong: 'colour', message: `colour is not a valid argument for this command.\n${SYNTAX}` },
    { line: 'x.o pined=all', wrong: 'pined', message: `pined is not a valid argument for this command.\nDid you mean "pinned"?\n${SYNTAX}` },
    { line: 'x.o pin=all', wrong: 'pin', message: `"pin=" is ambiguous. It could be: pinned, pinpath.\n${SYNTAX}` },
    { line: 'f=x.o', wrong: 'f', message: `"f=" is ambiguous. It could be: filename, format.\n${SYNTAX}` },
    { line: '=x.o', wrong: '', message: ` is not a valid argument for this command.\n${SYNTAX}` },
    {
      line: 'x.o pinned=some',
      wrong: 'some',
      message: `"some" is not an acceptable value for pinned. It is one of: none, first, all.\n${INCORRECT}`,
    },
    { line: 'x.o pinned=', wrong: 'pinned=', message: `"" is not an acceptable value for pinned. It is one of: none, first, all.\n${INCORRECT}` },
    { line: 'x.o compartment=-1', wrong: '-1', message: `"-1" is not an acceptable value for compartment. It is a number.\n${INCORRECT}` },
    { line: 'x.o compartment=1e3', wrong: '1e3', message: `"1e3" is not an acceptable value for compartment. It is a number.\n${INCORRECT}` },
    {
      line: 'x.o compartment=99999999999999999999',
      wrong: '99999999999999999999',
      message: `"99999999999999999999" is not an acceptable value for compartment. It is a number.\n${INCORRECT}`,
    },
    { line: 'x.o t p i all jit 3 json', wrong: 'json', message: SYNTAX },
  ];
  for (const { line, message, wrong } of bad) {
    it(`${line || '(nothing)'} is refused`, () => {
      const { message: said, place } = refusal(line);
      expect(said).toBe(message);
      if (wrong === undefined) expect(place).toEqual({ missing: 'filename=' });
      else expect(place && 'start' in place && line.slice(place.start, place.end)).toBe(wrong);
    });
  }

  it('names the candidates of an ambiguous value', () => {
    const tags: readonly Tag[] = [{ name: 'level', type: ['normal', 'none'], help: '' }];
    expect(() => parseTags(tags, tokenize('no'))).toThrow(`"no" is ambiguous. It could be: none, normal.\n${INCORRECT}`);
  });

  it('gives every remaining word to a rest tag', () => {
    const tags: readonly Tag[] = [
      { name: 'alias', type: 'string', help: '' },
      { name: 'words', type: 'rest', help: '' },
    ];
    expect(parseTags(tags, tokenize('sec ebpf show level=x ""'))).toEqual({ alias: 'sec', words: ['ebpf', 'show', 'level=x', ''] });
    expect(parseTags([...tags, { name: 'format', type: ['text', 'json'], named: true, help: '' }], tokenize('sec a for=b format=json c'))).toEqual({
      alias: 'sec',
      words: ['a', 'for=b', 'c'],
      format: 'json',
    });
  });
});
