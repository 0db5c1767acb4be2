import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHistory, suggest } from '../../shell/repl/history.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-history-'));
  file = join(folder, 'sub', 'history');
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

describe('history', () => {
  it('is kept for the next run, for the owner alone', () => {
    const first = openHistory(file, 100);
    first.add('one');
    first.add('two');
    expect(openHistory(file, 100).entries).toEqual(['one', 'two']);
    if (process.platform !== 'win32') {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, 'sub')).mode & 0o777).toBe(0o700);
    }
  });

  it('is shared by shells that run at the same time', () => {
    const [first, second] = [openHistory(file, 100), openHistory(file, 100)];
    first.add('one');
    second.add('two');
    first.add('three');
    second.refresh();
    expect(second.entries).toEqual(['one', 'two', 'three']);
    expect(first.entries).toEqual(['one', 'two', 'three']);
    expect(readFileSync(file, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('keeps no blank lines, repetitions, or lines that start with a space', () => {
    const history = openHistory(file, 100);
    for (const line of ['one', 'one', '', '  ', ' secret', 'two', 'one']) history.add(line);
    expect(history.entries).toEqual(['one', 'two', 'one']);
  });

  it('keeps one line one line, without control characters', () => {
    openHistory(file, 100).add('a\nb\u001b[2J');
    expect(readFileSync(file, 'utf8')).toBe('a b[2J\n');
  });

  it('does not trust the file', () => {
    openHistory(file, 100).add('one');
    writeFileSync(file, Buffer.concat([Buffer.from('good\n\u001b]0;owned\u0007bad\n'), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from('half')]));
    expect(openHistory(file, 100).entries).toEqual(['good', ']0;ownedbad', '\ufffd\ufffd']);
  });

  it.skipIf(process.platform === 'win32')('takes a file back that others could read', () => {
    openHistory(file, 100).add('one');
    chmodSync(file, 0o644);
    openHistory(file, 100).add('two');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves a line that is still being written for the next time', () => {
    const history = openHistory(file, 100);
    history.add('one');
    writeFileSync(file, 'one\ntw', { flag: 'w' });
    history.refresh();
    expect(history.entries).toEqual(['one']);
    writeFileSync(file, 'one\ntwo\n', { flag: 'w' });
    history.refresh();
    expect(history.entries).toEqual(['one', 'two']);
  });

  it('keeps the newest lines, and shortens the file when it holds twice as many', () => {
    const history = openHistory(file, 3);
    for (const line of ['1', '2', '3', '4', '5', '6', '7']) history.add(line);
    expect(history.entries).toEqual(['5', '6', '7']);
    const other = openHistory(file, 3);
    expect(readFileSync(file, 'utf8')).toBe('5\n6\n7\n');
    other.add('8');
    history.refresh();
    expect(history.entries).toEqual(['6', '7', '8']);
  });

  it('lives in memory without a file, with a limit of none, and where nothing can be written', () => {
    writeFileSync(join(folder, 'sub'), 'not a folder');
    for (const history of [openHistory(undefined, 10), openHistory(file, 0), openHistory(file, 10)]) {
      history.add('one');
      expect(history.entries).toEqual(['one']);
    }
  });

  it('suggests the newest line that goes on', () => {
    const entries = ['show a', 'show b', 'show', 'count'];
    expect(suggest(entries, 'show')).toBe('show b');
    expect(suggest(entries, 'count')).toBeUndefined();
    expect(suggest(entries, '')).toBeUndefined();
    expect(suggest(entries, ' ')).toBeUndefined();
  });
});
