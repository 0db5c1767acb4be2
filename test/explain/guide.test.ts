import { describe, expect, it } from 'vitest';
import { guideText } from '../../contexts/debug/guide-text.ts';
import { runChecked } from '../../src/engine/checked-interpreter.ts';
import { proposeFixes } from '../../src/explain/fixes/fixes.ts';
import { inNamesOfSource } from '../../src/explain/fixes/spelling.ts';
import { GuideError, type GuidePage, type GuideSources, guidePage } from '../../src/explain/guide.ts';
import { searchNow } from '../../src/explain/search/search.ts';
import { DebugSession } from '../../src/explain/session.ts';
import type { LineInfo, ObjectProgram } from '../../src/object/object-file.ts';
import type { ContextLayout } from '../../src/platform/platform.ts';
import type { Verification } from '../../src/verifier/index.ts';
import { reportSkipped } from '../corpus.ts';
import { failingPrograms, verifyEntry } from './failing-programs.ts';
import { debugSample } from './open.ts';

/** Answers from one question to the next at most. */
const MOST_ANSWERS = 5;

const SEARCH = { run: runChecked, budgetMilliseconds: 300, maxTries: 2000 };

function sourcesOf(verification: Verification): GuideSources {
  return {
    verdict: async ({ failure }) => searchNow(verification, failure, SEARCH),
    fixes: ({ failure }) => proposeFixes(verification, failure),
  };
}

/** Answers every question in the same way, as far as it has that answer. */
async function walk(session: DebugSession, answer: (page: GuidePage) => number): Promise<{ end: GuidePage; answers: readonly number[] }> {
  const sources = sourcesOf(session.verification);
  const answers: number[] = [];
  for (;;) {
    const page = await guidePage(session, sources, answers);
    expect(page.choices.length === 0).toBe(page.ending !== undefined);
    if (page.ending !== undefined) return { end: page, answers };
    expect(page.question).not.toBe('');
    expect(answers.length).toBeLessThan(MOST_ANSWERS);
    answers.push(answer(page));
  }
}

const entries = failingPrograms();
if (entries.length === 0) reportSkipped('failures', 70);

