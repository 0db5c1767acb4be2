import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../end-to-end/bin.ts';
import { DapClient } from './client.ts';

interface Extension {
  readonly contributes: {
    readonly debuggers: readonly {
      readonly runtime: string;
      readonly args: readonly string[];
      readonly configurationAttributes: { readonly launch: { readonly properties: object } };
      readonly initialConfigurations: readonly Readonly<Record<string, unknown>>[];
    }[];
  };
}

const extension = JSON.parse(readFileSync(join(projectRoot, 'examples/vscode/package.json'), 'utf8')) as Extension;
const page = readFileSync(join(projectRoot, 'docs/editors.md'), 'utf8');
const [contribution] = extension.contributes.debuggers;

it('the extension for VS Code starts what there is, and its first configuration works', async () => {
  expect([contribution!.runtime, ...contribution!.args]).toEqual(['ebpfsh', 'dap']);
  const client = new DapClient();
  try {
    await client.request('initialize', { adapterID: 'ebpf' });
    const folder = join(projectRoot, 'samples');
    const { type, request, ...args } = contribution!.initialConfigurations[0]!;
    expect([type, request]).toEqual(['ebpf', 'launch']);
    const filled = Object.entries(args).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replace(/\$\{workspaceFolder\}/, folder) : value,
    ]);
    await client.request('launch', Object.fromEntries(filled));
    await client.event('initialized');
    await client.request('configurationDone');
    expect(await client.event('stopped')).toMatchObject({ reason: 'exception' });
  } finally {
    client.process.kill();
  }
});

it('docs/editors.md shows that configuration, and every attribute', () => {
  const [, shown] = /```json\n([\s\S]*?)```/.exec(page)!;
  expect(JSON.parse(shown!).configurations).toEqual(contribution!.initialConfigurations);
  for (const name of Object.keys(contribution!.configurationAttributes.launch.properties)) expect(page).toContain(`\`${name}\``);
  // What the adapter reads is what the extension offers.
  const reader = ['launch.ts', 'adapter.ts'].map((file) => readFileSync(join(projectRoot, 'shell/dap', file), 'utf8')).join('');
  for (const name of Object.keys(contribution!.configurationAttributes.launch.properties)) expect(reader).toContain(`'${name}'`);
});
