import { describe, expect, it } from 'vitest';
import { formatPage, matchesOutput, parsePage, withoutDurations } from './page.ts';

const PAGE = `# Title

\`\`\`console
netsh> show mode
online
netsh ebpf> show sections x.o

  a table
\`\`\`

Text.

\`\`\`console
$ ebpfsh --version
\`\`\`
`;

describe('parsePage', () => {
  it('finds the steps of console blocks and formatPage puts the page together again', () => {
    const parts = parsePage(PAGE);
    expect(parts.filter((part) => part.kind === 'console')).toEqual([
      {
        kind: 'console',
        steps: [
          { prompt: 'netsh>', command: 'show mode', output: ['online'] },
          { prompt: 'netsh ebpf>', command: 'show sections x.o', output: ['', '  a table'] },
        ],
      },
      { kind: 'console', steps: [{ prompt: '$', command: 'ebpfsh --version', output: [] }] },
    ]);
    expect(formatPage(parts)).toBe(PAGE);
  });
  it('refuses blocks that nobody can run', () => {
    expect(() => parsePage('```console\nsome output\n```')).toThrow('no prompt with a command');
    expect(() => parsePage('```console\n$ ebpfsh')).toThrow('not closed');
  });
});

describe('matchesOutput', () => {
  const cases: readonly { shown: string; real: string; match: boolean }[] = [
    { shown: 'a\nb', real: 'a\nb\n\n', match: true },
    { shown: 'a', real: 'a\nb', match: false },
    { shown: 'a\n…', real: 'a\nb\nc', match: true },
    { shown: '…\nc', real: 'a\nb\nc', match: true },
    { shown: 'Time: … ms', real: 'Time: 1.5 ms', match: true },
    { shown: 'Time: … ms', real: 'Time:\n1.5 ms', match: false },
    { shown: 'a.b', real: 'axb', match: false },
    { shown: '; ', real: ';', match: true },
    { shown: '', real: '', match: true },
    { shown: '', real: 'a', match: false },
  ];
  for (const { shown, real, match } of cases) {
    it(`${JSON.stringify(shown)} ${match ? 'is' : 'is not'} ${JSON.stringify(real)}`, () =>
      expect(matchesOutput(shown.split('\n'), real.split('\n'))).toBe(match));
  }
});

describe('withoutDurations', () => {
  it('hides only how long something took', () => {
    expect(withoutDurations(['Time : 4.3 ms', '{"milliseconds":1.25,"x":2}', '10 bytes missing', ''])).toEqual([
      'Time : … ms',
      '{"milliseconds":…,"x":2}',
      '10 bytes missing',
    ]);
  });
});
