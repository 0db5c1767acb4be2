/** What a person has set, kept between runs. Reading is immediate; the library that writes is loaded on the first change only. */
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MAX_HISTORY, SETTING_NAMES, SETTINGS, SettingError, type SettingName, type Settings, type SettingsStore } from '../contexts/settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where settings and history live: EBPFSH_CONFIG_DIR, else XDG_CONFIG_HOME (Linux and the BSDs), ~/Library/Preferences (macOS), %APPDATA% (Windows).
 */
export function configDirectory(env: Environment, platform: NodeJS.Platform = process.platform, home = homedir()): string {
  if (env.EBPFSH_CONFIG_DIR) return env.EBPFSH_CONFIG_DIR;
  if (platform === 'win32') return join(env.APPDATA || join(home, 'AppData', 'Roaming'), 'ebpfsh');
  if (platform === 'darwin') return join(home, 'Library', 'Preferences', 'ebpfsh');
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), 'ebpfsh');
}

function isValid(name: SettingName, value: unknown): boolean {
  const row = SETTINGS[name];
  if (typeof value !== typeof row.default) return false;
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= MAX_HISTORY;
  // Control characters would move the cursor behind the line editor's back.
  if (name === 'prompt') return !/\p{Cc}/u.test(String(value));
  const values: readonly unknown[] | undefined = row.values;
  return values === undefined || values.includes(value);
}

function expectation(name: SettingName): string {
  const row = SETTINGS[name];
  if (name === 'prompt') return 'text without control characters';
  return row.values === undefined ? `a whole number from 0 to ${MAX_HISTORY}` : `one of ${row.values.join(', ')}`;
}

/** Reads a word as typed; netsh takes words in any case. */
function parse(name: SettingName, text: string): Settings[SettingName] {
  const value =
    typeof SETTINGS[name].default === 'number' ? (/^\d+$/.test(text) ? Number(text) : Number.NaN) : name === 'prompt' ? text : text.toLowerCase();
  if (!isValid(name, value)) throw new SettingError(name, text, expectation(name));
  return value as Settings[SettingName];
}

/** What the file says, as far as it is valid: a damaged file or value counts as not set. */
function readStored(directory: string): Map<SettingName, Settings[SettingName]> {
  const found = new Map<SettingName, Settings[SettingName]>();
  try {
    const stored: unknown = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'));
    if (typeof stored !== 'object' || stored === null) return found;
    const values = new Map(Object.entries(stored));
    for (const name of SETTING_NAMES) {
      const value: unknown = values.get(name);
      if (isValid(name, value)) found.set(name, value as Settings[SettingName]);
    }
  } catch {
    // No file yet, or not ours to understand: the defaults serve.
  }
  return found;
}

async function writeStored(directory: string, name: SettingName, value: Settings[SettingName]): Promise<void> {
  // Before the library does: it words no reason why a folder cannot be made, and makes folders that others may read.
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { default: Conf } = await import('conf');
  const file = new Conf({ cwd: directory, configName: 'config', configFileMode: 0o600, clearInvalidConfig: true, projectName: 'ebpfsh' });
  file.set(name, value);
}

/** Opens the settings of `directory`, which need not exist yet. Never throws. */
export function openSettings(directory: string): SettingsStore {
  const stored = readStored(directory);
  const listeners = new Set<(name: SettingName) => void>();

  async function set(name: SettingName, value: Settings[SettingName]): Promise<void> {
    if (!isValid(name, value)) throw new SettingError(name, String(value), expectation(name));
    stored.set(name, value);
    for (const listener of listeners) listener(name);
    await writeStored(directory, name, value);
  }

  return {
    directory,
    get: <N extends SettingName>(name: N) => (stored.get(name) ?? SETTINGS[name].default) as Settings[N],
    set,
    setFromText: async (name, text) => set(name, parse(name, text)),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
