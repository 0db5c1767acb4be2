/**
 * Follows every accepted program of the shared corpus over many runs, inside the explored states. Exit status 1 where anything escaped.
 *
 *   node bench/run.mjs soundness-corpus [--inputs N] [FOLDER...]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { watchObject } from '../test/verifier/soundness/objects.ts';

const corpus = new URL('../../shared/corpus/elf/', import.meta.url);
const at = process.argv.indexOf('--inputs');
const inputs = at < 0 ? 20 : Number(process.argv[at + 1]);
const named = process.argv.slice(2).filter((argument, index, all) => !argument.startsWith('--') && all[index - 1] !== '--inputs');
const folders = named.length > 0 ? named : ['build', 'cilium', 'cilium-examples', 'falco', 'linux', 'new_linux', 'prototype-kernel'];

for (const folder of folders) {
  let programs = 0;
  let runs = 0;
  const started = performance.now();
  for (const name of readdirSync(new URL(`${folder}/`, corpus)).filter((file) => file.endsWith('.o'))) {
    const path = `${folder}/${name}`;
    for (const watched of watchObject(readFileSync(new URL(path, corpus)), path, 'linux', inputs)) {
      if (watched.runs > 0) programs++;
      runs += watched.runs;
      const { violation } = watched;
      if (violation === undefined) continue;
      process.exitCode = 1;
      console.log(`${path} ${watched.program}: ${violation.kind} at ${violation.instruction}: ${violation.message}`);
    }
  }
  console.log(`${folder.padEnd(18)} ${programs} programs, ${runs} runs, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
