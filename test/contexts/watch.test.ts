import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostBuild } from '../../contexts/host.ts';
import { safeFlags } from '../../contexts/safe-flags.ts';
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
    expect(await flagsOf({})).toEqual({ flags: BASE, directory: undefined, database: undefined, refused: [] });
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
      refused: [],
    });
    expect((await flagsOf({ ...files, '/p/src/compile_commands.json': JSON.stringify([other]) })).flags).toEqual([...BASE, '-DFAR']);
  });

  for (const damaged of ['', '{}', '[1, null, {"file": 3}, {"file": "a.c"}]', '[{"file":"a.c","arguments":"no","command":7}]']) {
    it(`a damaged database says nothing: ${damaged}`, async () => {
      expect((await flagsOf({ '/p/src/compile_commands.json': damaged })).flags).toEqual(BASE);
    });
  }
});

describe('safeFlags', () => {
  it('takes over what changes how a source is read and compiled', () => {
    const words =
      '-I inc -Iother -DA -D B=1 -UC -isystem /usr/include/x -iquote . -include vmlinux.h --sysroot=/x -std=gnu11 -O2 -Os -g -gdwarf-4 -Wall -Wno-unused -Werror=return-type -w -target bpfel --target=bpf -x c -mcpu=v3 -mlittle-endian -fno-builtin -fvisibility=hidden -fdebug-prefix-map=/a=/b -fdebug-compilation-dir /x -fno-stack-protector -nostdinc';
    expect(safeFlags(words.split(' '))).toEqual({ kept: words.split(' '), refused: [] });
  });

  const hostile = [
    '-fplugin=./evil.so',
    '-fplugin=evil.so',
    '-fplugin-arg-evil-x',
    '-fpass-plugin=evil.so',
    '-Xclang -load -Xclang ./evil.so',
    '-mllvm -load=./evil.so',
    '-B. -fno-integrated-as',
    '-no-integrated-as',
    '-fno-integrated-cc1',
    '-target nvptx64 --cuda-path=.',
    '--target=x86_64-linux-gnu --gcc-toolchain=.',
    '-x cuda',
    '-fopenmp-targets=nvptx64',
    '@flags',
    '--config evil.cfg',
    '-Wp,-MD,/home/me/.profile',
    '-Wa,--x',
    '--serialize-diagnostics /home/me/.profile',
    '-MJ/home/me/.profile',
    '-ftime-trace=/home/me/.profile',
    '-fprofile-generate',
    '-ftest-coverage',
    '-foptimization-record-file=x',
    '-save-temps',
    '-gsplit-dwarf',
    '-fmodules-cache-path=x',
    '-ivfsoverlay x',
    '-include-pch evil.pch',
    '-working-directory x',
    '-emit-ast',
    'other.c',
    'evil.o',
  ];
  for (const words of hostile) it(`leaves out ${words}`, () => expect(safeFlags(words.split(' ')).kept).toEqual([]));

  it('names what it leaves out, files apart', () => {
    expect(safeFlags(['-fplugin=x.so', 'a.c', '-DA', '@more'])).toEqual({ kept: ['-DA'], refused: ['-fplugin=x.so', '@more'] });
    expect(safeFlags(['constructor', 'x', '__proto__'])).toEqual({ kept: [], refused: [] });
    // A word that an option wants and does not get.
    expect(safeFlags(['-I'])).toEqual({ kept: [], refused: ['-I'] });
  });
});

describe('ebpf watch', () => {
  it('says that it cannot where the host cannot', async () => {
    expect(await run(newSession(), 'ebpf watch a.c')).toMatchObject({ exitCode: 1, stderr: 'error: files cannot be watched here\n' });
  });

  it('takes flags for sources only', async () => {
    expect((await run(newSession(), 'ebpf watch samples/bpf.o flags=-DX')).exitCode).toBe(2);
  });
});
