/** What each part of the prompt looks like. */

/** Parts that have a look of their own. */
export type Role =
  | 'text'
  | 'prompt'
  | 'command'
  | 'unknown'
  | 'tag'
  | 'value'
  | 'suggestion'
  | 'label'
  | 'description'
  | 'selected'
  | 'matched'
  | 'status'
  | 'progress'
  | 'error';

/** SGR parameters (ECMA-48, 8.3.117) per part; '' leaves the terminal's own look. */
export type Theme = Readonly<Record<Role, string>>;

const DARK: Theme = {
  text: '',
  prompt: '1;36',
  command: '92',
  unknown: '91',
  tag: '96',
  value: '93',
  suggestion: '90',
  label: '97',
  description: '90',
  selected: '7',
  matched: '1;93',
  status: '90',
  progress: '36',
  error: '91',
};

const LIGHT: Theme = {
  ...DARK,
  prompt: '1;34',
  command: '32',
  unknown: '31',
  tag: '34',
  value: '35',
  label: '30',
  matched: '1;35',
  progress: '34',
  error: '31',
};

const MONO: Theme = {
  ...DARK,
  prompt: '1',
  command: '1',
  unknown: '4',
  tag: '',
  value: '',
  suggestion: '2',
  label: '',
  description: '2',
  matched: '1',
  status: '2',
  progress: '',
  error: '1',
};

export const THEMES = { dark: DARK, light: LIGHT, mono: MONO } as const;

/** No escape sequence at all. */
export const NO_THEME: Theme = {
  text: '',
  prompt: '',
  command: '',
  unknown: '',
  tag: '',
  value: '',
  suggestion: '',
  label: '',
  description: '',
  selected: '',
  matched: '',
  status: '',
  progress: '',
  error: '',
};

/** Text in the look of a part. */
export function paint(theme: Theme, role: Role, text: string): string {
  const parameters = theme[role];
  return parameters === '' || text === '' ? text : `\u001b[${parameters}m${text}\u001b[0m`;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether colors are wanted: the setting first, then NO_COLOR (no-color.org), FORCE_COLOR and the terminal. */
export function wantsColor(setting: 'auto' | 'always' | 'never', env: Environment, isTerminal: boolean): boolean {
  if (setting !== 'auto') return setting === 'always';
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0';
  return isTerminal && env.TERM !== 'dumb';
}

/** Whether a screen reader reads along: the setting, or INK_SCREEN_READER=true, as programs made with Ink have it. */
export function wantsSpeech(setting: 'on' | 'off', env: Environment): boolean {
  return setting === 'on' || env.INK_SCREEN_READER === 'true';
}
