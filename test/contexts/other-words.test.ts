import { describe, expect, it } from 'vitest';
import { OTHER_WORD_NAMES, otherWord } from '../../contexts/other-words.ts';
import { newSession, run } from './harness.ts';

describe('words of other tools', () => {
  it('name what has it here', async () => {
    for (const start of ['', 'ebpf', 'interface']) {
      const session = newSession();
      if (start !== '') await run(session, start);
      expect(await run(session, 'Verify x.o')).toMatchObject({
        exitCode: 2,
        stderr: 'The following command was not found: Verify x.o.\nDid you mean "ebpf show verification"?\n  Verify x.o\n  ^^^^^^\n',
      });
      expect((await run(session, 'clear')).stderr).toBe(
        'The following command was not found: clear.\nAt the prompt, Ctrl-L clears the screen.\n  clear\n  ^^^^^\n',
      );
    }
  });

  it.each(OTHER_WORD_NAMES)('%s is no command, and what is named instead is one', async (word) => {
    expect((await run(newSession(), `ebpf ${word}`)).exitCode, `${word} is a command`).toBe(2);
    const said = otherWord(word) ?? '';
    const commands = [...said.matchAll(/"([^"]+)"/g)].map(([, command]) => command);
    if (commands.length === 0) expect(said).toMatch(/\.$/);
    for (const command of commands) expect((await run(newSession(), `${command} ?`)).exitCode, command).toBe(0);
  });

  it('say nothing inside a command, nor of words that every object has', async () => {
    expect((await run(newSession(), 'ebpf show ls')).stderr).not.toContain('Did you mean');
    // The line names a context: what others have is not meant.
    expect((await run(newSession(), 'ebpf prog')).stderr).toContain('Did you mean "ebpf show programs"?');
    expect((await run(newSession(), 'interface prog')).stderr).not.toContain('Did you mean');
    expect((await run(newSession(), 'ebpf clear')).stderr).not.toContain('Ctrl-L');
    for (const word of ['constructor', '__proto__', '']) expect(otherWord(word)).toBeUndefined();
  });
});

describe('signs of other shells', () => {
  it.each(['show mode | less', 'show mode > x', 'show sections samples/bpf.o >> x'])('%s: how output gets elsewhere', async (line) => {
    const { stderr, exitCode } = await run(newSession(), `ebpf ${line}`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('\n"set file open <file>" copies what is said here to a file.\n');
  });

  it.each(['show mode ; bye', 'show mode && bye'])('%s: how several commands run', async (line) => {
    expect((await run(newSession(), line)).stderr).toContain('\nA line is one command; "exec <file>" runs several.\n');
  });

  it('are words like others elsewhere', async () => {
    expect((await run(newSession(), 'show mode "|" less')).stderr).not.toContain('set file');
    expect((await run(newSession(), 'alias x show mode | less')).exitCode).toBe(0);
    expect((await run(newSession(), 'show mode x')).stderr).not.toContain('set file');
  });
});
