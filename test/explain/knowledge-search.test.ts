import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { search } from '../../src/explain/knowledge/search.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { failingPrograms, verifyEntry } from './failing-programs.ts';

interface ManifestEntry {
  readonly stable_id: string;
  readonly bad: { readonly prevail: string; readonly kernel: string; readonly kernel_without_perfmon: string | readonly string[] };
}

interface Case {
  readonly id: string;
  readonly dialect: 'prevail' | 'kernel' | 'unprivileged';
  readonly text: string;
}

/** Loading stopped before verification: the text says nothing of the program, whatever its mistake. */
const NOT_LOADED = 'Operation not permitted';

const manifest = corpusPath('failures/MANIFEST.json');
if (manifest === undefined) reportSkipped('failures/MANIFEST.json', 'all messages of 70 programs');

function cases(): readonly Case[] {
  const entries = JSON.parse(readFileSync(manifest!, 'utf8')) as readonly ManifestEntry[];
  return entries.flatMap(({ stable_id: id, bad }) => {
    const found: Case[] = [];
    if (bad.prevail !== 'PASS') found.push({ id, dialect: 'prevail', text: bad.prevail });
    if (bad.kernel !== 'ACCEPTED') found.push({ id, dialect: 'kernel', text: bad.kernel });
    if (typeof bad.kernel_without_perfmon !== 'string') found.push({ id, dialect: 'unprivileged', text: bad.kernel_without_perfmon.join('\n') });
    return found;
  });
}

const place = (id: string, text: string) => search(text).matches.findIndex(({ entry }) => entry.id === id);

/** The same message of another program: other names, other numbers, another register of the same kind. */
function vary(text: string): string {
  const kept: Record<string, string> = { 6: '8', 8: '9', 1: '4', 2: '3', 3: '5' };
  return text
    .replace(/\b([rRwW])([1-9])\b/g, (_, letter: string, number: string) => `${letter}${kept[number] ?? number}`)
    .replace(/^(\d+)(?=:)/gm, (number) => `${Number(number) + 411}`)
    .replace(/bpf_(map_lookup_elem|xdp_adjust_head|probe_read_kernel|get_current_comm)#\d+/g, 'bpf_some_other_helper#201')
    .replace(/\[4\d{3}-4\d{3}\)/, '[3584-3600)')
    .replace(/\b(608|4096|2147483648|1000001)\b/g, '123456');
}

describe.skipIf(manifest === undefined)('messages of the failing programs', () => {
  it('at least 95 % find their entry among the first three', () => {
    const about = cases().filter(({ text }) => !text.includes(NOT_LOADED));
    const places = about.map((c) => ({ ...c, at: place(c.id, c.text) }));
    const first = places.filter(({ at }) => at === 0).length;
    const three = places.filter(({ at }) => at >= 0 && at < 3).length;
    const missed = places.filter(({ at }) => at < 0 || at > 2).map(({ id, dialect, at }) => `${id} ${dialect}${at < 0 ? '' : ` (place ${at + 1})`}`);
    console.info(`${about.length} messages: ${first} first, ${three} among the first three; missed: ${missed.join(', ') || 'none'}`);
    expect(about.length).toBeGreaterThan(120);
    expect(three / about.length).toBeGreaterThanOrEqual(0.95);
  });

  it('texts of a load that was not permitted lead to ENV-06', () => {
    const refused = cases().filter(({ text }) => text.includes(NOT_LOADED));
    expect(refused.length).toBeGreaterThan(0);
    for (const { id, text } of refused) expect(place('ENV-06', text), id).toBe(0);
  });

  it('other numbers, registers and names give the same entries', () => {
    for (const { id, text } of cases()) {
      const before = search(text).matches.map(({ entry }) => entry.id);
      const after = search(vary(text)).matches.map(({ entry }) => entry.id);
      expect(after.slice(0, 3), `${id}: ${vary(text)}`).toEqual(before.slice(0, 3));
    }
  });

  it('what our verifier says of them, plainly or in the classic wording, finds its own entry', () => {
    const said: { readonly id: string; readonly kind: 'message' | 'classic'; readonly text: string }[] = [];
    for (const program of failingPrograms()) {
      const { failures, warnings } = verifyEntry(program, 'bad').report;
      for (const { id, message, classic } of [...failures, ...warnings])
        said.push({ id, kind: 'message', text: message }, { id, kind: 'classic', text: classic });
    }
    const missed = said.filter(({ id, text }) => ![0, 1, 2].includes(place(id, text)));
    const list = missed.map(({ id, text }) => `\n  ${id} ${text}`).join('');
    console.info(`${said.length} sentences of our own: ${said.length - missed.length} among the first three; missed: ${list || 'none'}`);
    expect(said.length).toBeGreaterThan(120);
    expect(missed.filter(({ kind }) => kind === 'message')).toEqual([]);
    expect(missed.length / said.length).toBeLessThanOrEqual(0.05);
  });
});
