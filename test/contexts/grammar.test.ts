import { describe, expect, it } from 'vitest';
import { defineCommand } from '../../contexts/command.ts';
import type { CommandRow, ContextDefinition } from '../../contexts/context.ts';
import { CommandError } from '../../contexts/errors.ts';
import { Session } from '../../contexts/session.ts';
import { memoryHost, run } from './harness.ts';

/** A command that says its name and its tags. */
function echo(words: string, changes = false): CommandRow {
  const command = defineCommand({
    tags: [
      { name: 'first', type: 'string', help: 'The first.' },
      { name: 'second', type: ['left', 'right'], help: 'The second.' },
    ],
    run(tags) {
      if (tags.first === 'fail') throw new CommandError('made-up', 'it failed');
      if (tags.first === 'crash') return JSON.parse('{') as typeof tags;
      return tags;
    },
    text: ({ first = '-', second = '-' }) => `${words}: ${first} ${second}\n`,
    json: (tags) => ({ schema: 1, words, ...tags }),
  });
  return { words, summary: `Runs ${words}.`, changes, load: async () => command };
}

const inner: ContextDefinition = {
  name: 'inner',
  commands: [echo('show sections'), echo('show state'), echo('set level'), echo('delete program', true), echo('list'), echo('list all')],
  contexts: [],
  groups: { show: 'Displays information.', set: 'Updates.', delete: 'Deletes.' },
};
const root: ContextDefinition = {
  name: 'top',
  commands: [echo('show alias'), echo('quit'), echo('exec')],
  contexts: [inner, { name: 'interface', commands: [], contexts: [], groups: {} }],
  groups: { show: 'Displays information.' },
};

async function say(line: string, start = 'inner') {
  const session = new Session(root, memoryHost());
  if (start !== '') await run(session, start);
  return { ...(await run(session, line)), prompt: session.prompt };
}

describe('commands are found', () => {
  const cases: readonly { line: string; start?: string; says: string }[] = [
    { line: 'show sections', says: 'show sections: - -\n' },
    { line: 'sh sec', says: 'show sections: - -\n' },
    { line: 'SH SEC A', says: 'show sections: A -\n' },
    { line: 'inner show sections x', start: '', says: 'show sections: x -\n' },
    { line: 'inn sh sec x r', start: '', says: 'show sections: x right\n' },
    { line: 'inner show sections x', says: 'show sections: x -\n' },
    { line: 'show alias', says: 'show alias: - -\n' },
    { line: 'sh al', says: 'show alias: - -\n' },
    { line: 'inner show alias', start: '', says: 'show alias: - -\n' },
    { line: 'q', says: 'quit: - -\n' },
    { line: 'list', says: 'list: - -\n' },
    { line: 'list all', says: 'list all: - -\n' },
    { line: 'list other', says: 'list: other -\n' },
    { line: 'list sec=l', says: 'list: - left\n' },
    { line: '"show" sections "?"', says: 'show sections: ? -\n' },
  ];
  for (const { line, start, says } of cases) {
    it(`${start ?? 'inner'}> ${line}`, async () => expect(await say(line, start)).toMatchObject({ stdout: says, stderr: '', exitCode: 0 }));
  }
});

describe('commands are refused', () => {
  /** `marks`: what stands below the line when it is shown again. */
  const cases: readonly { line: string; start?: string; message: string; marks: string }[] = [
    { line: 's sections', marks: '^', message: '"s" is ambiguous. It could be: set, show.\n' },
    { line: 'show s', marks: '     ^', message: '"s" is ambiguous. It could be: sections, state.\n' },
    { line: 'in', marks: '^^', start: '', message: '"in" is ambiguous. It could be: inner, interface.\n' },
    { line: 'shwo sections', marks: '^^^^', message: 'The following command was not found: shwo sections.\nDid you mean "show"?\n' },
    {
      line: 'show sektions x.o',
      marks: '     ^^^^^^^^',
      message: 'The following command was not found: show sektions x.o.\nDid you mean "show sections"?\n',
    },
    {
      line: 'inner show sektions',
      marks: '           ^^^^^^^^',
      start: '',
      message: 'The following command was not found: inner show sektions.\nDid you mean "inner show sections"?\n',
    },
    { line: 'frobnicate', marks: '^^^^^^^^^^', message: 'The following command was not found: frobnicate.\n' },
    { line: '"" sections', marks: '^^', message: 'The following command was not found:  sections.\n' },
  ];
  for (const { line, start, message, marks } of cases) {
    it(`${start ?? 'inner'}> ${line}`, async () =>
      expect(await say(line, start)).toMatchObject({ stdout: '', stderr: `${message}  ${line}\n  ${marks}\n`, exitCode: 2 }));
  }

  it('shows the usage below a syntax error', async () => {
    expect(await say('show sections second=up')).toMatchObject({
      exitCode: 2,
      stderr:
        '"up" is not an acceptable value for second. It is one of: left, right.\nThe parameter is incorrect.\n  show sections second=up\n                       ^^\n\nUsage: show sections [[first=]<string>]\n                     [[second=]left|right]\n                     [format=text|json]\n',
    });
  });
});

