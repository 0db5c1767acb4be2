import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { binPath, ebpfsh, projectRoot, startEbpfsh } from './bin.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebpfsh-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function scriptFile(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the command line', () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const cases: readonly { args: readonly string[]; stdout?: string | RegExp; stderr?: string | RegExp; exitCode: number }[] = [
    { args: ['--version'], stdout: `ebpfsh ${version}\n`, exitCode: 0 },
    { args: ['--help'], stdout: /^Usage: ebpfsh \[-a <alias-file>\]/, exitCode: 0 },
    { args: ['--nonsense'], stderr: /^--nonsense is not an option of ebpfsh\.\n\nUsage: ebpfsh/, exitCode: 2 },
    { args: ['-f'], stderr: /^-f needs a value\.\n/, exitCode: 2 },
    { args: ['-f', 'x.nsh', 'show', 'mode'], stderr: /^-f runs a script; it takes no command besides\.\n/, exitCode: 2 },
    { args: ['-c', 'nonsense', 'show', 'mode'], stderr: 'The following command was not found: nonsense.\n  nonsense\n  ^^^^^^^^\n', exitCode: 2 },
    { args: ['-f', 'nosuch.nsh'], stderr: 'error: No such file or directory opening nosuch.nsh\n', exitCode: 1 },
    { args: ['-f', 'samples'], stderr: 'error: Is a directory opening samples\n', exitCode: 1 },
    { args: ['-f', 'samples/droppacket.o'], stderr: 'error: samples/droppacket.o is no script: byte 7 is 0\n', exitCode: 1 },
    { args: ['show', 'mode'], stdout: 'online\n', exitCode: 0 },
    { args: ['show mode'], stdout: 'online\n', exitCode: 0 },
    { args: ['ebpf', 'show', 'mode'], stdout: 'online\n', exitCode: 0 },
    { args: ['-c', 'ebpf', 'show', 'mode'], stdout: 'online\n', exitCode: 0 },
    { args: ['shwo', 'mode'], stderr: 'The following command was not found: shwo mode.\nDid you mean "show"?\n  shwo mode\n  ^^^^\n', exitCode: 2 },
    {
      args: ['show', 'sections'],
      stderr: /^One or more essential parameters were not entered\.\nVerify the required parameters, and reenter them\.\n/,
      exitCode: 2,
    },
    { args: ['eb', 'sh', 'sec', 'samples/bpf.o'], stdout: /\n {25}\.text {22}func {5}unspec {7}16\n/, exitCode: 0 },
    { args: ['ebpf', 'show', 'sections', 'nosuchfile.o'], stderr: 'error: No such file or directory opening nosuchfile.o\n', exitCode: 1 },
    {
      args: ['ebpf', 'show', 'verification', 'nosuchfile.o', 'format=json'],
      stdout: '{"schema":1,"error":{"kind":"file","message":"error: No such file or directory opening nosuchfile.o"}}\n',
      exitCode: 1,
    },
    {
      args: ['ebpf', 'show', 'verification', 'samples/droppacket.o'],
      stdout: 'Verification succeeded\nProgram terminates within 0 loop iterations\n',
      exitCode: 0,
    },
    {
      args: ['sh', 'ver', 'samples/droppacket_unsafe.o', '.text', 'lev=info'],
      stderr: /^Program type: xdp \(inferred, [^\n]+\nVerification failed\n\nVerification report:\n/,
      exitCode: 1,
    },
    { args: [], exitCode: 0 },
  ];
  for (const { args, stdout = '', stderr = '', exitCode } of cases) {
    it(`ebpfsh ${args.join(' ')}`, () => {
      const finished = ebpfsh(args);
      expect(finished.exitCode).toBe(exitCode);
      expect(finished.stdout).toMatch(stdout instanceof RegExp ? stdout : exactly(stdout));
      expect(finished.stderr).toMatch(stderr instanceof RegExp ? stderr : exactly(stderr));
    });
  }

  it('runs an alias file first', () => {
    const aliases = scriptFile('aliases.nsh', 'alias m show mode\n');
    expect(ebpfsh(['-a', aliases, 'm'])).toEqual({ stdout: 'Ok.\nonline\n', stderr: '', exitCode: 0 });
  });
});

