import { type CompiledProgram, type Engine, type ExecutableProgram, ExecutionFault, type ExecutionHost, slotOfCodeAddress } from './engine.ts';
import { compileRows, REGISTER_WORDS } from './interpreter-code.ts';
import { helperCall } from './interpreter-helpers.ts';
import { execute, HostState, type Machine } from './interpreter-loop.ts';
import { followTailCalls, followTailCalls32 } from './tail-calls.ts';

export interface InterpreterOptions {
  /**
   * Instructions after which a run ends with an ExecutionFault `budget`; no limit by default. Counted at backward jumps and calls
   * by the length of the loop body, so a run may do somewhat less.
   */
  readonly instructionBudget?: number;
}

const states = new WeakMap<ExecutionHost, HostState>();

function stateOf(host: ExecutionHost): HostState {
  let state = states.get(host);
  if (state === undefined) {
    state = new HostState(host);
    states.set(host, state);
  }
  return state;
}

/** A register file in use by one activation: r0..r10 and the program's constants, as halves and as 64-bit numbers. */
interface RegisterFile {
  readonly halves: Int32Array;
  readonly wide: BigInt64Array;
}

class InterpretedProgram implements CompiledProgram {
  readonly name: string;
  private readonly machine: Machine;
  private readonly idle: RegisterFile[] = [];

  constructor(program: ExecutableProgram, host: ExecutionHost, budget: number) {
    this.name = program.name;
    const code = compileRows(program, budget !== Number.POSITIVE_INFINITY);
    this.machine = { code, calls: code.helpers.map(helperCall), state: stateOf(host), budget, fuel: 0 };
  }

  run(r1: number, r2 = 0): bigint {
    return followTailCalls(this, this.machine.state.host, r1, r2);
  }

  run32(r1: number, r2 = 0): number {
    return followTailCalls32(this, this.machine.state.host, r1, r2);
  }

  enter(r1: number, r2: number): bigint {
    const file = this.start(r1, r2);
    this.idle.push(file);
    return BigInt.asUintN(64, file.wide[0] ?? 0n);
  }

  enter32(r1: number, r2: number): number {
    const file = this.start(r1, r2);
    this.idle.push(file);
    return (file.halves[0] ?? 0) >>> 0;
  }

  private start(r1: number, r2: number): RegisterFile {
    const file = this.takeFile();
    const { halves } = file;
    halves.fill(0, 0, REGISTER_WORDS);
    halves[2] = r1;
    halves[4] = r2;
    if (this.machine.state.depth === 0) this.machine.fuel = this.machine.budget;
    this.activate(file, 0);
    return file;
  }

  /** Activations nest where a helper calls back into the program, so each has its own file. */
  private takeFile(): RegisterFile {
    const idle = this.idle.pop();
    if (idle !== undefined) return idle;
    const halves = this.machine.code.file.slice();
    return { halves, wide: new BigInt64Array(halves.buffer) };
  }

  private activate(file: RegisterFile, row: number): void {
    const { state } = this.machine;
    const { host } = state;
    const outer = state.depth;
    const callFunction = host.callFunction;
    if (this.machine.code.takesCodeAddresses) host.callFunction = (address, ...registers) => this.callBack(address, registers);
    state.refresh();
    try {
      execute(this.machine, file.halves, file.wide, row, outer + 1);
    } finally {
      state.depth = outer;
      if (this.machine.code.takesCodeAddresses) host.callFunction = callFunction;
    }
  }

  private callBack(address: number, registers: readonly bigint[]): bigint {
    const row = this.machine.code.rowOfSlot[slotOfCodeAddress(address)] ?? -1;
    if (row < 0) throw new ExecutionFault('undefined', `0x${address.toString(16)} is no function of ${this.name}`);
    const file = this.takeFile();
    file.halves.fill(0, 0, REGISTER_WORDS);
    for (const [index, value] of registers.entries()) file.wide[index + 1] = value;
    this.activate(file, row);
    this.idle.push(file);
    return BigInt.asUintN(64, file.wide[0] ?? 0n);
  }
}

/** An interpreter with its own limits. */
export function createInterpreter(options: InterpreterOptions = {}): Engine {
  const budget = options.instructionBudget ?? Number.POSITIVE_INFINITY;
  return { name: 'interpreter', compile: (program, host) => new InterpretedProgram(program, host, budget) };
}

/** Runs programs row by row on 32-bit halves; same results as the JIT, no compile time to speak of, wild accesses located. */
export const interpreter: Engine = createInterpreter();
