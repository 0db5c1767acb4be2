import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { memoryHost, run } from '../contexts/harness.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

const PROGRAMS = 10;
/** Every command in turn, at places spread over the program. */
const COMMANDS = [
  'step',
  'step 10',
  'state',
  'diff',
  'back 3',
  'list',
  'path',
  'join',
  'failure',
  'step 3',
  'state r1',
  'goto end',
  'back',
  'state',
  'path',
  'goto start',
];

interface Row {
  readonly object: string;
  readonly section: string;
  readonly program: string;
  readonly instructions: number;
}

function largest(csv: string): readonly Row[] {
  const rows = readFileSync(csv, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .filter((cells) => cells.length > 4)
    .map(([object, section, program, instructions]) => ({
      object: object!,
      section: section!,
      program: program!,
      instructions: Number(instructions),
    }));
  const objects = new Set<string>();
  return rows
    .sort((a, b) => b.instructions - a.instructions)
    .filter(({ program, object }) => {
      // Builds of one source for several kernels would fill the list.
      const key = `${program}:${object.split('/')[0]}`;
      return objects.size < PROGRAMS && !objects.has(key) && objects.add(key);
    })
    .slice(0, PROGRAMS);
}

describe('the ten largest programs of the corpus', () => {
  const csv = corpusPath('elf/peer-verdicts.csv');
  if (csv === undefined) {
    reportSkipped('elf', PROGRAMS);
    it.skip('are stepped', () => undefined);
    return;
  }
  for (const { object, section, program, instructions } of largest(csv)) {
    it(`${object} ${section} ${program} (${instructions} instructions)`, { timeout: 120_000 }, async () => {
      const name = `${object.replaceAll('/', '_')}`;
      const session = new Session(rootContext, memoryHost({ [name]: readFileSync(corpusPath(`elf/${object}`)!) }));
      const opened = await run(session, `ebpf debug verification ${name} section=${section} program=${program} platform=linux precision=1`);
      expect(opened.stderr).toBe('');
      expect(session.prompt).toBe('netsh ebpf debug>');
      let slowest = { command: '', milliseconds: 0 };
      for (const command of [...COMMANDS, `goto ${Math.floor(instructions / 2)}`, `goto ${Math.floor((instructions * 3) / 4)}`, ...COMMANDS]) {
        const started = performance.now();
        const { stdout, stderr } = await run(session, command);
        const milliseconds = performance.now() - started;
        expect(stdout + stderr, command).not.toBe('');
        expect(stderr, command).not.toContain('internal error');
        if (milliseconds > slowest.milliseconds) slowest = { command, milliseconds };
      }
      console.log(`${object} ${program}: slowest command ${slowest.command}, ${slowest.milliseconds.toFixed(1)} ms`);
    });
  }
});