function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`);
}

describe('the three ways to run commands', () => {
  const lines = [
    'ebpf',
    '?',
    'shwo sections x.o',
    'show sections samples/droppacket.o',
    'show sections nosuchfile.o',
    'show verification samples/droppacket.o',
    'show verification samples/droppacket_unsafe.o',
    'show disassembly samples/bpf.o',
    'show sections',
    '# a comment',
    'sh ver samples/droppacket_unsafe.o .text lev=info',
  ];

  it('give the same text through -f, a pipe, -f - and one by one', () => {
    const text = `${lines.join('\n')}\nbye\nshow mode\n`;
    const fromFile = ebpfsh(['-f', scriptFile('all.nsh', text)]);
    expect(fromFile.exitCode).toBe(2);
    // Only a file has lines that one could go to.
    const told = { ...fromFile, stderr: fromFile.stderr.replace(/^.*all\.nsh, line \d+:\n/gm, '') };
    expect(told.stderr).not.toBe(fromFile.stderr);
    expect(ebpfsh([], { input: text })).toEqual(told);
    expect(ebpfsh(['-f', '-'], { input: text })).toEqual(told);
    const single = lines.filter((line) => line !== 'ebpf').map((line) => ebpfsh(line.startsWith('#') ? [] : ['-c', 'ebpf', line]));
    expect(single.map((run) => run.stdout).join('')).toBe(told.stdout);
    expect(single.map((run) => run.stderr).join('')).toBe(told.stderr);
  });

  it('take Windows line ends and a last line without one', () => {
    expect(ebpfsh([], { input: 'show mode\r\nshow mode' }).stdout).toBe('online\nonline\n');
  });
});

describe('a well-behaved process', () => {
  it('finds what its files are beside them', () => {
    const folders = readdirSync(join(projectRoot, 'dist'), { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'types');
    expect(folders.map(({ name }) => name).sort()).toEqual(['chunks', 'contexts', 'library', 'shell']);
    for (const { name } of folders) {
      expect(JSON.parse(readFileSync(join(projectRoot, 'dist', name, 'package.json'), 'utf8'))).toEqual({ type: 'module' });
    }
  });

  it.skipIf(!existsSync('/dev/zero'))('does not read without end', () => {
    expect(ebpfsh(['ebpf', 'show', 'sections', '/dev/zero'])).toEqual({
      stdout: '',
      stderr: 'error: file /dev/zero is too large (more than 256 MB)\n',
      exitCode: 1,
    });
  });

  it.skipIf(!existsSync('/dev/full'))('says that its output cannot be written', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [binPath, 'show', 'mode'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    expect(stderr).toMatch(/^ebpfsh: the output cannot be written: ENOSPC.*\n$/);
    expect(status).toBe(1);
  });

  it.skipIf(process.platform === 'win32')('leaves nothing behind in the store where nothing can be written', () => {
    const store = join(folder, 'full');
    // No file may have a byte: what a full disk is like.
    const { status, stderr } = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 0; exec "$0" "$1" show programs`, process.execPath, binPath], {
      env: { ...process.env, EBPFSH_STORE: store },
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^error: the store cannot be used: .*EFBIG/);
    expect(status).toBe(1);
    const files = readdirSync(store, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name)).toEqual([]);
  });

  it('ends quietly when its reader goes away', async () => {
    const child = startEbpfsh(['-f', scriptFile('long.nsh', 'ebpf ?\n'.repeat(3000))]);
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((settle) => child.on('close', settle));
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('stops waiting for a line at SIGINT', async () => {
    const child = startEbpfsh([]);
    child.stdin.write('show mode\n');
    await new Promise((settle) => child.stdout.once('data', settle));
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.kill('SIGINT');
    const code = await new Promise((settle) => child.on('close', settle));
    expect(stderr).toBe('');
    expect(code).toBe(1);
  });

  it('answers a script line by line while the pipe stays open', async () => {
    const child = startEbpfsh([]);
    for (let round = 0; round < 3; round++) {
      const answer = new Promise((settle) => child.stdout.once('data', settle));
      child.stdin.write('show mode\n');
      expect(String(await answer)).toBe('online\n');
    }
    child.stdin.write('bye\n');
    expect(await new Promise((settle) => child.on('close', settle))).toBe(0);
  });

  it('never loads React for one command', () => {
    const coverage = join(folder, 'coverage');
    ebpfsh(['ebpf', 'show', 'sections', 'samples/bpf.o'], { env: { NODE_V8_COVERAGE: coverage } });
    const report = JSON.parse(readFileSync(join(coverage, readdirSync(coverage)[0]!), 'utf8')) as { result: readonly { url: string }[] };
    const loaded = report.result.map((script) => script.url).filter((url) => url.includes('/dist/'));
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of loaded) expect(readFileSync(new URL(url), 'utf8')).not.toMatch(/react\.element|react\.transitional|yoga/i);
  });

  it('cancels a long verification at SIGINT', async () => {
    const object = corpusPath('elf/cilium/bpf_lxc.o') ?? corpusPath('elf/cilium/bpf_host.o');
    if (object === undefined) {
      reportSkipped('elf/cilium', 1);
      return;
    }
    // Tells when the program listens for Ctrl-C, which is before it verifies.
    const listening = join(folder, 'listening');
    const probe = scriptFile(
      'listening.cjs',
      `process.on('newListener', (name) => { if (name === 'SIGINT') require('node:fs').writeFileSync(${JSON.stringify(listening)}, ''); });`,
    );
    const child = startEbpfsh(['ebpf', 'show', 'verification', object, 'platform=linux'], {
      ...process.env,
      NODE_OPTIONS: `--require ${probe}`,
    });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const closed = new Promise((settle) => child.on('close', settle));
    await vi.waitUntil(() => existsSync(listening), { timeout: 20_000, interval: 10 });
    child.kill('SIGINT');
    const code = await closed;
    expect(stderr).toBe('The command was cancelled.\n');
    expect(code).toBe(1);
  });
});
