import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

interface Found {
  readonly commands: readonly { readonly words: string; readonly tags: readonly { readonly name: string }[] }[];
  readonly entries: readonly { readonly id: string }[];
}

async function search(words: string): Promise<Found> {
  return JSON.parse((await run(newSession(), `help search ${words} format=json`)).stdout) as Found;
}

describe('help search', () => {
  const cases: readonly { words: string; first: string }[] = [
    { words: 'pin map', first: 'ebpf pin map' },
    { words: 'PIN MAP', first: 'ebpf pin map' },
    { words: 'verif', first: 'ebpf debug verification' },
    { words: 'context stack', first: 'popd' },
    { words: 'stop error', first: 'exec' },
    { words: 'signed image', first: 'ebpf convert' },
  ];
  for (const { words, first } of cases) {
    it(`${words} finds ${first}`, async () => expect((await search(words)).commands.map((command) => command.words)).toContain(first));
  }

  it('puts names before what is only mentioned', async () => {
    const { commands } = await search('pin');
    const named = commands.map(({ words }) => /(?:^| )pin/.test(words));
    expect(named.indexOf(false)).toBeGreaterThan(1);
    expect(named.lastIndexOf(true)).toBeLessThan(named.indexOf(false));
  });

  it('names the tags that speak of it', async () => {
    const { commands } = await search('sarif');
    expect(commands.find(({ words }) => words === 'ebpf show verification')?.tags.map(({ name }) => name)).toContain('format');
  });

  it('finds causes of rejection', async () => expect((await search('null check')).entries.map(({ id }) => id)).toContain('NUL-01'));

  it('wants all of the words', async () => {
    const both = (await search('pin map')).commands.length;
    expect(both).toBeGreaterThan(0);
    expect(both).toBeLessThan((await search('pin')).commands.length);
  });

  it('says where nothing was found', async () => {
    expect(await run(newSession(), 'help search zebra')).toMatchObject({
      exitCode: 1,
      stderr: 'Nothing speaks of "zebra". Fewer or shorter words find more; "?" lists all commands.\n',
    });
  });

  it('leaves the help of other commands where it was', async () => {
    expect((await run(newSession(), 'help show alias')).stdout).toContain('Usage: show alias');
    expect((await run(newSession(), 'help search ?')).stdout).toContain('Usage: help search');
  });

  it('fits a screen of 80 columns', async () => {
    for (const line of (await run(newSession(), 'help search program')).stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
