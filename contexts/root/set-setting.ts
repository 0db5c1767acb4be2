import { type Command, defineCommand } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import type { Host } from '../host.ts';
import { OK, PARAMETER_INCORRECT, unacceptableValue } from '../messages.ts';
import { SETTINGS, SettingError, type SettingName, type SettingsStore } from '../settings.ts';

const EXAMPLES: { readonly [N in SettingName]: string } = {
  prompt: 'set prompt "%p "',
  color: 'set color always',
  theme: 'set theme light',
  pager: 'set pager auto',
  history: 'set history 500',
  editing: 'set editing vi',
  title: 'set title off',
  status: 'set status on',
  suggestions: 'set suggestions off',
  screenreader: 'set screenreader on',
};

/** `set theme light` and its like: one command per row of the table, all with one function. */
export function settingCommand(name: SettingName): Command {
  const { values, default: standard, help } = SETTINGS[name];
  const type = values ?? (typeof standard === 'number' ? 'integer' : 'string');
  return defineCommand({
    tags: [{ name, type, required: true, help: `${help}\nThe default is ${shown(standard)}.` }],
    remarks: 'It takes effect at once and is kept for the next run.',
    examples: [EXAMPLES[name]],
    async run(tags: Readonly<Record<string, unknown>>, { host }) {
      await change(settingsOf(host), name, String(tags[name]));
    },
    text: () => OK,
  });
}

/** A value as it would be typed. */
export function shown(value: string | number): string {
  return /^$|\s/.test(String(value)) ? `"${value}"` : String(value);
}

/** @throws CommandError 'settings' where the host keeps none. */
export function settingsOf({ settings }: Host): SettingsStore {
  if (!settings) throw new CommandError('settings', 'error: settings are not kept here');
  return settings;
}

async function change(settings: SettingsStore, name: SettingName, text: string): Promise<void> {
  try {
    await settings.setFromText(name, text);
  } catch (error) {
    if (error instanceof SettingError)
      throw new UsageError(`${unacceptableValue(text, name)} It is ${error.expected}.\n${PARAMETER_INCORRECT}`, { value: text });
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError('settings', `error: ${name} is set for this session but cannot be kept: ${reason}`);
  }
}
