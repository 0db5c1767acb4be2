/** The prompt for terminals that understand no escape sequences: lines in, lines out. */
import { createInterface } from 'node:readline';
import type { SessionView } from '../../contexts/session-types.ts';
import { safeOutput } from './output.ts';

/** Where lines come from and go to. */
export interface PlainStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/**
 * Reads lines until `bye` or the end of the input. Ctrl-C (SIGINT) ends the running command, or gives a fresh prompt.
 *
 * @returns the exit code, always 0: the person has seen what failed.
 */
export async function runPlain(session: SessionView, streams: PlainStreams): Promise<number> {
  const { input, output } = streams;
  const lines = createInterface({ input, terminal: false });
  let running: AbortController | undefined;

  const prompt = () => output.write(`${session.prompt} `);
  const onInterrupt = () => {
    if (running !== undefined) running.abort();
    else {
      output.write('\n');
      prompt();
    }
  };

  async function execute(line: string): Promise<boolean> {
    const controller = new AbortController();
    running = controller;
    const cancelled = new Promise<undefined>((resolve) => controller.signal.addEventListener('abort', () => resolve(undefined), { once: true }));
    const write = (text: string) => {
      if (!controller.signal.aborted) output.write(safeOutput(text, false));
    };
    const outcome = await Promise.race([session.execute(line, { signal: controller.signal, write }), cancelled]);
    running = undefined;
    if (outcome === undefined) output.write('\n');
    return outcome?.exit === true;
  }

  process.on('SIGINT', onInterrupt);
  try {
    prompt();
    for await (const line of lines) {
      if (await execute(line)) return 0;
      prompt();
    }
    output.write('\n');
    return 0;
  } finally {
    process.off('SIGINT', onInterrupt);
    lines.close();
    input.pause();
  }
}
