import { boundSteps } from '../../src/explain/bounds.ts';
import { defineCommand } from '../command.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';
import { patiently } from './judge.ts';
import { count, instructionLine, WIDTH } from './render.ts';

export const command = defineCommand({
  tags: [],
  remarks:
    'For every access and helper call that the verifier proved: what had to hold, and by how much it holds in the state that comes closest to failing. 0 bytes to spare is a check that is exactly long enough.',
  examples: ['bounds', 'bounds format=json'],
  run: (_, { state, signal, progress }) => patiently(boundSteps(debuggerOf(state, false).session), 'bounds', { signal, progress }),
  text(bounds) {
    if (bounds.length === 0) return 'No access has a bound that a number says.\n';
    let line: string | undefined;
    const rows = bounds.map(({ pc, text, source, words, margin, states }) => {
      const head = source === undefined || source.line === 0 ? '' : wrap(`line ${source.line}: ${source.text.trim()}`, WIDTH, '  ');
      const shown = head === line || head === '' ? '' : head;
      line = head;
      return `${shown}${instructionLine(pc, text)}          ${wrap(`${margin} (${words}${states > 1 ? `; the closest of ${states} states` : ''})`, 69, '          ')}`;
    });
    return `${rows.join('')}${count(bounds.length, 'access is', 'accesses are')} proved.\n`;
  },
  json: (bounds) => ({ schema: 1, bounds }),
});
