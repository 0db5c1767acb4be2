import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { SETTING_NAMES, SETTINGS } from '../../contexts/settings.ts';
import { openSettings } from '../../shell/settings.ts';
import { memoryHost, newSession, run } from './harness.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-set-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function sessionOver(directory: string) {
  const settings = openSettings(directory);
  return { settings, session: new Session(rootContext, { ...memoryHost(), settings }) };
}

describe('set', () => {
  const cases = [
    ['set prompt "%p > "', 'prompt', '%p > '],
    ['set color NEVER', 'color', 'never'],
    ['set theme li', 'theme', 'light'],
    ['set pager pager=auto', 'pager', 'auto'],
    ['set history 0x20', 'history', 32],
    ['set editing vi', 'editing', 'vi'],
    ['set title off', 'title', 'off'],
    ['set status on', 'status', 'on'],
    ['set suggestions off', 'suggestions', 'off'],
    ['set screenreader on', 'screenreader', 'on'],
  ] as const;

  for (const [line, name, value] of cases) {
    it(`${line} takes effect at once, in every context, and is kept`, async () => {
      const { session, settings } = sessionOver(folder);
      await run(session, 'ebpf');
      const heard: string[] = [];
      settings.onChange((changed) => heard.push(changed));
      expect(await run(session, line)).toMatchObject({ exitCode: 0, stdout: 'Ok.\n', stderr: '' });
      expect(heard).toEqual([name]);
      expect(settings.get(name)).toBe(value);
      expect(openSettings(folder).get(name)).toBe(value);
    });
  }

  it('has a case for every setting', () => {
    expect(new Set(cases.map(([, name]) => name))).toEqual(new Set(SETTING_NAMES));
  });

  it('refuses what a setting does not take, and changes nothing', async () => {
    const { session, settings } = sessionOver(folder);
    for (const line of ['set theme pink', 'set history 1000001', 'set history many', 'set prompt "a\u001b[2Jb"', 'set title', 'set status on off']) {
      const { exitCode, stderr } = await run(session, line);
      expect(exitCode, line).toBe(2);
      expect(stderr).not.toBe('');
    }
    for (const name of SETTING_NAMES) expect(settings.get(name)).toBe(SETTINGS[name].default);
  });

  it('says where a setting cannot be kept', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    const { session } = sessionOver(join(file, 'below'));
    const { exitCode, stderr } = await run(session, 'set theme mono');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error: theme is set for this session but cannot be kept: .+\n$/);
  });

  it('fails in one line where the host keeps nothing', async () => {
    const session = newSession();
    for (const line of ['set theme mono', 'show settings']) {
      expect(await run(session, line)).toMatchObject({ exitCode: 1, stderr: 'error: settings are not kept here\n' });
    }
  });
});

describe('show settings', () => {
  it('lists values, defaults and what may be set', async () => {
    const { session } = sessionOver(folder);
    await run(session, 'set editing vi');
    const { stdout } = await run(session, 'show settings');
    expect(stdout).toContain('\nediting       vi            emacs     emacs|vi\n');
    expect(stdout).toContain('\nprompt        "%p "         "%p "     <string>\n');
    expect(stdout).toContain('\nformat        text          text      text|json\n');
    const { settings } = JSON.parse((await run(session, 'show settings format=json')).stdout);
    expect(settings).toContainEqual({ name: 'editing', value: 'vi', default: 'emacs', values: ['emacs', 'vi'] });
  });
});

describe('set format', () => {
  it('is the form of every command that has it and of errors, unless the line says otherwise', async () => {
    const session = newSession();
    await run(session, 'set format json');
    expect((await run(session, 'show mode')).stdout).toBe('{"schema":1,"mode":"online"}\n');
    expect((await run(session, 'show mode format=text')).stdout).toBe('online\n');
    expect((await run(session, 'alias x show mode')).stdout).toBe('Ok.\n');
    expect(JSON.parse((await run(session, 'nothing')).stdout)).toMatchObject({ schema: 1, error: { kind: 'usage' } });
    expect(await run(session, 'ebpf show sections no.o format=text')).toMatchObject({ stdout: '', exitCode: 1 });
    await run(session, 'set format text');
    expect((await run(session, 'show mode')).stdout).toBe('online\n');
  });

  it('reaches commands inside scripts', async () => {
    const session = newSession({ 'a.nsh': 'set format json\nebpf show sections samples/droppacket.o\n' });
    const { stdout } = await run(session, 'exec a.nsh');
    expect(JSON.parse(stdout.split('\n')[1]!)).toMatchObject({ schema: 1 });
  });
});
