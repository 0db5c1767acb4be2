import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, cpSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { binPath, projectRoot } from '../end-to-end/bin.ts';
import type { ConsoleBlock, Step } from './page.ts';

/** What readers have besides ebpfsh; where a machine lacks one, its commands are skipped loudly. */
const TOOLS: ReadonlySet<string> = new Set(['clang', 'llvm-objdump', 'llvm-strip']);

/** A folder like a fresh checkout with its samples, in which the commands of one page run one after another. */
export interface Workshop {
  /** What each step really writes, both streams in order. */
  play(block: ConsoleBlock): readonly (readonly string[])[];
  /** Commands of tools that this machine does not have. */
  readonly skipped: readonly string[];
  remove(): void;
}

export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-docs-'));
  const checkout = join(folder, 'checkout');
  // Tools write into a copy of their own: what another compiler makes is not what the pages show.
  const scratch = join(folder, 'scratch');
  const commands = join(folder, 'bin');
  for (const target of [checkout, scratch]) cpSync(join(projectRoot, 'samples'), join(target, 'samples'), { recursive: true });
  mkdirSync(commands);
  script('ebpfsh', `exec "${process.execPath}" "${binPath}" "$@"`);
  script('npx', 'exec "$@"');
  // As much of jq as the pages use.
  script('jq', `exec "${process.execPath}" -e 'console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0)), null, 2))'`);
  const skipped: string[] = [];
  const environment = {
    ...process.env,
    PATH: `${commands}${delimiter}${process.env['PATH'] ?? ''}`,
    EBPFSH_CONFIG_DIR: join(folder, 'config'),
    EBPFSH_STORE: join(folder, 'store'),
  };

  function script(name: string, line: string): void {
    writeFileSync(join(commands, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(commands, name), 0o755);
  }

  function runShell(command: string, cwd: string): { lines: readonly string[]; status: number | null } {
    const path = join(folder, 'output');
    const output = openSync(path, 'w');
    const { status } = spawnSync('sh', ['-c', command], { cwd, stdio: ['ignore', output, output], env: environment });
    closeSync(output);
    return { lines: splitLines(readFileSync(path, 'utf8')), status };
  }

  function runTool(step: Step): readonly string[] {
    const tool = step.command.split(' ')[0]!;
    if (runShell(`command -v ${tool}`, scratch).status !== 0) {
      skipped.push(step.command);
      return step.output;
    }
    const { lines, status } = runShell(step.command, scratch);
    if (status !== 0) throw new Error(`"${step.command}" failed:\n${lines.join('\n')}`);
    return lines;
  }

  /** All steps in one session; its transcript tells which output, and which prompt, belongs to which command. */
  function runSession(steps: readonly Step[]): readonly (readonly string[])[] {
    const context = /^netsh ?(.*)>$/.exec(steps[0]!.prompt)![1]!;
    const transcript = join(folder, 'transcript');
    const input = [`set file open "${transcript}"`, ...steps.map((step) => step.command), 'set file close', 'bye', ''].join('\n');
    const { error } = spawnSync(process.execPath, [binPath, ...(context === '' ? [] : ['-c', context])], {
      cwd: checkout,
      input,
      env: environment,
    });
    if (error) throw error;
    const lines = splitLines(readFileSync(transcript, 'utf8'));
    let from = 0;
    const starts = steps.map((step) => {
      const wanted = `${step.prompt}${step.command}`;
      const found = lines.indexOf(wanted, from);
      if (found < 0) throw new Error(`the session never came to "${wanted}":\n${lines.slice(from).join('\n')}`);
      from = found + 1;
      return from;
    });
    return starts.map((start, index) => {
      const next = starts[index + 1];
      const end = next === undefined ? lines.findIndex((line, at) => at >= start && line.endsWith('>set file close')) : next - 1;
      return lines.slice(start, end < 0 ? lines.length : end);
    });
  }

  return {
    skipped,
    play({ steps }) {
      if (steps[0]!.prompt !== '$') return runSession(steps);
      return steps.map((step) => (TOOLS.has(step.command.split(' ')[0]!) ? runTool(step) : runShell(step.command, checkout).lines));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function splitLines(text: string): readonly string[] {
  return text.replace(/\n$/, '').split('\n');
}
