import { describe, expect, it } from 'vitest';
import { argumentsOf, assignedAt, expressionAt } from '../../src/explain/expression.ts';

/** The marked part of a line: the column is where `@` stands. */
function marked(line: string): string | undefined {
  const column = line.indexOf('@') + 1;
  const text = line.replace('@', '');
  const span = expressionAt(text, column);
  return span === undefined ? undefined : text.slice(span.start, span.start + span.length);
}

describe('the expression at a column', () => {
  it.each([
    ['\treturn @v->b[i];', 'v->b[i]'],
    ['\treturn ip->@protocol == 6;', 'ip->protocol'],
    ['x = a.b[2].@c + 1;', 'a.b[2].c'],
    ['\t@bpf_map_update_elem(&m, &k, f(&e), BPF_ANY);', 'bpf_map_update_elem(&m, &k, f(&e), BPF_ANY)'],
    ['  if (@*address == 0x45)', '*address'],
    ['  @*(__u64 *)addr = 1;', '*(__u64 *)addr'],
    ['  *v @+= 1;', '+='],
    ['  sum += @p[i];', 'p[i]'],
    ['}@', undefined],
    ['  @  x', undefined],
  ])('%s', (line, expected) => expect(marked(line)).toBe(expected));

  it('is nothing outside the line', () => {
    expect(expressionAt('x = 1;', 0)).toBeUndefined();
    expect(expressionAt('x = 1;', 70)).toBeUndefined();
  });
});

describe('the variable that a line assigns', () => {
  const at = (line: string) => assignedAt(line.replace('@', ''), line.indexOf('@') + 1);
  it.each([
    ['__u32 k = @1, i = ctx->queue;', 'k'],
    ['__u32 k = 1, i = @ctx->queue;', 'i'],
    ['struct val *v = @bpf_map_lookup_elem(&m, &k);', 'v'],
    ['  e.size = @n;', undefined],
    ['  e->size = @n;', undefined],
    ['  table[i] = @n;', undefined],
    ['  if (a == @b) return 1;', undefined],
    ['  int x = f(); @g(x);', undefined],
    ['  return @x;', undefined],
  ])('%s', (line, expected) => expect(at(line)).toBe(expected));
});

describe('the arguments of a call', () => {
  it('are taken apart at the commas of the call alone', () => {
    expect(argumentsOf('  bpf_probe_read(&e->s, sizeof(e->s), f(a, b)[0]);', 'bpf_probe_read')).toEqual(['&e->s', 'sizeof(e->s)', 'f(a, b)[0]']);
    expect(argumentsOf('x = g();', 'g')).toEqual(['']);
  });
  it('are not guessed where the line ends first', () => {
    expect(argumentsOf('  bpf_probe_read(&e->s,', 'bpf_probe_read')).toBeUndefined();
    expect(argumentsOf('  other(1);', 'bpf_probe_read')).toBeUndefined();
  });
});
