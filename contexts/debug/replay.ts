import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { replayVector } from '../../src/explain/search/search.ts';
import { parseVector, VectorError } from '../../src/explain/search/vector.ts';
import { defineCommand } from '../command.ts';
import { CommandError } from '../errors.ts';
import { wrap } from '../render/wrap.ts';
import { debuggerOf } from './debugger.ts';

export const command = defineCommand({
  tags: [{ name: 'filename', type: 'file', required: true, help: 'The input, as "attack save=" wrote it.' }],
  remarks: 'The program runs on it as it is now, with the fixes that were applied, and with every access checked.',
  examples: ['replay found.json'],
  async run({ filename }, { state, host }) {
    const { session } = debuggerOf(state, false);
    const text = new TextDecoder().decode(await host.readFile(filename));
    try {
      const vector = parseVector(text);
      const { inputs, ending, outcome, shows } = replayVector(session.verification, vector, runChecked);
      return { vector, inputs, ending, kind: outcome.kind, steps: outcome.steps, shows };
    } catch (error) {
      if (error instanceof VectorError) throw new CommandError('debug', `${filename}: ${error.message}`);
      throw error;
    }
  },
  text({ vector, inputs, ending, steps, shows }) {
    const { id, instruction } = vector.shows;
    const input = inputs.length === 0 ? 'any input' : inputs.join(', ');
    const same = shows ? `This is ${id} at instruction ${instruction}.` : `This does not show ${id} at instruction ${instruction}.`;
    return `${wrap(`${input} -> ${ending}`, 79, '  ')}${same} ${steps} ${steps === 1 ? 'instruction' : 'instructions'} ran.\n`;
  },
  json: ({ vector, inputs, ending, kind, steps, shows }) => ({
    schema: 1,
    shows,
    of: vector.shows,
    outcome: kind,
    instructions: steps,
    inputs,
    ending,
  }),
  outcome: ({ shows }) => ({ exitCode: shows ? 1 : 0 }),
});
