import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostBuild } from '../../contexts/host.ts';
import { compareVerdicts, type WatchedFailure } from '../../contexts/watch-compare.ts';
import { compileFlags, shellWords } from '../../contexts/watch-flags.ts';
import { memoryHost, newSession, run } from './harness.ts';

/** `PKT-01@12 text`, or `PKT-01#7` for a failure without source line at slot 7. */
function failure(shape: string): WatchedFailure {
  const [, id, line, text, slot] = /^(\S+?)(?:@(\d+) (.*)|#(\d+))$/.exec(shape)!;
  return {
    section: 'xdp',
    program: 'f',
    id: id!,
    message: '',
    instruction: slot === undefined ? 0 : Number(slot),
    source: line === undefined ? undefined : { file: './a.c', line: Number(line), text: text! },
  };
}

function shape({ id, source, instruction }: WatchedFailure): string {
  return source ? `${id}@${source.line} ${source.text}` : `${id}#${instruction}`;
}

describe('compareVerdicts', () => {
  const cases: readonly { name: string; before: string[]; after: string[]; fixed?: string[]; new?: string[]; moved?: string[]; kept?: string[] }[] = [
    { name: 'nothing', before: [], after: [] },
    { name: 'first failure', before: [], after: ['A@1 x'], new: ['A@1 x'] },
    { name: 'fixed', before: ['A@1 x', 'B@2 y'], after: ['B@2 y'], fixed: ['A@1 x'], kept: ['B@2 y'] },
    { name: 'a line above', before: ['A@1 x'], after: ['A@2   x'], moved: ['A@1 x > A@2   x'] },
    { name: 'the line edited', before: ['A@1 x'], after: ['A@1 z'], kept: ['A@1 z'] },
    { name: 'another cause on the line', before: ['A@1 x'], after: ['B@1 x'], fixed: ['A@1 x'], new: ['B@1 x'] },
    { name: 'moved, and a new one in its old place', before: ['A@1 x'], after: ['A@1 y', 'A@2 x'], new: ['A@1 y'], moved: ['A@1 x > A@2 x'] },
    { name: 'one fixed and a like one elsewhere', before: ['A@1 x'], after: ['A@9 y'], fixed: ['A@1 x'], new: ['A@9 y'] },
    { name: 'two of a kind on a line', before: ['A@1 x', 'A@1 x'], after: ['A@1 x'], fixed: ['A@1 x'], kept: ['A@1 x'] },
    { name: 'without source lines', before: ['A#1', 'A#4'], after: ['A#1', 'A#5'], fixed: ['A#4'], new: ['A#5'], kept: ['A#1'] },
  ];
  for (const { name, before, after, fixed = [], new: fresh = [], moved = [], kept = [] } of cases) {
    it(name, () => {
      const change = compareVerdicts(before.map(failure), after.map(failure));
      expect(change.fixed.map(shape)).toEqual(fixed);
      expect(change.new.map(shape)).toEqual(fresh);
      expect(change.moved.map(({ from, to }) => `${shape(from)} > ${shape(to)}`)).toEqual(moved);
      expect(change.kept.map(shape)).toEqual(kept);
    });
  }

  it('keeps programs apart', () => {
    const old = failure('A@1 x');
    const change = compareVerdicts([old], [{ ...old, program: 'g' }]);
    expect([change.fixed.length, change.new.length]).toEqual([1, 1]);
  });
});

describe('shellWords', () => {
  const cases = [
    ['clang -I inc -c a.c', ['clang', '-I', 'inc', '-c', 'a.c']],
    [String.raw`cc '-DX="a b"' "-DY=\"q\"" a\ b.c`, ['cc', '-DX="a b"', '-DY="q"', 'a b.c']],
    [`cc -D'A B'=1 ""`, ['cc', '-DA B=1', '']],
    ['', []],
  ] as const;
  for (const [command, words] of cases) it(command, () => expect(shellWords(command)).toEqual(words));
});

describe('compileFlags', () => {
  const build: HostBuild = {
    compile: () => Promise.reject(new Error('not compiled here')),
    resolvePath: (path, directory = '/') => posix.resolve(directory, path),
    watch: () => {
      throw new Error('not watched here');
    },
  };
  const flagsOf = (files: Record<string, string>, extra?: string) => compileFlags(memoryHost(files), build, '/p/src/a.c', extra);
  const BASE = ['-target', 'bpf', '-O2', '-g'];

  it('are the base ones without a database, then those of the command', async () => {
    expect(await flagsOf({})).toEqual({ flags: BASE, directory: undefined, database: undefined });
    expect((await flagsOf({}, '-DA "-I a b"')).flags).toEqual([...BASE, '-DA', '-I a b']);
  });

  it('come from the nearest database that names the source, without its output and input', async () => {
    const entry = { directory: '..', file: 'src/a.c', arguments: ['clang', '-MD', '-MF', 'a.d', '-Iinc', '-c', 'src/a.c', '-o', 'a.o', '-DX'] };
    const other = { directory: '/p/src', file: 'b.c', command: 'clang -DWRONG -c b.c' };
    const files = {
      '/p/src/compile_commands.json': JSON.stringify([other, entry]),
      '/p/compile_commands.json': '[{"file":"src/a.c","command":"x -DFAR"}]',
    };
    expect(await flagsOf(files, '-DY')).toEqual({
      flags: [...BASE, '-Iinc', '-DX', '-DY'],
      directory: '/p',
      database: '/p/src/compile_commands.json',
    });
    expect((await flagsOf({ ...files, '/p/src/compile_commands.json': JSON.stringify([other]) })).flags).toEqual([...BASE, '-DFAR']);
  });

  for (const damaged of ['', '{}', '[1, null, {"file": 3}, {"file": "a.c"}]', '[{"file":"a.c","arguments":"no","command":7}]']) {
    it(`a damaged database says nothing: ${damaged}`, async () => {
      expect((await flagsOf({ '/p/src/compile_commands.json': damaged })).flags).toEqual(BASE);
    });
  }
});

describe('ebpf watch', () => {
  it('says that it cannot where the host cannot', async () => {
    expect(await run(newSession(), 'ebpf watch a.c')).toMatchObject({ exitCode: 1, stderr: 'error: files cannot be watched here\n' });
  });

  it('takes flags for sources only', async () => {
    expect((await run(newSession(), 'ebpf watch samples/bpf.o flags=-DX')).exitCode).toBe(2);
  });
});
