import { describe, expect, it } from 'vitest';
import type { Session } from '../../contexts/session.ts';
import { memoryHost, newSession, run } from './harness.ts';

/** Runs lines one after another; gives all they wrote to standard output, then to standard error. */
async function script(session: Session, lines: readonly string[]) {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  for (const line of lines) {
    const result = await run(session, line);
    stdout += result.stdout;
    stderr += result.stderr;
    exitCode = Math.max(exitCode, result.exitCode);
  }
  return { stdout, stderr, exitCode };
}

describe('netsh root commands', () => {
  const cases: readonly { name: string; lines: readonly string[]; stdout?: string; stderr?: string; prompt?: string; exitCode?: number }[] = [
    { name: '.. at the root stays', lines: ['..'], prompt: 'netsh>' },
    { name: '.. leaves a context', lines: ['ebpf', '..'], prompt: 'netsh>' },
    { name: 'ebpf enters', lines: ['eb'], prompt: 'netsh ebpf>' },
    { name: 'pushd and popd', lines: ['ebpf', 'pushd', '..', 'popd'], prompt: 'netsh ebpf>' },
    { name: 'pushd changes the context', lines: ['pushd ebpf'], prompt: 'netsh ebpf>' },
    { name: 'popd returns from it', lines: ['pushd ebpf', 'popd'], prompt: 'netsh>' },
    { name: 'popd of nothing', lines: ['popd'], stderr: 'There is no context on the stack.\n', exitCode: 1 },
    {
      name: 'pushd of nonsense',
      lines: ['pushd nonsense'],
      stderr: 'The following command was not found: nonsense.\n  pushd nonsense\n        ^^^^^^^^\n',
      exitCode: 2,
    },
    {
      name: 'pushd of a command',
      lines: ['pushd show mode'],
      stderr: 'The following command was not found: show mode.\n  pushd show mode\n        ^^^^^^^^^\n',
      exitCode: 2,
    },
    { name: 'an alias is defined and shown', lines: ['alias sec ebpf show sections', 'alias sec'], stdout: 'Ok.\nsec : ebpf show sections\n' },
    { name: 'an alias is used with more words', lines: ['alias m show', 'm mode'], stdout: 'Ok.\nonline\n' },
    { name: 'aliases are found in any case', lines: ['alias Mode show mode', 'mode'], stdout: 'Ok.\nonline\n' },
    { name: 'aliases may use aliases', lines: ['alias a show', 'alias b a mode', 'b'], stdout: 'Ok.\nOk.\nonline\n' },
    { name: 'an alias of itself ends', lines: ['alias show show', 'show mode'], stdout: 'Ok.\nonline\n' },
    {
      name: 'aliases are listed',
      lines: ['alias a show mode', 'alias long ebpf', 'show alias'],
      stdout: 'Ok.\nOk.\na    : show mode\nlong : ebpf\n',
    },
    { name: 'an alias is deleted', lines: ['alias a show mode', 'unalias a', 'show alias'], stdout: 'Ok.\nOk.\n' },
    {
      name: 'an unknown alias',
      lines: ['alias sec x', 'unalias sex'],
      stdout: 'Ok.\n',
      stderr: 'The alias "sex" is not defined.\nDid you mean "sec"?\n',
      exitCode: 1,
    },
    { name: 'show mode', lines: ['show mode', 'offline', 'show mode', 'set mode online', 'sh mo'], stdout: 'online\noffline\nonline\n' },
    { name: 'set mode by tag', lines: ['set mode mode=off', 'show mode'], stdout: 'offline\n' },
    {
      name: 'show helper',
      lines: ['show helper'],
      stdout:
        '\nHelper GUID                             Command\n======================================  =======\n{634D21B8-13F9-46A3-945F-885CBD661C13}  ebpf\n',
    },
    {
      name: 'dump recreates the aliases',
      lines: ['alias a show "mode"', 'dump'],
      stdout:
        'Ok.\n# ----------------------------------\n# ebpfsh configuration\n# ----------------------------------\nalias a show mode\n# End of ebpfsh configuration\n',
    },
    {
      name: 'help of a command',
      lines: ['help popd'],
      stdout: '\nUsage: popd\n\nRemarks: Pops a context from the stack.\n\n',
    },
    { name: 'root commands work in a context', lines: ['ebpf', 'show mode'], stdout: 'online\n' },
  ];
  for (const { name, lines, stdout = '', stderr = '', exitCode = 0, prompt } of cases) {
    it(name, async () => {
      const session = newSession();
      expect(await script(session, lines)).toEqual({ stdout, stderr, exitCode });
      if (prompt !== undefined) expect(session.prompt).toBe(prompt);
    });
  }

  for (const word of ['bye', 'quit', 'exit', 'EXI', 'by', 'q']) {
    it(`${word} leaves`, async () => expect(await run(newSession(), word)).toMatchObject({ exitCode: 0, exit: true, stdout: '' }));
  }
});

