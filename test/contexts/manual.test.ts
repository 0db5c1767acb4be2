import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

const formatter = spawnSync('groff', ['--version']).status === 0 ? 'groff' : undefined;
if (!formatter) console.warn('SKIPPED: formatting the manual page (there is no groff)');

describe('man', () => {
  it('tells every command of every context, with its tags', async () => {
    const session = newSession();
    const { stdout, exitCode } = await run(session, 'man');
    expect(exitCode).toBe(0);
    for (const { words } of session.root.commands) expect(stdout).toContain(`\n.B ${words.replaceAll('-', '\\-')}\n`);
    for (const context of session.root.contexts) {
      for (const { words } of context.commands) expect(stdout).toContain(`\n.B ${context.name} ${words.replaceAll('-', '\\-')}\n`);
    }
    expect(stdout).toContain('\n.I shell\nThe shell that is to complete the words of ebpfsh.\n');
  });

  it('has no line that roff would take for a request by accident', async () => {
    const { stdout } = await run(newSession(), 'man');
    const requests = new Set([...stdout.matchAll(/^[.'](\S*)/gm)].map(([, name]) => name));
    expect([...requests].sort()).toEqual(['B', 'BI', 'BR', 'I', 'PP', 'RE', 'RS', 'SH', 'TH', 'TP', 'fi', 'nf']);
  });

  it.skipIf(!formatter)('is formatted without a complaint', async () => {
    const { stdout } = await run(newSession(), 'man');
    const formatted = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-rLL=78n'], { input: stdout, encoding: 'utf8' });
    expect(formatted.stderr).toBe('');
    expect(formatted.stdout).toContain('ebpf show sections');
  });
});
