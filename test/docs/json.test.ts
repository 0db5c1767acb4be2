import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '../end-to-end/bin.ts';

/** Kinds of errors that commands throw, as they stand in the sources. */
function thrownKinds(): ReadonlySet<string> {
  const files = ['contexts', 'shell']
    .flatMap((folder) => readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(projectRoot, folder, name)))
    .filter((path) => path.endsWith('.ts'));
  return new Set(files.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/new CommandError\(\s*'([a-z]+)'/g)].map(([, kind]) => kind!)));
}

it('docs/json.md names every kind of error', () => {
  const page = readFileSync(join(projectRoot, 'docs', 'json.md'), 'utf8');
  const [table] = /\| `kind` \| meaning \|\n(?:\|.*\n)+/.exec(page)!;
  const named = new Set([...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`([a-z]+)`/g)].map(([, kind]) => kind!)));
  // What the process says when its own output is gone reaches no command.
  const thrown = [...thrownKinds()].filter((kind) => kind !== 'output');
  expect(thrown.length).toBeGreaterThan(20);
  expect(thrown.filter((kind) => !named.has(kind))).toEqual([]);
});
