/** A command of a ```console block with the lines that follow it. */
export interface Step {
  /** '$' runs in a shell; everything else is the prompt of a session, 'netsh ebpf>'. */
  readonly prompt: string;
  readonly command: string;
  readonly output: readonly string[];
}

/** One ```console block: the steps of one shell session. */
export interface ConsoleBlock {
  readonly steps: readonly Step[];
}

/** A page as alternating text and console blocks, so that joining the parts gives the page again. */
export type Part = { readonly kind: 'text'; readonly lines: readonly string[] } | ({ readonly kind: 'console' } & ConsoleBlock);

const STEP = /^(\$|netsh[a-z ]*>) (.*)$/;

/** Splits a page at its ```console fences. @throws Error where a block does not start with a prompt or does not end. */
export function parsePage(text: string): readonly Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let block: string[] | undefined;
  for (const line of text.split('\n')) {
    if (block && line === '```') {
      parts.push({ kind: 'console', steps: parseSteps(block) });
      block = undefined;
      lines = [];
    } else if (block) {
      block.push(line);
    } else if (line === '```console') {
      parts.push({ kind: 'text', lines });
      block = [];
    } else {
      lines.push(line);
    }
  }
  if (block) throw new Error('a console block is not closed');
  return [...parts, { kind: 'text', lines }];
}

/** The page's text again. */
export function formatPage(parts: readonly Part[]): string {
  return parts
    .flatMap((part) =>
      part.kind === 'text'
        ? part.lines
        : ['```console', ...part.steps.flatMap((step) => [`${step.prompt} ${step.command}`.trimEnd(), ...step.output]), '```'],
    )
    .join('\n');
}

function parseSteps(lines: readonly string[]): readonly Step[] {
  const steps: { prompt: string; command: string; output: string[] }[] = [];
  for (const line of lines) {
    const [, prompt, command] = STEP.exec(line) ?? [];
    if (prompt !== undefined && command !== undefined) steps.push({ prompt, command, output: [] });
    else if (steps.length === 0) throw new Error(`a console block starts with "${line}", which is no prompt with a command`);
    else steps.at(-1)!.output.push(line);
  }
  return steps;
}

/**
 * Whether real output is what the page shows. In the page, `…` within a line stands for any characters, alone on a line for any lines.
 * Blanks at the ends of lines and empty lines at the end do not count.
 */
export function matchesOutput(shown: readonly string[], real: readonly string[]): boolean {
  const pattern = trimmed(shown)
    .map((line) => (line.trim() === '…' ? '(?:.*\n)*' : `${line.split('…').map(escapePattern).join('.*')}\n`))
    .join('');
  return new RegExp(`^${pattern}$`).test(
    trimmed(real)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

/** Real output as a page shows it: durations, which differ at every run, become `…`. */
export function withoutDurations(real: readonly string[]): readonly string[] {
  return trimmed(real).map((line) => line.replace(/\d+(?:\.\d+)?(?= ms\b)/g, '…').replace(/("milliseconds": ?)[\d.]+/g, '$1…'));
}

function trimmed(lines: readonly string[]): readonly string[] {
  const result = lines.map((line) => line.trimEnd());
  while (result.at(-1) === '') result.pop();
  return result;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
