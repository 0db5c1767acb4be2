import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSession, run } from '../contexts/harness.ts';
import { BrowserPage, CHROMIUM } from './browser.ts';

if (CHROMIUM === undefined) console.warn('SKIPPED: 4 tests of the HTML page with real keys (no Chromium at its usual places)');

describe.skipIf(CHROMIUM === undefined)('the HTML page under real keys', { timeout: 120_000 }, () => {
  let folder = '';
  let page: BrowserPage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ebpfsh-keys-'));
    const { stdout } = await run(newSession(), 'ebpf show verification samples/droppacket_unsafe.o format=html');
    writeFileSync(join(folder, 'page.html'), stdout);
    page = await BrowserPage.open(join(folder, 'page.html'), join(folder, 'profile'));
  }, 120_000);
  afterAll(async () => {
    await page?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });

  it('leaves the scrolling keys to the page until somebody steps', async () => {
    await page.press('End');
    await page.press('ArrowDown');
    expect(await page.text('#position')).toMatch(/^Step 1 of \d+/);
  });

  it('steps with j and k, and to both ends', async () => {
    expect(await page.text('#position')).toMatch(/^Step 1 of \d+/);
    await page.press('j');
    expect(await page.text('#position')).toMatch(/^Step 2 of \d+/);
    await page.press('k');
    expect(await page.text('#position')).toMatch(/^Step 1 of \d+/);
    await page.press('End');
    expect(await page.text('#position')).toMatch(/A check fails here\.$/);
    expect(await page.text('#detail')).toContain('FAILS: the packet has byte 9');
    await page.press('Home');
    expect(await page.text('#position')).toMatch(/^Step 1 of \d+/);
  });

  it('steps with the arrows, and stays at the ends', async () => {
    await page.press('Home');
    await page.press('ArrowUp');
    expect(await page.text('#position')).toMatch(/^Step 1 of \d+/);
    await page.press('ArrowDown');
    expect(await page.text('#position')).toMatch(/^Step 2 of \d+/);
  });

  it('goes to the path of the other failure and back', async () => {
    await page.press(']');
    await page.press('End');
    expect(await page.text('#detail')).toContain('FAILS: the packet has bytes 24..25');
    await page.press('[');
    await page.press('End');
    expect(await page.text('#detail')).toContain('FAILS: the packet has byte 9');
  });

  it('tells the verdict and the fixes', async () => {
    const text = await page.text('main');
    expect(text).toContain('CONFIRMED BUG: empty packet');
    expect(text).toMatch(/fix A .*\(verified\)/);
    expect(text).toContain('Linux rejects it; eBPF for Windows rejects it');
  });
});
