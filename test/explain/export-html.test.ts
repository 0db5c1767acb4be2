import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { htmlPage } from '../../src/explain/export/html.ts';
import type { ExportedObject } from '../../src/explain/export/walk.ts';
import { recordWalks } from '../../src/explain/export/walk.ts';
import { newSession, run } from '../contexts/harness.ts';
import { CHROMIUM } from './browser.ts';
import { debugSample } from './open.ts';

if (CHROMIUM === undefined) console.warn('SKIPPED: 10 tests of the HTML page in a browser (no Chromium at its usual places)');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebpfsh-html-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function page(line: string): Promise<string> {
  const { stdout, stderr } = await run(newSession(), `ebpf show verification ${line} format=html`);
  expect(stderr).toBe('');
  return stdout;
}

/** The page's document after its script has run. */
function rendered(html: string, hash = ''): string {
  const file = join(folder, 'page.html');
  writeFileSync(file, html);
  const { stdout, error } = spawnSync(
    CHROMIUM!,
    ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`, '--dump-dom', `file://${file}${hash}`],
    { encoding: 'utf8', timeout: 60_000 },
  );
  if (error !== undefined) throw error;
  return stdout;
}

/** The text of the element with that id, without markup. */
function textOf(dom: string, id: string): string {
  const inner = new RegExp(`<(\\w+) [^>]*id="${id}"[^>]*>([\\s\\S]*?)</\\1>`).exec(dom)?.[2];
  if (inner === undefined) throw new Error(`no element ${id}`);
  return inner
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Presses keys as a person would, after the page's own script. Its policy allows no other script, so the test widens it. */
function withKeys(html: string, keys: readonly string[]): string {
  const press = `for (const key of ${JSON.stringify(keys)}) document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));`;
  return html.replace(/script-src '[^']*'/, "script-src 'unsafe-inline'").replace('</body>', `<script>${press}</script></body>`);
}

/** What a page would say of an object whose every name and text is hostile. */
async function hostile(): Promise<ExportedObject> {
  const markup = '</script><script>document.title = "broken"</script><img src=x onerror="document.title = \'broken\'">';
  const session = await debugSample('droppacket_unsafe');
  const walks = recordWalks(session, 'all').map((walk) => ({
    ...walk,
    steps: walk.steps.map((step) => ({ ...step, text: markup, function: markup })),
  }));
  const source = { file: markup, line: 1, text: markup };
  const report = { ...session.report, section: markup, program: markup };
  return {
    path: markup,
    sha256: '0',
    platform: 'windows',
    programs: [{ report, explanations: [], walks, sourceOf: () => source, functionOf: () => markup }],
  };
}

describe('show verification format=html', () => {
  it('is one page that loads nothing', async () => {
    const html = await page('samples/droppacket_unsafe.o');
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/\b(?:src|href)="(?!#)/);
    expect(html).not.toMatch(/https?:|@import|url\(/);
  });

  it('tells what failed and why without its script', async () => {
    const html = (await page('samples/droppacket_unsafe.o')).replace(/<script[\s\S]*?<\/script>/g, '');
    expect(html).toContain('<strong>PKT-01</strong> (safety) at instruction 2:');
    expect(html).toContain('<dt>missing</dt><dd>10 bytes</dd>');
    expect(html).toContain('<noscript>');
    expect(html).toContain(
      '<dt>how it came to this</dt><dd>line 22: ip (r1): packet + 0, 0 bytes proved (<code>ipv4_header_t* ip = ctx-&gt;data;</code>)</dd>',
    );
    expect(html).toContain('<dd><code>if ((void *)ip + 10 &gt; ctx-&gt;data_end) return XDP_PASS;</code></dd>');
    expect(html).toContain(', no loops.');
  });

  it('lists several programs with their verdicts, and leads to each', async () => {
    const html = await page('samples/multiple_programs.o');
    const [, list] = /<nav aria-label="Programs">([\s\S]*?)<\/nav>/.exec(html)!;
    const links = [...list!.matchAll(/href="#(program-\d+)">[^<]+<\/a>: accepted/g)].map(([, id]) => id!);
    expect(links.length).toBeGreaterThan(1);
    for (const id of links) expect(html).toContain(`<section id="${id}">`);
    expect(await page('samples/droppacket.o')).not.toContain('<nav');
  });

  it('says by words and marks what its colours say', async () => {
    const html = await page('samples/droppacket_unsafe.o');
    expect(html).toContain('prefers-color-scheme: dark');
    expect(html).toContain('role="status" aria-live="polite"');
    expect(html).toContain("'FAILS: '");
    expect(html).toContain("'aria-current', 'step'");
    expect(html).toContain('<label for="path">');
  });

  it('holds no markup of the object', async () => {
    const html = htmlPage(await hostile());
    expect(html.match(/<script/g)).toHaveLength(2);
    expect(html).not.toContain('<img');
  });
});

describe.skipIf(CHROMIUM === undefined)('the HTML page in a browser', () => {
  it('opens at the first step, and at the one that its address names', async () => {
    const html = await page('samples/droppacket_unsafe.o');
    const first = rendered(html);
    expect(textOf(first, 'position')).toMatch(/^Step 1 of 3, in DropPacket: instruction 0: /);
    expect(textOf(first, 'steps')).toMatch(/^> 0: .* 1: .* ! 2: /);
    const third = rendered(html, '#path=1&step=3');
    expect(textOf(third, 'position')).toMatch(/^Step 3 of 3, .* A check fails here\.$/);
    expect(third).toContain('FAILS: the packet has byte 9, readable through r1 (10 bytes missing)');
    expect(third).toMatch(/<th scope="row">ip \(r1\)<\/th><td>packet \+ 0, 0 bytes proved<\/td>/);
    expect(textOf(rendered(html, '#path=99&step=nonsense'), 'position')).toMatch(/^Step 1 of /);
  });

  it.each([
    [['j'], 2],
    [['j', 'ArrowDown'], 3],
    [['j', 'End'], 3],
    [['j', 'End', 'k'], 2],
    [['j', 'End', 'ArrowUp', 'ArrowLeft'], 1],
    [['j', 'ArrowRight', 'Home'], 1],
    // Until a step has the focus these scroll the page.
    [['End', 'ArrowDown'], 1],
    [['k', 'x', 'constructor'], 1],
  ])('takes the keys %j to step %i', async (keys, step) => {
    const html = await page('samples/droppacket_unsafe.o');
    expect(textOf(rendered(withKeys(html, keys)), 'position')).toMatch(new RegExp(`^Step ${step} of 3`));
  });

  it('changes the path with the brackets', async () => {
    const html = await page('samples/droppacket_unsafe.o');
    expect(textOf(rendered(withKeys(html, [']', 'End'])), 'position')).toContain('instruction 4:');
    expect(textOf(rendered(withKeys(html, [']', '['])), 'position')).toMatch(/^Step 1 of 3/);
  });

  it('shows hostile names as text', async () => {
    const dom = rendered(htmlPage(await hostile()));
    expect(dom).not.toContain('<title>broken');
    expect(dom).not.toContain('<img');
    expect(textOf(dom, 'position')).toContain('</script>');
  });
});
