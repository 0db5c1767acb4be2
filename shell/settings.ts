/** What a person has set, kept between runs. Reading is immediate; the library that writes is loaded on the first change only. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Everything that can be set. */
export interface Settings {
  /** Text before the cursor; `%p` stands for the netsh prompt. */
  readonly prompt: string;
  readonly color: 'auto' | 'always' | 'never';
  readonly theme: 'dark' | 'light' | 'mono';
  /** `auto`: output that is longer than the screen opens in the pager as well. */
  readonly pager: 'auto' | 'off';
  /** Lines of history that are kept; 0 keeps none. */
  readonly history: number;
  readonly editing: 'emacs' | 'vi';
  /** Whether the window title tells the context. */
  readonly title: 'on' | 'off';
  /** Whether a line below the prompt tells context, platform and what is loaded. */
  readonly status: 'on' | 'off';
  /** Whether the rest of a matching older line is shown behind the cursor. */
  readonly suggestions: 'on' | 'off';
}

export type SettingName = keyof Settings;

interface SettingRow<T> {
  readonly default: T;
  /** Allowed words; absent where any text, or any whole number, will do. */
  readonly values?: readonly T[];
  readonly help: string;
}

const MAX_HISTORY = 1_000_000;
const ON_OFF = ['on', 'off'] as const;

/** One row per setting: help, words and default come from here and nowhere else. */
export const SETTINGS: { readonly [N in SettingName]: SettingRow<Settings[N]> } = {
  prompt: { default: '%p ', help: 'Text of the prompt; %p stands for the context, as in netsh ebpf>.' },
  color: { default: 'auto', values: ['auto', 'always', 'never'], help: 'When colors are used; auto follows the terminal and NO_COLOR.' },
  theme: { default: 'dark', values: ['dark', 'light', 'mono'], help: 'Colors for a dark or a light background, or bold and underline only.' },
  pager: { default: 'off', values: ['auto', 'off'], help: 'Whether output longer than the screen opens in the pager.' },
  history: { default: 10_000, help: 'Lines of history kept between runs; 0 keeps none.' },
  editing: { default: 'emacs', values: ['emacs', 'vi'], help: 'Keys of the line editor.' },
  title: { default: 'on', values: ON_OFF, help: 'Whether the window title shows the context.' },
  status: { default: 'off', values: ON_OFF, help: 'Whether a status line is shown below the prompt.' },
  suggestions: { default: 'on', values: ON_OFF, help: 'Whether older lines are suggested while typing.' },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** A word that a setting does not take. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  readonly setting: SettingName;
  readonly value: string;
  constructor(setting: SettingName, value: string, expected: string) {
    super(`${setting}: '${value}' is not ${expected}`);
    this.setting = setting;
    this.value = value;
  }
}

/** The settings of one shell. */
export interface SettingsStore {
  /** Folder of the settings file and the history. */
  readonly directory: string;
  get<N extends SettingName>(name: N): Settings[N];
  /** Takes effect at once; resolves when it is on disk, rejects with the file system's error when it cannot be kept. */
  set<N extends SettingName>(name: N, value: Settings[N]): Promise<void>;
  /** The same from a word as typed. @throws {SettingError} where the word is none of the setting's. */
  setFromText(name: SettingName, text: string): Promise<void>;
  /** Calls `listener` after every change; returns the function that stops it. */
  onChange(listener: (name: SettingName) => void): () => void;
}

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
  const values: readonly unknown[] | undefined = row.values;
  return values === undefined || values.includes(value);
}

function expectation(name: SettingName): string {
  const row = SETTINGS[name];
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
