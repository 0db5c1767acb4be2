import { describe, expect, it } from 'vitest';
import type { Completion, CompletionKind, SessionView } from '../../contexts/session-types.ts';
import { createHighlighter } from '../../shell/repl/highlight.ts';

/** What completes each beginning of a line; inside `show sections` everything else is a value. */
const KINDS: Readonly<Record<string, CompletionKind>> = {
  sh: 'group',
  show: 'group',
  'show sections': 'command',
  'show sections lev': 'tag',
  'show sections x.o': 'file',
};

function fakeSession() {
  const asked: string[] = [];
  const view: SessionView = {
    prompt: 'netsh>',
    contextPath: [],
    aliases: new Map(),
    execute: async () => ({ exitCode: 0 }),
    async complete(line) {
      asked.push(line);
      const kind = KINDS[line];
      const found: Completion = { value: line, label: line, kind: kind ?? 'value', description: '', start: 0, end: line.length, final: true };
      return kind === undefined ? [] : [found];
    },
    helpAt: async (line) => ({ usage: line.startsWith('show sections ') ? 'show sections [filename=]<string>' : '', text: '' }),
  };
  return { view, asked };
}

/** `word:role` of each span once all answers are there. */
async function roles(line: string): Promise<string[]> {
  const { view } = fakeSession();
  const highlighter = createHighlighter(
    () => view,
    () => undefined,
  );
  highlighter.spans(line);
  await new Promise((resolve) => setImmediate(resolve));
  return highlighter.spans(line).map((span) => `${line.slice(span.start, span.end)}:${span.role}`);
}

describe('highlighter', () => {
  it.each([
    ['known words', 'show sections', ['show:command', 'sections:command']],
    ['an abbreviation', 'sh', ['sh:command']],
    ['an unknown word', 'shwo', ['shwo:unknown']],
    ['a value and a tag', 'show sections x.o level=verbose', ['show:command', 'sections:command', 'x.o:value', 'level=:tag', 'verbose:value']],
    ['the beginning of a tag', 'show sections lev', ['show:command', 'sections:command', 'lev:tag']],
    ['a value of the person', 'show sections "my file.o"', ['show:command', 'sections:command', '"my file.o":value']],
    ['help', 'shwo ?', ['shwo:unknown', '?:command']],
    ['nothing', '   ', []],
  ])('%s', async (_name, line, expected) => {
    expect(await roles(line)).toEqual(expected);
  });

  it('asks once per word, keeps the look of a word while it grows, and forgets on reset', async () => {
    const { view, asked } = fakeSession();
    let answers = 0;
    const highlighter = createHighlighter(
      () => view,
      () => {
        answers += 1;
      },
    );
    highlighter.spans('sh');
    await new Promise((resolve) => setImmediate(resolve));
    expect(highlighter.spans('sho')).toEqual([{ start: 0, end: 3, role: 'command' }]);
    highlighter.spans('sho');
    await new Promise((resolve) => setImmediate(resolve));
    expect(highlighter.spans('sho')).toEqual([{ start: 0, end: 3, role: 'unknown' }]);
    expect(asked).toEqual(['sh', 'sho']);
    expect(answers).toBe(2);
    highlighter.reset();
    highlighter.spans('sh');
    expect(asked).toEqual(['sh', 'sho', 'sh']);
  });

  it('colors nothing before there is a session', () => {
    const highlighter = createHighlighter(
      () => undefined,
      () => undefined,
    );
    expect(highlighter.spans('show')).toEqual([]);
  });
});
