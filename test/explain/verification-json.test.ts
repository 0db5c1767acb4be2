import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newSession, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { ownSchema } from '../json-schema.ts';

const { complaints } = ownSchema('show-verification.schema.json');

async function verified(bytes: Uint8Array | undefined, tags: string) {
  const { stdout, stderr } = await run(newSession(bytes === undefined ? {} : { 'x.o': bytes }), `ebpf show verification ${tags} format=json`);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('the JSON of show verification', () => {
  it('explains a failure, judges it and says how portable the mistake is', async () => {
    const json = await verified(undefined, 'samples/droppacket_unsafe.o');
    expect(complaints(json)).toEqual([]);
    const [program] = json.programs;
    expect(program.explanations).toHaveLength(program.failures.length);
    expect(program.explanations[0]).toMatchObject({
      id: 'PKT-01',
      missing: '10 bytes',
      expression: { start: 8, length: 12 },
      portable: { linux: 'rejects', windows: 'rejects' },
      evidence: [{ register: 'r1', variable: 'ip', line: 22 }],
    });
    expect(program.judgements[0]).toMatchObject({ failure: 0, class: 'bug', verdict: { kind: 'confirmed' }, rejected: [] });
  });

  it('fits the schema where the command fails', async () => {
    const json = await verified(undefined, 'nosuchfile.o');
    expect(complaints(json)).toEqual([]);
    expect(json.error.kind).toBe('file');
  });

  it('is refused by the schema where it is wrong', async () => {
    const json = await verified(undefined, 'samples/droppacket_unsafe.o');
    const broken = (change: (program: Record<string, unknown>) => void) => {
      const copy = structuredClone(json);
      change(copy.programs[0]);
      return complaints(copy);
    };
    expect(broken(() => undefined)).toEqual([]);
    expect(broken((program) => Object.assign(program, { verdict: 'perhaps' }))).toContain(
      '/programs/0/verdict: must be equal to one of the allowed values (accepted,rejected,error)',
    );
    expect(broken((program) => Object.assign(program, { more: 1 }))).toContain('/programs/0: must NOT have additional properties (more)');
    expect(broken((program) => delete program['precision'])).toContain("/programs/0: must have required property 'precision'");
  });

  for (const [folder, platforms] of [
    ['failures/objects', ['linux', 'windows']],
    ['elf/build', ['windows', 'linux']],
  ] as const) {
    const path = corpusPath(folder);
    if (path === undefined) reportSkipped(folder, 'all');
    it.skipIf(path === undefined)(`fits the schema for all of ${folder}`, { timeout: 300_000 }, async () => {
      let checked = 0;
      const classes = new Map<string, number>();
      for (const file of readdirSync(path!).filter((name) => name.endsWith('.o'))) {
        for (const platform of platforms) {
          const json = await verified(readFileSync(`${path}/${file}`), `x.o platform=${platform}`);
          expect(complaints(json), `${file} ${platform}`).toEqual([]);
          for (const { judgements = [] } of json.programs ?? [])
            for (const judged of judgements) classes.set(judged.class, (classes.get(judged.class) ?? 0) + 1);
          checked++;
        }
      }
      console.log(`${folder}: ${checked} documents; causes ${[...classes].map(([name, count]) => `${name} ${count}`).join(', ')}`);
      expect(checked).toBeGreaterThan(40);
    });
  }
});

describe('fail-on=', () => {
  const code = async (tags: string) => (await run(newSession(), `ebpf show verification ${tags}`)).exitCode;

  it('without it, a failed program is exit code 1', async () => {
    expect(await code('samples/droppacket_unsafe.o')).toBe(1);
    expect(await code('samples/droppacket.o')).toBe(0);
  });

  it('tells the verdict by the exit code', async () => {
    expect(await code('samples/droppacket_unsafe.o fail-on=any')).toBe(1);
    expect(await code('samples/droppacket_unsafe.o fail-on=confirmed')).toBe(1);
    expect(await code('samples/droppacket_unsafe.o fail-on=limit,rule,undetermined')).toBe(0);
    expect(await code('samples/droppacket_unsafe.o fail-on=none')).toBe(0);
    expect(await code('samples/droppacket.o fail-on=any')).toBe(0);
    expect(await code('samples/droppacket_unsafe.o fail-on=any attack=no')).toBe(3);
    expect(await code('nosuchfile.o fail-on=none')).toBe(5);
    expect(await code('samples/droppacket.o nosuchsection fail-on=any')).toBe(5);
    expect(await code('samples/droppacket.o fail-on=bugs')).toBe(2);
  });

  const rule = corpusPath('failures/objects/36-tailcall-wrong-map.bad.o');
  const name = rule ?? corpusPath('failures/objects/60-gpl-only-helper.bad.o');
  if (name === undefined) reportSkipped('failures/objects', 1);
  it.skipIf(name === undefined)('has a code of its own for rules', async () => {
    const session = newSession({ 'x.o': readFileSync(name!) });
    expect((await run(session, 'ebpf show verification x.o platform=linux fail-on=rule')).exitCode).toBe(4);
    expect((await run(session, 'ebpf show verification x.o platform=linux fail-on=confirmed')).exitCode).toBe(0);
  });
});
