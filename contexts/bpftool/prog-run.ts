import { ExecutionFault } from '../../src/engine/engine.ts';
import type { TestRunResult } from '../../src/runtime/test-run.ts';
import { attempt, Failure } from './failure.ts';
import { readInput, STANDARD, writeOutput } from './files.ts';
import { hexTable } from './hex.ts';
import type { Json } from './json.ts';
import { findOne } from './references.ts';
import { type Answer, defineVerb, type Surroundings } from './verb.ts';

export const progRun = defineVerb({
  words: ['run'],
  usage: `run PROG \\
                         data_in FILE \\
                         [data_out FILE [data_size_out L]] \\
                         [ctx_in FILE [ctx_out FILE [ctx_size_out M]]] \\
                         [repeat N]`,
  slots: [
    { kind: 'reference', name: 'program', of: 'prog' },
    {
      kind: 'keywords',
      name: 'settings',
      rows: [
        { word: 'data_in', value: 'file', what: 'input data' },
        { word: 'data_out', value: 'file', what: 'output data' },
        { word: 'data_size_out', value: 'number', what: 'output data size' },
        { word: 'ctx_in', value: 'file', what: 'input context' },
        { word: 'ctx_out', value: 'file', what: 'output context' },
        { word: 'ctx_size_out', value: 'number', what: 'output context size' },
        { word: 'repeat', value: 'number', what: 'repeat number' },
      ],
    },
  ],
  least: 4,
  async run({ program, settings }, surroundings) {
    const { machine, signal, host } = surroundings;
    const { data_size_out: dataOutSize, ctx_size_out: contextOutSize, repeat = 1 } = settings;
    const data = settings.data_in === undefined ? undefined : await readInput(host, settings.data_in);
    const context = settings.ctx_in === undefined ? undefined : await readInput(host, settings.ctx_in);
    const result = await machine.transaction(() => {
      const { runtime, object } = findOne(machine, 'prog', program);
      return guarded(() =>
        runtime.testRun(object, {
          ...(data ? { data } : {}),
          ...(context ? { context } : {}),
          ...(dataOutSize === undefined ? {} : { dataOutSize }),
          ...(contextOutSize === undefined ? {} : { contextOutSize }),
          repeat,
          cancelled: () => signal.aborted,
        }),
      );
    });
    const outputs = [
      await output(surroundings, 'data_out', settings.data_out, data ? result.data : undefined),
      await output(surroundings, 'ctx_out', settings.ctx_out, context ? result.context : undefined),
    ];
    return answer(result, repeat, outputs);
  },
});

/** @throws Failure for what the runtime refuses and for a program that goes wrong. */
function guarded(run: () => TestRunResult): TestRunResult {
  try {
    return attempt('failed to run program', run);
  } catch (error) {
    if (error instanceof ExecutionFault) throw new Failure(`failed to run program: ${error.message}`);
    throw error;
  }
}

interface Output {
  readonly json: { readonly [name: string]: Json };
  readonly text: string;
}

function answer({ returnValue, duration }: TestRunResult, repeat: number, outputs: readonly Output[]): Answer {
  const json = Object.assign({}, ...outputs.map((one) => one.json), { retval: returnValue, duration }) as { readonly [name: string]: Json };
  const average = repeat > 1 ? ' (average)' : '';
  return { json, text: `${outputs.map(({ text }) => text).join('')}Return value: ${returnValue}, duration${average}: ${duration}ns\n` };
}

async function output({ host }: Surroundings, name: string, path: string | undefined, bytes: Uint8Array | undefined): Promise<Output> {
  if (path === undefined || bytes === undefined) return { json: {}, text: '' };
  if (path === STANDARD) return { json: { [name]: [...bytes] }, text: hexTable(bytes) };
  await writeOutput(host, path, bytes);
  return { json: {}, text: '' };
}
