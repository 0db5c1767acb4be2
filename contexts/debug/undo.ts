import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { type WhatIf, whatIf, whatIfJson, whatIfText } from './assume.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [],
  examples: ['undo'],
  run(_tags, { state }): Promise<WhatIf> {
    const debug = debuggerOf(state, false);
    return whatIf(debug, () => {
      if (!debug.undo()) throw new CommandError('debug', 'There is nothing to undo.');
    });
  },
  text: whatIfText,
  json: whatIfJson,
});
