import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SETTING_NAMES, SETTINGS, SettingError } from '../../contexts/settings.ts';
import { configDirectory, openSettings } from '../../shell/settings.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('settings', () => {
  it('start with the defaults of the table', () => {
    const settings = openSettings(folder);
    for (const name of SETTING_NAMES) expect(settings.get(name)).toBe(SETTINGS[name].default);
  });

  it('are kept for the next run, for the owner alone', async () => {
    const settings = openSettings(folder);
    await settings.set('editing', 'vi');
    await settings.set('history', 50);
    expect(settings.get('editing')).toBe('vi');
    const again = openSettings(folder);
    expect([again.get('editing'), again.get('history'), again.get('theme')]).toEqual(['vi', 50, 'dark']);
    if (process.platform !== 'win32') expect(statSync(join(folder, 'config.json')).mode & 0o777).toBe(0o600);
  });

  it('do not lose what another shell has set', async () => {
    const [first, second] = [openSettings(folder), openSettings(folder)];
    await first.set('editing', 'vi');
    await second.set('theme', 'light');
    expect(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))).toMatchObject({ editing: 'vi', theme: 'light' });
  });

  it('are read from words as typed', async () => {
    const settings = openSettings(folder);
    await settings.setFromText('editing', 'VI');
    await settings.setFromText('history', '12');
    await settings.setFromText('prompt', 'My %p ');
    expect([settings.get('editing'), settings.get('history'), settings.get('prompt')]).toEqual(['vi', 12, 'My %p ']);
  });

  it.each([
    ['editing', 'nano', "editing: 'nano' is not one of emacs, vi"],
    ['history', '-1', "history: '-1' is not a whole number from 0 to 1000000"],
    ['history', '1e99', "history: '1e99' is not a whole number from 0 to 1000000"],
    ['history', '', "history: '' is not a whole number from 0 to 1000000"],
  ] as const)('refuse %s=%s', async (name, text, message) => {
    const settings = openSettings(folder);
    const refused = await settings.setFromText(name, text).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SettingError);
    expect((refused as SettingError).message).toBe(message);
    expect(settings.get(name)).toBe(SETTINGS[name].default);
  });

  it.each(['', 'null', '[1]', '{"editing":', '{"editing":"nano","history":-4,"theme":7}', '\u0000'])('ignore the damaged file %j', (text) => {
    writeFileSync(join(folder, 'config.json'), text);
    const settings = openSettings(folder);
    for (const name of SETTING_NAMES) expect(settings.get(name)).toBe(SETTINGS[name].default);
  });

  it('mend a damaged file on the next change', async () => {
    writeFileSync(join(folder, 'config.json'), '{"editing":');
    await openSettings(folder).set('editing', 'vi');
    expect(openSettings(folder).get('editing')).toBe('vi');
  });

  it.skipIf(process.platform === 'win32')("are nobody else's business: their folder is made for the owner alone", async () => {
    const directory = join(folder, 'a', 'b');
    await openSettings(directory).set('editing', 'vi');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'config.json')).mode & 0o777).toBe(0o600);
  });

  it('hold for the session where they cannot be kept, and the reason is told', async () => {
    writeFileSync(join(folder, 'file'), '');
    const settings = openSettings(join(folder, 'file', 'settings'));
    await expect(settings.set('editing', 'vi')).rejects.toThrow(/ENOTDIR/);
    expect(settings.get('editing')).toBe('vi');
  });

  it('tell who listens', async () => {
    const settings = openSettings(folder);
    const heard: string[] = [];
    const stop = settings.onChange((name) => heard.push(name));
    await settings.set('status', 'on');
    stop();
    await settings.set('status', 'off');
    expect(heard).toEqual(['status']);
  });
});

describe('the folder', () => {
  it.each([
    ['what is asked for', { EBPFSH_CONFIG_DIR: '/x', XDG_CONFIG_HOME: '/y' }, 'linux', '/x'],
    ['XDG', { XDG_CONFIG_HOME: '/y' }, 'linux', join('/y', 'ebpfsh')],
    ['Linux', {}, 'linux', join('/home/me', '.config', 'ebpfsh')],
    ['macOS', {}, 'darwin', join('/home/me', 'Library', 'Preferences', 'ebpfsh')],
    ['Windows', { APPDATA: '/roaming' }, 'win32', join('/roaming', 'ebpfsh')],
  ] as const)('%s', (_name, env, platform, path) => {
    expect(configDirectory(env, platform, '/home/me')).toBe(path);
  });
});
