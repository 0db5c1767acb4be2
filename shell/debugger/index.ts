/** Opens the debugger's screen; everything it needs is loaded here, when somebody first asks for it. */
import type { DebuggerScreen } from '../../contexts/session-types.ts';
import type { SettingsStore } from '../../contexts/settings.ts';
import { NO_THEME, THEMES, type Theme, wantsColor, wantsSpeech } from '../repl/theme.ts';
import { DebuggerController } from './controller.ts';
import { showDebugger } from './show.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface OpenOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly theme: Theme;
  readonly screenReader: boolean;
  readonly signal: AbortSignal;
  readonly onClosed: () => void;
}

/** Shows the debugger of a session until the person goes back. */
export async function openDebugger({ session, current }: DebuggerScreen, options: OpenOptions): Promise<void> {
  await showDebugger(new DebuggerController({ session, current }), options);
}

/** The same from a command line, where no prompt has set up a terminal. */
export function openDebuggerOnce(screen: DebuggerScreen, settings: SettingsStore | undefined, env: Environment, signal: AbortSignal): Promise<void> {
  const screenReader = wantsSpeech(settings?.get('screenreader') ?? 'off', env);
  const color = !screenReader && wantsColor(settings?.get('color') ?? 'auto', env, true);
  return openDebugger(screen, {
    input: process.stdin,
    output: process.stdout,
    theme: color ? THEMES[settings?.get('theme') ?? 'dark'] : NO_THEME,
    screenReader,
    signal,
    onClosed: () => undefined,
  });
}
