import { defineCommand } from '../command.ts';
import { table } from '../render/table.ts';
import { SETTING_NAMES, SETTINGS } from '../settings.ts';
import { settingsOf, shown } from './set-setting.ts';

export const command = defineCommand({
  tags: [],
  remarks: 'format lasts as long as the session; everything else is kept for the next run.',
  examples: ['show settings'],
  run(_tags, { host, session }) {
    const settings = settingsOf(host);
    return [
      ...SETTING_NAMES.map((name) => {
        const { values, default: standard } = SETTINGS[name];
        return { name, value: settings.get(name), default: standard, values: values ?? [] };
      }),
      { name: 'format', value: session.format, default: 'text', values: ['text', 'json'] },
    ];
  },
  text: (rows) =>
    table(
      [
        { title: ['Setting'], width: 12 },
        { title: ['Value'], width: 12 },
        { title: ['Default'], width: 8 },
        { title: ['Values'], width: 20 },
      ],
      rows.map(({ name, value, default: standard, values }) => [
        name,
        shown(value),
        shown(standard),
        values.length > 0 ? values.join('|') : typeof standard === 'number' ? '<integer>' : '<string>',
      ]),
    ),
  json: (rows) => ({ schema: 1, settings: rows }),
});
