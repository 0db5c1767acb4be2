import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { nodeHost } from '../../shell/node-host.ts';
import { ebpfsh, projectRoot, startEbpfsh } from './bin.ts';

const hasClang = spawnSync('clang', ['--version']).status === 0;
if (!hasClang) console.warn('SKIPPED: the cases of ebpf watch that compile (there is no clang)');

let folder: string;
let cancel: AbortController;
/** Ends with the watch. */
let watching: Promise<unknown>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-watched-'));
  cancel = new AbortController();
  watching = Promise.resolve();
});
afterEach(async () => {
  cancel.abort();
  await watching;
  rmSync(folder, { recursive: true, force: true });
});

interface Told {
  readonly changed: readonly string[];
  readonly messages: string;
  readonly programs: readonly { readonly verdict: string }[] | null;
  readonly fixed: readonly Place[];
  readonly new: readonly Place[];
  readonly moved: readonly { readonly from: Place; readonly to: Place }[];
  readonly kept: readonly Place[];
}

interface Place {
  readonly id: string;
  readonly source: { readonly line: number } | null;
}

/** Starts a watch of the words and returns what waits for its next answer. */
function startWatch(words: readonly string[], announce?: (news: string) => void): () => Promise<Told> {
  const lines: string[] = [];
  let wake = () => {};
  const write = (text: string) => {
    lines.push(text);
    wake();
  };
  const session = new Session(rootContext, nodeHost());
  watching = session.executeWords(['ebpf', 'watch', ...words, 'format=json'], { signal: cancel.signal, write, ...(announce ? { announce } : {}) });
  return async () => {
    while (lines.length === 0) await new Promise<void>((settle) => (wake = settle));
    return JSON.parse(lines.shift()!);
  };
}

