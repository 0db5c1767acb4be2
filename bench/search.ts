/** Prints how many inputs and how much time the counterexample search takes for the failing programs of the shared corpus, and on their fixes. */
import { readFileSync } from 'node:fs';
import { runChecked } from '../src/engine/checked-interpreter.ts';
import { replayVector, searchCounterexample } from '../src/explain/search/search.ts';
import { verdictText } from '../src/explain/search/verdict.ts';
import { loadObject } from '../src/object/load.ts';
import { linux } from '../src/platform/linux/linux.ts';
import { verify } from '../src/verifier/index.ts';

interface Entry {
  readonly file: string;
  readonly stable_id: string;
  readonly truth: string;
}

const folder = process.argv[2] ?? '../shared/corpus/failures';
const entries = JSON.parse(readFileSync(`${folder}/MANIFEST.json`, 'utf8')) as Entry[];
const times: number[] = [];
for (const { file, stable_id, truth } of entries) {
  const path = `${folder}/objects/${file.replace(/\.c$/, '')}.bad.o`;
  const object = loadObject(readFileSync(path), path);
  const program = object.programs.find(({ section }) => section !== '.text')!;
  const verification = verify(object, program, { platform: linux, allowDivisionByZero: !file.includes('div-by-zero') });
  const failure = [...verification.report.failures, ...verification.report.warnings][0];
  if (failure === undefined) {
    console.log(`${stable_id} ${truth}: accepted`);
    continue;
  }
  const started = performance.now();
  const verdict = await searchCounterexample(verification, failure, { run: runChecked });
  const took = performance.now() - started;
  const tries = 'tries' in verdict ? `${verdict.tries} tries, ` : '';
  let replay = '';
  if (verdict.kind === 'confirmed') {
    times.push(took);
    const again = performance.now();
    const { shows } = replayVector(verification, verdict.vector, runChecked);
    replay = `, replayed in ${(performance.now() - again).toFixed(1)} ms${shows ? '' : ' AND DOES NOT SHOW IT'}`;
  }
  console.log(`${stable_id} ${truth}: ${verdictText(verdict)} (${tries}${took.toFixed(0)} ms${replay})`);
}
times.sort((a, b) => a - b);
console.log(`${times.length} confirmed; median ${times[times.length >> 1]?.toFixed(1)} ms, slowest ${times.at(-1)?.toFixed(0)} ms`);