describe('outcomes', () => {
  it('a failed command gives 1 and its words', async () => {
    expect(await say('list fail')).toMatchObject({ exitCode: 1, stdout: '', stderr: 'it failed\n' });
  });
  it('a crash is one line without a stack', async () => {
    const { exitCode, stderr } = await say('list crash');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^internal error: [^\n]+\n$/);
  });
  it('a crash is shown whole to who asks for it', async () => {
    const seen: unknown[] = [];
    const session = new Session(root, memoryHost(), (error) => seen.push(error));
    await run(session, 'inner list crash');
    await run(session, 'inner list fail');
    await run(session, 'nonsense');
    expect(seen).toEqual([expect.any(SyntaxError)]);
  });
  it('format=json gives JSON, also for errors', async () => {
    expect(await say('list x format=json')).toMatchObject({ stdout: '{"schema":1,"words":"list","first":"x","format":"json"}\n' });
    expect(await say('list fail format=json')).toMatchObject({
      exitCode: 1,
      stdout: '{"schema":1,"error":{"kind":"made-up","message":"it failed"}}\n',
      stderr: '',
    });
    expect(JSON.parse((await say('list second=up f=j first=a form=json')).stdout)).toMatchObject({ schema: 1, error: { kind: 'usage' } });
  });
  it('an aborted signal cancels at once', async () => {
    const session = new Session(root, memoryHost());
    expect(await run(session, 'quit', AbortSignal.abort())).toMatchObject({ exitCode: 1, stdout: '', stderr: 'The command was cancelled.\n' });
  });
  it('empty lines and comments do nothing', async () => {
    for (const line of ['', '   ', '# show sections', '  # x']) expect(await say(line)).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
  });
});

describe('contexts', () => {
  it('are entered by name, by prefix, and left', async () => {
    const session = new Session(root, memoryHost());
    expect(session.prompt).toBe('top>');
    await run(session, 'inn');
    expect(session.prompt).toBe('top inner>');
    expect(session.contextPath).toEqual(['inner']);
    await run(session, 'inner');
    expect(session.prompt).toBe('top inner>');
    await run(session, 'interface');
    expect(session.prompt).toBe('top interface>');
    session.leave();
    session.leave();
    expect(session.prompt).toBe('top>');
  });

  it('keep the state of a frame for their own commands', async () => {
    const show = defineCommand({ tags: [], run: (_tags, { state }) => String(state), text: (state) => `${state}\n` });
    const nested: ContextDefinition = {
      name: 'debug',
      commands: [{ words: 'state', summary: '', load: async () => show }],
      contexts: [],
      groups: {},
    };
    const session = new Session(root, memoryHost());
    session.enter(inner);
    session.enter(nested, 'paused');
    expect(session.prompt).toBe('top inner debug>');
    expect((await run(session, 'state')).stdout).toBe('paused\n');
    expect((await run(session, 'show sections')).stdout).toBe('show sections: - -\n');
  });
});

describe('offline mode', () => {
  it('keeps changes until commit, runs the rest at once', async () => {
    const session = new Session(root, memoryHost());
    const written: string[] = [];
    const io = { signal: new AbortController().signal, write: (text: string) => written.push(text) };
    session.goOffline();
    await session.execute('inner delete program 5', io);
    await session.execute('inner list 6', io);
    expect(written).toEqual(['list: 6 -\n']);
    expect((await session.commit(io)).exitCode).toBe(0);
    expect(written).toEqual(['list: 6 -\n', 'delete program: 5 -\n']);
    await session.execute('inner delete program 7', io);
    session.discardChanges();
    await session.goOnline(io);
    expect(session.mode).toBe('online');
    expect(written).toHaveLength(2);
  });
});