describe('exec', () => {
  it('runs every line, comments and empty ones excepted, and gives the worst exit code', async () => {
    const session = newSession({ 'a.nsh': '# first\r\nshow mode\r\n\r\nnonsense\r\nalias a show mode\na' });
    expect(await run(session, 'exec a.nsh')).toMatchObject({
      stdout: 'online\nOk.\nonline\n',
      stderr: 'The following command was not found: nonsense.\na.nsh, line 4:\n  nonsense\n  ^^^^^^^^\n',
      exitCode: 2,
    });
  });
  it('stops at the first failure where asked', async () => {
    const session = newSession({ 'a.nsh': 'nonsense\nshow mode\n' });
    expect(await run(session, 'exec a.nsh stop=yes')).toMatchObject({ stdout: '', exitCode: 2 });
  });
  it('leaves the shell where the script does', async () => {
    expect(await run(newSession({ 'a.nsh': 'bye\nshow mode\n' }), 'exec a.nsh')).toMatchObject({ stdout: '', exit: true });
  });
  it('names a file that is not there', async () => {
    expect(await run(newSession(), 'exec b.nsh')).toMatchObject({ stderr: 'error: No such file or directory opening b.nsh\n', exitCode: 1 });
  });
  it('refuses what is no text', async () => {
    const files = { 'zero.nsh': 'show mode\n\0', 'latin.nsh': Uint8Array.of(0x73, 0xff, 0x0a), 'mark.nsh': '\ufeffshow mode' };
    const session = newSession(files);
    expect(await run(session, 'exec zero.nsh')).toMatchObject({ stdout: '', stderr: 'error: zero.nsh is no script: byte 10 is 0\n', exitCode: 1 });
    expect(await run(session, 'exec latin.nsh')).toMatchObject({ stderr: 'error: latin.nsh is no script: it is not UTF-8\n', exitCode: 1 });
    expect(await run(session, 'exec mark.nsh')).toMatchObject({ stdout: 'online\n', exitCode: 0 });
  });
  it('ends scripts that run themselves', async () => {
    const { stderr, exitCode } = await run(newSession({ 'a.nsh': 'exec a.nsh\n' }), 'exec a.nsh');
    expect(stderr).toBe('error: scripts are nested more than 16 deep at a.nsh\n');
    expect(exitCode).toBe(1);
  });
});

describe('set file', () => {
  it('copies commands and output until it is closed', async () => {
    const host = memoryHost({ 'a.nsh': 'show mode\n' });
    const session = newSession();
    Object.assign(session.host, host);
    await script(session, ['set file open log.txt', 'show mode', 'exec a.nsh', 'set file close', 'show mode']);
    expect(host.files['log.txt']).toBe('netsh>show mode\nonline\nnetsh>exec a.nsh\nonline\nnetsh>set file close\n');
    await script(session, ['set file append log.txt', 'set file close']);
    expect(host.files['log.txt']).toMatch(/^netsh>show mode\n[\s\S]*\nnetsh>set file close\nnetsh>set file close\n$/);
    await script(session, ['set file open log.txt', 'set file close']);
    expect(host.files['log.txt']).toBe('netsh>set file close\n');
  });
  it('needs a name', async () => {
    expect((await run(newSession(), 'set file open')).stderr).toMatch(/^One or more essential parameters were not entered\.\n/);
  });
});
