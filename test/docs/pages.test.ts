import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../end-to-end/bin.ts';
import { formatPage, matchesOutput, parsePage, withoutDurations } from './page.ts';
import { openWorkshop } from './play.ts';

/** Every page for readers. */
const PAGES = ['README.md', ...readdirSync(join(projectRoot, 'docs')).map((name) => `docs/${name}`)].filter((name) => name.endsWith('.md'));

/**
 * The page with the real output of every command in its console blocks. Where the page's own text matches what really happens, it is
 * kept, so an honest page comes back unchanged.
 */
function refresh(text: string): { page: string; skipped: readonly string[] } {
  const workshop = openWorkshop();
  try {
    const parts = parsePage(text).map((part) => {
      if (part.kind === 'text') return part;
      const outputs = workshop.play(part);
      const steps = part.steps.map((step, index) => {
        const real = outputs[index]!;
        return matchesOutput(step.output, real) ? step : { ...step, output: withoutDurations(real) };
      });
      return { ...part, steps };
    });
    return { page: formatPage(parts), skipped: workshop.skipped };
  } finally {
    workshop.remove();
  }
}

describe('every command on a page writes what the page shows ("npm run docs" brings the pages up to date)', () => {
  for (const name of PAGES) {
    it(name, { timeout: 120_000 }, async () => {
      const path = join(projectRoot, name);
      const { page, skipped } = refresh(readFileSync(path, 'utf8'));
      for (const command of skipped) console.warn(`SKIPPED: ${name}: ${command}`);
      await expect(page).toMatchFileSnapshot(path);
    });
  }
});

describe('links', () => {
  for (const name of PAGES) {
    it(`of ${name} lead to files and headings that exist`, () => {
      const base = join(projectRoot, name, '..');
      for (const [, target] of readFileSync(join(projectRoot, name), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^https?:/.test(target!)) continue;
        const [file, anchor] = target!.split('#');
        const path = file === '' ? join(projectRoot, name) : join(base, file!);
        if (path.endsWith('/') || !/\.\w+$/.test(path)) {
          expect(readdirSync(path).length, target).toBeGreaterThan(0);
          continue;
        }
        const text = readFileSync(path, 'utf8');
        if (anchor)
          expect(
            [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => headingAnchor(title!)),
            target,
          ).toContain(anchor);
      }
    });
  }
});

/** The anchor that a heading gets on a code forge. */
function headingAnchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('the README', () => {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
  it('has exactly two commands to set up: one runs the main job, one passes the tests', () => {
    expect(readme.match(/^npm ci && .*$/gm)).toEqual(['npm ci && npx ebpfsh', 'npm ci && npm run check']);
  });
  it('fits a terminal', () => {
    for (const line of readme.split('\n')) expect(line.length, line).toBeLessThanOrEqual(90);
  });
});
