import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { KnowledgeEntry } from '../../src/explain/knowledge/entry.ts';
import { FAMILIES } from '../../src/explain/knowledge/families.ts';
import { findEntry, KNOWLEDGE } from '../../src/explain/knowledge/index.ts';
import { search } from '../../src/explain/knowledge/search.ts';
import { CHECKS, type CheckDetails } from '../../src/verifier/checks.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { processorTime } from '../processor-time.ts';

const ids = new Set(KNOWLEDGE.map(({ id }) => id));
const verifier = join(import.meta.dirname, '../../src/verifier');

/** Every id that stands in the verifier's source, wherever it is reported. */
function reportedIds(): ReadonlySet<string> {
  const source = readdirSync(verifier)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(verifier, name), 'utf8'))
    .join('\n');
  return new Set([...source.matchAll(/'([A-Z]{3,5}-\d{2})'/g)].map((match) => match[1]!));
}

/** What the verifier knows when it reports: enough for every row's sentence. */
const DETAILS: CheckDetails = {
  register: 7,
  width: 4,
  mode: 'write',
  displacement: 12,
  limit: 48,
  min: -20,
  max: 51,
  distance: 4,
  argument: 3,
  name: 'bpf_some_helper',
  have: 'a pointer to the stack',
  want: 'ctx',
};

