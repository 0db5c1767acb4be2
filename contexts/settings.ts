/** What a person can set: the table, and how commands and the prompt reach the values. The shell keeps them. */

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
  /** Whether everything is written so that a screen reader need not read it twice. */
  readonly screenreader: 'on' | 'off';
}

export type SettingName = keyof Settings;

interface SettingRow<T> {
  readonly default: T;
  /** One line for listings. */
  readonly summary: string;
  /** Allowed words; absent where any text, or any whole number, will do. */
  readonly values?: readonly (T & string)[];
  readonly help: string;
}

/** Most lines of history that may be kept. */
export const MAX_HISTORY = 1_000_000;
const ON_OFF = ['on', 'off'] as const;

/** One row per setting: help, words and default come from here and nowhere else. */
export const SETTINGS: { readonly [N in SettingName]: SettingRow<Settings[N]> } = {
  prompt: { default: '%p ', summary: 'Sets the text of the prompt.', help: 'Text of the prompt; %p stands for the context, as in netsh ebpf>.' },
  color: {
    default: 'auto',
    values: ['auto', 'always', 'never'],
    summary: 'Sets when colors are used.',
    help: 'When colors are used; auto follows the terminal and NO_COLOR.',
  },
  theme: {
    default: 'dark',
    values: ['dark', 'light', 'mono'],
    summary: 'Sets the colors of the prompt.',
    help: 'Colors for a dark or a light background, or bold and underline only.',
  },
  pager: {
    default: 'off',
    values: ['auto', 'off'],
    summary: 'Sets when long output opens in the pager.',
    help: 'Whether output longer than the screen opens in the pager.',
  },
  history: { default: 10_000, summary: 'Sets how many lines of history are kept.', help: 'Lines of history kept between runs; 0 keeps none.' },
  editing: { default: 'emacs', values: ['emacs', 'vi'], summary: 'Sets the keys of the line editor.', help: 'Keys of the line editor.' },
  title: { default: 'on', values: ON_OFF, summary: 'Sets whether the window title is changed.', help: 'Whether the window title shows the context.' },
  status: {
    default: 'off',
    values: ON_OFF,
    summary: 'Sets whether a status line is shown.',
    help: 'Whether a status line is shown below the prompt.',
  },
  suggestions: {
    default: 'on',
    values: ON_OFF,
    summary: 'Sets whether older lines are suggested.',
    help: 'Whether older lines are suggested while typing.',
  },
  screenreader: {
    default: 'off',
    values: ON_OFF,
    summary: 'Sets whether a screen reader reads along.',
    help: 'Whether everything is written as plain lines, each once.',
  },
};

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

/** A word that a setting does not take. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
  readonly setting: SettingName;
  readonly value: string;
  /** What the setting takes: 'one of on, off'. */
  readonly expected: string;
  constructor(setting: SettingName, value: string, expected: string) {
    super(`${setting}: '${value}' is not ${expected}`);
    this.setting = setting;
    this.value = value;
    this.expected = expected;
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
