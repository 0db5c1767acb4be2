import { describe, expect, it } from 'vitest';
import type { Key } from '../../shell/repl/keys.ts';
import { createKeyDecoder } from '../../shell/repl/keys.ts';

function decode(...chunks: string[]): string[] {
  const decoder = createKeyDecoder();
  return [...chunks.flatMap((chunk) => decoder.feed(chunk)), ...decoder.flush()].map(spell);
}

function spell(key: Key): string {
  return key.kind === 'chord' ? `<${key.chord}>` : key.kind === 'paste' ? `paste(${key.text})` : key.text;
}

describe('key decoder', () => {
  it.each([
    ['letters together', ['show'], ['show']],
    ['control', ['\u0001\u0003\u001a'], ['<C-a>', '<C-c>', '<C-z>']],
    ['named control characters', ['\r\t\u007f\b'], ['<Enter>', '<Tab>', '<Backspace>', '<Backspace>']],
    ['CR LF is one Enter', ['a\r\nb\n'], ['a', '<Enter>', 'b', '<Enter>']],
    ['arrows', ['\u001b[A\u001bOB'], ['<Up>', '<Down>']],
    ['modifiers', ['\u001b[1;5C\u001b[1;2D\u001b[3;3~'], ['<C-Right>', '<S-Left>', '<M-Delete>']],
    ['back tab', ['\u001b[Z'], ['<S-Tab>']],
    ['meta', ['\u001bf\u001b\u007f\u001b.'], ['<M-f>', '<M-Backspace>', '<M-.>']],
    ['meta before a sequence', ['\u001b\u001b[D'], ['<M-Left>']],
    ['kitty form', ['\u001b[97;5u\u001b[13;2u\u001b[233u'], ['<C-a>', '<S-Enter>', 'é']],
    ['a lone Escape', ['\u001b'], ['<Escape>']],
    ['a sequence in pieces', ['\u001b', '[', '1;', '5C', 'x'], ['<C-Right>', 'x']],
    ['unknown sequences are swallowed', ['\u001b[99~\u001b[?1;2cx'], ['<Unknown>', '<Unknown>', 'x']],
    ['answers of the terminal are swallowed', ['\u001b]11;rgb:00/00/00\u0007a\u001bP1$r0m\u001b', '\\b'], ['a', 'b']],
    ['paste', ['\u001b[200~a\rb\u001b[201~c'], ['paste(a\rb)', 'c']],
    ['paste in pieces', ['\u001b[200~a\u001b[20', '1~\u001b[A'], ['paste(a)', '<Up>']],
    ['paste with an escape inside', ['\u001b[200~\u001b[A\u001b[201~'], ['paste(\u001b[A)']],
    ['characters beyond the first plane', ['😀漢'], ['😀漢']],
  ])('%s', (_name, chunks, keys) => {
    expect(decode(...chunks)).toEqual(keys);
  });

  it('does not hold back what follows an endless sequence', () => {
    expect(decode(`\u001b[${'1;'.repeat(100)}`, 'abc').join('')).toContain('abc');
  });

  it('is not pending inside a paste, where a timer must not end anything', () => {
    const decoder = createKeyDecoder();
    decoder.feed('\u001b[200~abc\u001b');
    expect(decoder.pending).toBe(false);
    expect(decoder.flush()).toEqual([]);
    expect(decoder.feed('[201~').map(spell)).toEqual(['paste(abc)']);
  });
});
