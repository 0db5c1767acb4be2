import { defineCommand, type Environment } from '../command.ts';
import { CommandError } from '../errors.ts';
import { Debugger, debuggerOf } from './debugger.ts';
import { debugContext } from './index.ts';

/** What the same is called where there is no screen. */
export const NO_SCREEN = `The debugger's screen needs a terminal that can show one: not a pipe, not a
file, not TERM=dumb. The same line by line: step, back, goto, failure, why,
diff, join, state, list, path, attack, fix, guide`;

export const command = defineCommand({
  tags: [],
  remarks:
    'Shows the story, the source with its instructions, and what is known, side by side. ? lists the keys; q comes back here, at the instruction that was shown.',
  examples: ['screen'],
  async run(_tags, environment) {
    debuggerOf(environment.state, false);
    await showScreen(environment);
  },
  text: () => '',
});

/** Shows the debugger of the debug context until the person goes back. @throws CommandError where there is no screen for it. */
export async function showScreen({ session, io }: Environment): Promise<void> {
  if (io.openDebugger === undefined) throw new CommandError('screen', NO_SCREEN);
  const current = () => {
    const opened = session.stateOf(debugContext);
    return opened instanceof Debugger ? opened : undefined;
  };
  await io.openDebugger({ session, current });
}