/** As an editor saves: a new file is renamed into the old one's place. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}~`, text);
  renameSync(`${path}~`, path);
}

const places = (failures: readonly Place[]) => failures.map(({ id, source }) => `${id}@${source?.line}`);

const SOURCE = `#include "limits.h"
struct context { unsigned char *data, *data_end; };
__attribute__((section("xdp"), used)) int f(struct context *ctx)
{
  if (ctx->data + PROVED > ctx->data_end) return 1;
  return ctx->data[8];
}
`;

describe.skipIf(!hasClang)('ebpf watch of a C source', () => {
  let source: string;
  let header: string;

  beforeEach(() => {
    source = join(folder, 'prog.c');
    header = join(folder, 'limits.h');
    writeFileSync(source, SOURCE);
    writeFileSync(header, '#define PROVED 8\n');
  });

  it('tells what is new, has moved and is fixed, by source line, however the editor saves', async () => {
    const next = startWatch([source, 'xdp']);
    const first = await next();
    expect(first.programs).toEqual([{ section: 'xdp', program: 'f', verdict: 'rejected' }]);
    expect(first.new).toHaveLength(1);
    expect(first.new[0]!.source!.line).toBe(6);
    const { id } = first.new[0]!;

    replace(source, `// a line more\n${SOURCE}`);
    const second = await next();
    expect(second.changed).toEqual([source]);
    expect(second.moved.map(({ from, to }) => places([from, to]))).toEqual([[`${id}@6`, `${id}@7`]]);
    expect([second.new, second.fixed, second.kept]).toEqual([[], [], []]);

    writeFileSync(source, 'int f(\n');
    const third = await next();
    expect(third.programs).toBeNull();
    expect(third.messages).toContain('error: ');

    // The verdict before the mistake is what counts.
    replace(source, `// a line more\n${SOURCE}`);
    expect(places((await next()).kept)).toEqual([`${id}@7`]);

    replace(header, '#define PROVED 9\n');
    const last = await next();
    expect(last.changed).toEqual([header]);
    expect(last.programs).toEqual([{ section: 'xdp', program: 'f', verdict: 'accepted' }]);
    expect(places(last.fixed)).toEqual([`${id}@7`]);

    replace(header, '#define PROVED 4\n');
    expect(places((await next()).new)).toEqual([`${id}@7`]);
  });

  it('takes flags from compile_commands.json and from the command, and notices that the former change', async () => {
    writeFileSync(header, '');
    const database = join(folder, 'compile_commands.json');
    const entry = (flag: string) =>
      JSON.stringify([{ directory: folder, file: 'prog.c', arguments: ['clang', flag, '-c', 'prog.c', '-o', 'prog.o'] }]);
    writeFileSync(database, entry('-DPROVED=9'));
    const next = startWatch([source]);
    expect((await next()).programs![0]!.verdict).toBe('accepted');
    replace(database, entry('-DPROVED=1'));
    const second = await next();
    expect(second.changed).toEqual([database]);
    expect(second.new).toHaveLength(1);
    cancel.abort();
    expect(await watching).toMatchObject({ exitCode: 1 });

    cancel = new AbortController();
    const again = startWatch([source, 'flags=-UPROVED -DPROVED=9']);
    expect((await again()).programs![0]!.verdict).toBe('accepted');
  });

  it('runs nothing that a compile database brings along, and says so', async () => {
    writeFileSync(header, '#define PROVED 9\n');
    const written = join(folder, 'written');
    const entry = {
      directory: folder,
      file: 'prog.c',
      arguments: ['clang', '-fplugin=./no-such-plugin.so', '--serialize-diagnostics', written, '-c', 'prog.c'],
    };
    writeFileSync(join(folder, 'compile_commands.json'), JSON.stringify([entry]));
    const look = await startWatch([source])();
    expect(look.programs).toEqual([{ section: 'xdp', program: 'f', verdict: 'accepted' }]);
    expect(look.messages.replace(/\s+/g, ' ')).toBe(
      'compile_commands.json: not taken over, as they may do more than compile (flags= takes them): -fplugin=./no-such-plugin.so --serialize-diagnostics ',
    );
    expect(existsSync(written)).toBe(false);
  });

  it('goes on after the file was away', async () => {
    const next = startWatch([source]);
    await next();
    unlinkSync(source);
    const away = await next();
    expect(away.programs).toBeNull();
    expect(away.messages).toMatch(/^error: No such file or directory opening /);
    writeFileSync(source, SOURCE);
    expect((await next()).kept).toHaveLength(1);
  });

  it('runs in the bin until Ctrl-C', async () => {
    const child = startEbpfsh(['watch', source]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/\d failed\n/.test(text)) child.kill('SIGINT');
    });
    const exitCode = await new Promise((settle) => child.on('close', settle));
    expect(exitCode).toBe(1);
    expect(text).toMatch(
      /^Watching .*prog\.c and 1 other file\. Ctrl-C ends it\.\n1 program: 0 succeeded, 1 failed\n {2}fails {3}\S+ prog\.c:6 \(xdp f\)\n/,
    );
  });
});

describe('ebpf watch of an object', () => {
  it('verifies what another tool builds', async () => {
    const object = join(folder, 'a.o');
    copyFileSync(`${projectRoot}samples/droppacket_unsafe.o`, object);
    const announced: string[] = [];
    const next = startWatch([object], (news) => announced.push(news));
    const first = await next();
    expect(first.new.length).toBeGreaterThan(0);

    // Half a file is told, and waited out.
    const whole = readFileSync(`${projectRoot}samples/droppacket.o`);
    writeFileSync(object, whole.subarray(0, 100));
    expect((await next()).messages).toMatch(/malformed/);
    writeFileSync(object, whole);
    expect(places((await next()).fixed)).toEqual(places(first.new));
    copyFileSync(`${projectRoot}samples/droppacket_unsafe.o`, object);
    await next();
    // Each verdict in one line, for those who do something else meanwhile.
    expect(announced).toEqual(['a.o: 2 checks fail', 'a.o: nothing to verify', 'a.o: passes (2 fixed)', 'a.o: 2 checks fail (2 new)']);
  });
});

describe('ebpf watch that cannot start', () => {
  it('says in one line that clang is missing, or the file', () => {
    const source = join(folder, 'prog.c');
    writeFileSync(source, SOURCE);
    const missing = ebpfsh(['watch', source], { env: { EBPFSH_CLANG: 'no-such-clang' } });
    expect(missing).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'error: no-such-clang cannot be run\nInstall LLVM, or name clang in EBPFSH_CLANG; an object file can be watched without.\n',
    });
    expect(ebpfsh(['watch', 'nosuch.o'])).toEqual({ exitCode: 1, stdout: '', stderr: 'error: No such file or directory opening nosuch.o\n' });
  });
});