describe.each(entries)('the guide for $file', (entry) => {
  const verification = verifyEntry(entry, 'bad');
  const session = new DebugSession(verification.machine.program, verification);
  const [failure] = session.failures;

  it('comes to an end, whichever answer is given', { timeout: 60_000 }, async () => {
    for (const answer of [() => 1, ({ choices }: GuidePage) => choices.length]) {
      const { index } = session.steppable ? session : { index: 0 };
      const { end } = await walk(session, answer);
      const { ending } = end;
      // It looks around without going anywhere.
      if (session.steppable) expect(session.index).toBe(index);
      if (verification.report.failures.length === 0) {
        expect(ending).toMatchObject({ kind: 'passes' });
        expect((ending as { remarks: readonly object[] }).remarks.length > 0).toBe(verification.report.warnings.length > 0);
        continue;
      }
      const { fixes } = proposeFixes(verification, end.failure!.failure);
      if (ending?.kind === 'fix') {
        // The same fix as `fix` offers, verified, and with lines to write.
        expect(fixes.map(({ title }) => title)).toContain(ending.fix.title);
        expect(ending.fix.applied?.verification.report.failures).toHaveLength(ending.left);
        expect(ending.changes.flatMap(({ c }) => c)).toHaveLength(ending.fix.c.length);
      } else {
        // No verified fix, so the verdict is said, and it is that of `attack`.
        expect(fixes.every(({ applied }) => applied === undefined)).toBe(true);
        expect(ending).toMatchObject({ verdict: { kind: searchNow(verification, end.failure!.failure, SEARCH).kind } });
      }
    }
  });

  it.skipIf(failure === undefined)('says it within 80 columns, in words', async () => {
    const sources = sourcesOf(verification);
    for (let answers: readonly number[] = []; ; answers = [...answers, 1]) {
      const page = await guidePage(session, sources, answers);
      const text = guideText(page);
      const code =
        page.ending !== undefined && 'changes' in page.ending ? page.ending.changes.flatMap(({ c, place }) => [...c, place?.text.trim() ?? '']) : [];
      const ownWords = text
        .split('\n')
        .filter((row) => !code.some((line) => line !== '' && row.includes(line)) && row.trim() !== page.source?.text.trim());
      for (const row of ownWords) expect(row.length).toBeLessThanOrEqual(80);
      expect(text).not.toMatch(/undefined(?! behaviour)|NaN|\[object|9223372036854775807|18446744073709551615|[─│]/);
      if (page.ending !== undefined) break;
    }
  });
});

describe('the guide', () => {
  it('has nothing to ask about a program that passes', async () => {
    const session = await debugSample('droppacket');
    const { end, answers } = await walk(session, () => 1);
    expect(answers).toEqual([]);
    expect(guideText(end)).toBe('No check fails: the program passes, and there is nothing to repair.\n');
  });

  it('shows a page about a failure once, so that every chain of answers ends', async () => {
    const session = await debugSample('droppacket_unsafe');
    const seen: string[] = [];
    const { end } = await walk(session, (page) => {
      seen.push(page.stage);
      return 1;
    });
    expect(seen).toEqual(['which', 'what', 'origin', 'truth']);
    expect(new Set(seen).size).toBe(seen.length);
    expect(end.ending).toMatchObject({ kind: 'fix', left: 0, verdict: { kind: 'confirmed' } });
  });

  it('refuses answers that the question does not have', async () => {
    const session = await debugSample('droppacket_unsafe');
    const sources = sourcesOf(session.verification);
    await expect(guidePage(session, sources, [3])).rejects.toThrow(new GuideError(3, 2));
    await expect(guidePage(session, sources, [1, 3, 1])).rejects.toThrow('The guide has come to its end');
  });
});

describe('the names of the source', () => {
  const inSource = (texts: readonly string[]) =>
    ({ lines: texts.map((text, slot): LineInfo => ({ slot, file: 'x.c', line: slot + 1, column: 1, text })) }) as unknown as ObjectProgram;
  const packetContext = (size: 4 | 8): ContextLayout => ({
    name: 'md',
    size: 2 * size,
    gaps: 'refused',
    fields: [
      { name: 'data', offset: 0, size, kind: 'packet', narrow: false, writable: false },
      { name: 'data_end', offset: size, size, kind: 'packet_end', narrow: false, writable: false },
    ],
  });
  const wide = packetContext(8);
  const narrow = packetContext(4);
  const check = ['if (data + 14 > data_end) return XDP_PASS;'];

  it.each([
    [
      'variables of the same names',
      ['void *data = (void *)(long)ctx->data;', 'void *data_end = (void *)(long)ctx->data_end;'],
      'if (data + 14 > data_end) return XDP_PASS;',
    ],
    ['variables of other names', ['void *begin = P(md->data), *end = P(md->data_end);'], 'if (begin + 14 > end) return XDP_PASS;'],
    ['a typed pointer and no end', ['ipv4_header_t* ip = ctx->data;'], 'if ((void *)ip + 14 > ctx->data_end) return XDP_PASS;'],
    ['nothing at all', [], 'if (data + 14 > data_end) return XDP_PASS;'],
  ])('are taken from %s', (_, texts, expected) => {
    expect(inNamesOfSource(check, inSource(texts), wide)).toEqual([expected]);
  });

  it('are set anew by a fix where they are variables, whatever they are called', () => {
    const reload = ['data = (void *)(long)ctx->data;', 'data_end = (void *)(long)ctx->data_end;', ...check];
    expect(inNamesOfSource(reload, inSource(['ipv4_header_t* ip = ctx->data;']), wide)).toEqual([
      'ip = ctx->data;',
      'if ((void *)ip + 14 > ctx->data_end) return XDP_PASS;',
    ]);
    expect(inNamesOfSource(reload, inSource(['void *begin = P(md->data), *end = P(md->data_end);']), narrow)).toEqual([
      'begin = (void *)(long)md->data;',
      'end = (void *)(long)md->data_end;',
      'if (begin + 14 > end) return XDP_PASS;',
    ]);
  });

  it('cast fields that are no pointers', () => {
    expect(inNamesOfSource(check, inSource(['__u8 *p = (void *)(long)skb->data;']), narrow)).toEqual([
      'if ((void *)p + 14 > (void *)(long)skb->data_end) return XDP_PASS;',
    ]);
  });
});