describe('entries', () => {
  it('exist once for every id that the verifier can report', () => {
    expect(ids.size).toBe(KNOWLEDGE.length);
    const reported = reportedIds();
    expect(reported.size).toBeGreaterThan(60);
    for (const { id } of Object.values(CHECKS)) expect(reported, id).toContain(id);
    expect([...reported].filter((id) => !ids.has(id))).toEqual([]);
  });

  const manifest = corpusPath('failures/MANIFEST.json');
  if (manifest === undefined) reportSkipped('failures/MANIFEST.json', '70 ids');
  it.skipIf(manifest === undefined)('exist for every program of the corpus of failures', () => {
    const programs = JSON.parse(readFileSync(manifest!, 'utf8')) as readonly {
      readonly stable_id: string;
      readonly bad: Verdicts;
      readonly truth: string;
    }[];
    expect(programs.length).toBe(70);
    for (const { stable_id: id, bad, truth } of programs) {
      const entry = findEntry(id);
      expect(entry, id).toBeDefined();
      expect(entry!.nature, id).toBe({ bug: 'bug', leak: 'leak', rule: 'rule', safe: 'limit', term: 'termination' }[truth]);
      // "depends": on options or privileges.
      if (entry!.prevail.verdict !== 'depends') expect(entry!.prevail.verdict === 'accepts', id).toBe(bad.prevail === 'PASS');
      if (entry!.linux.verdict !== 'depends') expect(entry!.linux.verdict === 'accepts', id).toBe(bad.kernel === 'ACCEPTED');
    }
  });

  it.each(KNOWLEDGE.map((entry) => [entry.id, entry] as const))('%s is complete', (id, entry) => {
    expect(id).toMatch(/^[A-Z]{3,5}-\d{2}$/);
    for (const sentence of sentencesOf(entry)) expect(sentence).toMatch(/^\S.*[.?]$/s);
    expect(entry.title).toMatch(/^[A-Z0-9].*[^.]$/);
    expect(entry.bad.trim()).not.toBe('');
    expect(entry.good).not.toBe(entry.bad);
    expect(entry.fixes.length).toBeGreaterThan(0);
    expect(entry.words.length).toBeGreaterThan(0);
    for (const { verdict, messages } of [entry.prevail, entry.linux]) if (verdict === 'rejects') expect(messages.length).toBeGreaterThan(0);
    expect(entry.related.length).toBeGreaterThan(0);
    for (const other of entry.related) expect(ids, `${id} -> ${other}`).toContain(other);
    expect(entry.related).not.toContain(id);
    for (const line of `${entry.bad}\n${entry.good}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(76);
    for (const report of entry.report)
      expect(
        FAMILIES.some(({ category }) => report.startsWith(category)),
        report,
      ).toBe(true);
  });

  it('say of each family which entries belong to it', () => {
    expect(FAMILIES.length).toBe(9);
    for (const { id } of FAMILIES)
      expect(
        KNOWLEDGE.some(({ family }) => family === id),
        id,
      ).toBe(true);
  });
});

interface Verdicts {
  readonly prevail: string;
  readonly kernel: string;
}

function sentencesOf(entry: KnowledgeEntry): readonly string[] {
  return [entry.cause, entry.needs, entry.tell, ...entry.fixes.map(({ change }) => change)];
}

describe('search', () => {
  it('finds the entry of each check by either of its sentences', () => {
    for (const [kind, { id, classic, plain }] of Object.entries(CHECKS)) {
      for (const text of [classic(DETAILS), plain(DETAILS)]) {
        const found = search(text).matches.map(({ entry }) => entry.id);
        expect(found, `${kind}: ${text}`).toContain(id);
      }
    }
  });

  it.each(KNOWLEDGE.map((entry) => [entry.id, entry] as const))('finds %s by each of its messages', (id, entry) => {
    const messages = [...entry.prevail.messages, ...entry.linux.messages, ...entry.report, ...entry.words, entry.title];
    for (const message of messages) {
      const found = search(message).matches.map((match) => match.entry.id);
      expect(found, message).toContain(id);
    }
  });

  const CATALOGUE: readonly (readonly [message: string, id: string])[] = [
    ['Cannot subtract pointers to non-singleton regions', 'TYP-04'],
    ['Only numbers can be used as divisors', 'TYP-03'],
    ['Map key size is not singleton', 'HLP-02'],
    ['Max entries is not finite', 'HLP-05'],
    ['Array index overflow', 'HLP-10'],
    ['FDs cannot be dereferenced directly', 'TYP-01'],
    ['Function pointers cannot be dereferenced', 'TYP-01'],
    ['callback function does not have a reachable exit', 'HLP-11'],
    ['map type 14 is not allowed for bpf_map_push_elem', 'HLP-05'],
    ['Lower bound must be at least meta_offset (valid_access(r7.offset-8, width=2) for read)', 'PKT-03'],
    ['jump to middle of lddw', 'CFG-03'],
    ['nonzero offset for mov', 'CFG-04'],
    ['fallthrough in last instruction', 'CFG-02'],
    ['tail call chain depth exceeds 33', 'CALL-01'],
    ['Unresolved symbols found.', 'ENV-07'],
    ['rejected: requires conformance group packet', 'ENV-04'],
  ];
  it.each(CATALOGUE)("PREVAIL's %j is %s", (message, id) => {
    expect(search(message).matches[0]?.entry.id).toBe(id);
  });

  it("finds the cause in a kernel's log, old and new", () => {
    const log = `0: R1=ctx() R10=fp0
; __u64 *v = bpf_map_lookup_elem(&counters, &k); @ count.c:12
31: (85) call bpf_map_lookup_elem#1           ; R0=map_value_or_null(id=3,map=counters,ks=4,vs=8)
; *v += 1; @ count.c:13
32: (79) r4 = *(u64 *)(r0 +16)
R0 invalid mem access 'map_value_or_null'
processed 33 insns (limit 1000000) max_states_per_insn 0 total_states 2 peak_states 2 mark_read 1`;
    expect(search(log).matches[0]?.entry.id).toBe('NUL-01');
    const report = `R7 !read_ok

Verification failed: Resource Lifetime Safety: Unreleased resource

Reason:
  Owned resource (id=5) was acquired at instruction 9 and still needs to be released before this exit path.

At:
  handle @ x.c:36:5
  >>> 36 | int handle(struct task_struct *task)    >>> 21 | (95) exit
         | ^-- error: owned resource (id=5) still needs release

Suggestion:
  Release or transfer ownership of the acquired resource on every path before the program exits.`;
    expect(search(report.slice(report.indexOf('Verification'))).matches[0]?.entry.id).toBe('REF-01');
  });

  it.each([
    ['Verification failed: Register Type Safety: Unreadable register', 'UNI-01'],
    ['Verification failed: Memory Safety: Access outside bounds', 'PKT-01'],
    ['Verification failed: Call Type Safety: Invalid call argument', 'NUL-04'],
    ['Verification failed: Program Structure: Jump out of range', 'CFG-03'],
    ['Verification failed: Policy: Operation is not allowed', 'ENV-01'],
  ])('%s is %s', (headline, id) => {
    expect(search(headline).matches.map(({ entry }) => entry.id)).toContain(id);
  });

  it('lists what comes nearest to other words, and nothing for none', () => {
    const { matches, nearest } = search('my stack is too big');
    expect(matches).toEqual([]);
    expect(nearest.map(({ entry }) => entry.id)).toContain('STK-04');
    expect(search('zzz qqq')).toEqual({ matches: [], nearest: [] });
    expect(search('')).toEqual({ matches: [], nearest: [] });
  });

  it('copes with long and odd text', () => {
    const junk = `${'\u0000\u{1f600} (((('.repeat(50_000)}\nR3 !read_ok`;
    const took = processorTime(() => expect(search(junk).matches[0]?.entry.id).toMatch(/^UNI-/));
    expect(took).toBeLessThan(1000);
  });
});
