import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../end-to-end/bin.ts';

const PAGE = join(projectRoot, 'docs', 'library.md');
/** An example on the page: its code, the link to it, what it writes. */
const EXAMPLE = /```js\n[\s\S]*?```\n\n\[`examples\/(\w+)\.mjs`\]([^\n]*)\n\n```text\n[\s\S]*?```/g;

const names = readdirSync(join(projectRoot, 'examples'))
  .filter((name) => name.endsWith('.mjs'))
  .map((name) => name.replace('.mjs', ''));

function run(name: string): string {
  return execFileSync(process.execPath, [join('examples', `${name}.mjs`)], { cwd: projectRoot, encoding: 'utf8' });
}

describe('the library by example', () => {
  it('docs/library.md shows each example and what it writes', { timeout: 60_000 }, async () => {
    const page = readFileSync(PAGE, 'utf8');
    const shown: string[] = [];
    const real = page.replace(EXAMPLE, (_, name: string, link: string) => {
      shown.push(name);
      const code = readFileSync(join(projectRoot, 'examples', `${name}.mjs`), 'utf8');
      return `\`\`\`js\n${code}\`\`\`\n\n[\`examples/${name}.mjs\`]${link}\n\n\`\`\`text\n${run(name)}\`\`\``;
    });
    expect(shown.toSorted()).toEqual(names.toSorted());
    await expect(real).toMatchFileSnapshot(PAGE);
  });

  it('has types that a strict project can live with', { timeout: 60_000 }, () => {
    const compiler = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
    const run = () => execFileSync(process.execPath, [compiler, '-p', join(projectRoot, 'examples')], { cwd: projectRoot, encoding: 'utf8' });
    expect(run()).toBe('');
  });
});
