/** Many verified pairs of programs, each on several inputs, in every engine: where they part. */

import { linux } from '../../../src/platform/linux/linux.ts';
import { windows } from '../../../src/platform/windows/windows.ts';
import type { BpfMap } from '../../../src/runtime/maps/map.ts';
import { kindOf } from '../../verifier/soundness/campaign.ts';
import { checkedProgram } from '../../verifier/soundness/host.ts';
import { Inputs } from '../../verifier/soundness/inputs.ts';
import { compareChecked } from './checked.ts';
import { createMachines, type EngineMakers, firstDifference, isEndless, loadPair, type Machine, normalised, runInput } from './machines.ts';
import { generatePair, isAccepted, type Pair } from './programs.ts';

export interface Disagreement {
  readonly seed: number;
  readonly input: number;
  readonly engines: string;
  readonly what: string;
}

export interface Agreement {
  readonly generated: number;
  /** Pairs of programs that were accepted and run. */
  readonly programs: number;
  /** (program, input) runs, each in every engine. */
  readonly runs: number;
  /** Seeds of programs that were accepted and did not end: the verifier's fault, and left out. */
  readonly endless: readonly number[];
  /** Runs that were compared with the checked interpreter as well. */
  readonly checked: number;
  readonly disagreements: readonly Disagreement[];
  /** Kinds of instructions in the programs that ran. */
  readonly kinds: ReadonlyMap<string, number>;
  /** Runs that ended in a fault, alike everywhere, by what it said. */
  readonly faults: ReadonlyMap<string, number>;
}

export interface AgreementOptions {
  readonly seed: number;
  readonly runs: number;
  readonly inputsPerProgram: number;
  readonly stopAfter?: number;
  readonly engines?: EngineMakers;
  readonly onProgress?: (runs: number, seed: number) => void;
}

/** Machines are replaced after so many programs: what is once in a memory stays somewhere in it. */
const PROGRAMS_PER_MACHINE = 200;

/** Contexts that the runtime fills in from the packet. */
const DESCRIBED = new Set(['__sk_buff']);

export async function agreement(options: AgreementOptions): Promise<Agreement> {
  const { inputsPerProgram, stopAfter = 1 } = options;
  const disagreements: Disagreement[] = [];
  const kinds = new Map<string, number>();
  let machines = new Map([windows, linux].map((platform) => [platform, createMachines(platform, options.engines)]));
  let programs = 0;
  let runs = 0;
  let checked = 0;
  const endless: number[] = [];
  const faults = new Map<string, number>();
  let seed = options.seed;
  for (; runs < options.runs && disagreements.length < stopAfter; seed++) {
    const pair = generatePair(seed);
    if (!isAccepted(pair)) continue;
    if (++programs % PROGRAMS_PER_MACHINE === 0) {
      machines = new Map([windows, linux].map((platform) => [platform, createMachines(platform, options.engines)]));
    }
    count(pair, kinds);
    const own = machines.get(pair.host.platform)!;
    const loaded = await loadPair(own, pair);
    const program = checkedProgram(pair.object, pair.object.programs[0]!.instructions, pair.host);
    const inputs = new Inputs(program);
    for (let input = 1; input <= inputsPerProgram; input++) {
      const given = normalised(inputs.input(Math.imul(seed, 7919) + input), pair.host);
      const first = runInput(loaded[0]!, given);
      if (isEndless(first)) {
        endless.push(seed);
        machines = new Map([windows, linux].map((platform) => [platform, createMachines(platform, options.engines)]));
        break;
      }
      const outcomes = [first, ...loaded.slice(1).map((one) => runInput(one, given))];
      runs++;
      const { result, rest } = outcomes[0]!;
      if (rest === '') faults.set(result, (faults.get(result) ?? 0) + 1);
      let found = parting(own, outcomes);
      if (found === undefined && outcomes[0]!.packet !== undefined && !DESCRIBED.has(program.programType?.context.name ?? '')) {
        // Reading maps leaves keys in the memory: in all of them.
        const [values] = loaded.map(({ object }) => object.maps.map(contentsOf));
        const verdict = compareChecked(program, given, own[0]!.recorder.calls, {
          r0: own[0]!.recorder.last,
          packet: outcomes[0]!.packet,
          value: (map, key) => values?.[map]?.get(key),
        });
        if (verdict === undefined) checked++;
        else if (verdict !== 'left out') found = { engines: 'interpret and checked', what: verdict };
      }
      if (found === undefined) continue;
      disagreements.push({ seed, input, ...found });
      machines = new Map([windows, linux].map((platform) => [platform, createMachines(platform, options.engines)]));
      break;
    }
    for (const { object } of loaded) object.close();
    // V8 gives the code of dead modules back between two turns of the event loop only.
    await new Promise((resolve) => setImmediate(resolve));
    options.onProgress?.(runs, seed);
  }
  return { generated: seed - options.seed, programs, runs, endless, checked, disagreements, kinds, faults };
}

function contentsOf(map: BpfMap | undefined): ReadonlyMap<string, Uint8Array> {
  if (map === undefined || map.keySize === 0) return new Map();
  return new Map([...map.entries()].map(({ key, value }) => [Buffer.from(key).toString('hex'), value]));
}

function parting(
  machines: readonly Machine[],
  outcomes: readonly { result: string; rest: string }[],
): Omit<Disagreement, 'seed' | 'input'> | undefined {
  for (let other = 1; other < machines.length; other++) {
    const engines = `${machines[0]!.mode} and ${machines[other]!.mode}`;
    const [a, b] = [outcomes[0]!, outcomes[other]!];
    if (a.result !== b.result) return { engines, what: `results ${a.result} and ${b.result}` };
    if (a.rest !== b.rest) return { engines, what: `effects ${a.rest} and ${b.rest}` };
    const at = firstDifference(machines[0]!, machines[other]!);
    if (at !== undefined) return { engines, what: `memory at 0x${at.toString(16)}` };
  }
  return undefined;
}

function count(pair: Pair, kinds: Map<string, number>): void {
  for (const { instructions } of pair.object.programs) {
    for (const instruction of instructions) {
      if (instruction === undefined) continue;
      const kind = kindOf(instruction);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
}
