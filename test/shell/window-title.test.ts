import { describe, expect, it } from 'vitest';
import { WindowTitle } from '../../shell/repl/window-title.ts';

const SAVE = '\u001b[22;2t';
const RESTORE = '\u001b[23;2t';
const shows = (title: string) => `\u001b]2;${title} - ebpfsh\u0007`;

function fixture() {
  let written = '';
  let wanted = true;
  const title = new WindowTitle(
    (text) => {
      written += text;
    },
    () => wanted,
  );
  const since = (act: () => void) => {
    const before = written.length;
    act();
    return written.slice(before);
  };
  return { title, since, want: (yes: boolean) => (wanted = yes) };
}

describe('the title of the window', () => {
  it('is kept once and given back once', () => {
    const { title, since } = fixture();
    expect(since(() => title.show('netsh'))).toBe(SAVE + shows('netsh'));
    expect(since(() => title.show('show mode'))).toBe(shows('show mode'));
    expect(since(() => title.giveBack())).toBe(RESTORE);
    expect(since(() => title.giveBack())).toBe('');
  });

  it('is given back as soon as nobody wants ours, and taken again', () => {
    const { title, since, want } = fixture();
    want(false);
    expect(since(() => title.show('netsh'))).toBe('');
    want(true);
    title.show('netsh');
    want(false);
    expect(since(() => title.show('netsh'))).toBe(RESTORE);
    want(true);
    expect(since(() => title.show('netsh'))).toBe(SAVE + shows('netsh'));
  });

  it('commands nothing and is not long', () => {
    const { title, since } = fixture();
    const written = since(() => title.show(`x\u0007\u001b]0;y${'z'.repeat(500)}`));
    expect(written.split('\u001b')).toHaveLength(3);
    expect(written.split('\u0007')).toHaveLength(2);
    expect(written.length).toBeLessThan(250);
  });
});
