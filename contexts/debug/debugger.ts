import { type Breakpoint, breakpointText } from '../../src/explain/queries/breakpoints.ts';
import { DebugSession, NOTHING_EXPLORED } from '../../src/explain/session.ts';
import { type SourceLine, sameLine } from '../../src/explain/source.ts';
import type { StepView } from '../../src/explain/views.ts';
import type { Place } from '../../src/explain/walker.ts';
import type { ObjectProgram } from '../../src/object/object-file.ts';
import type { Verification } from '../../src/verifier/index.ts';
import type { Assumption } from '../../src/verifier/machine.ts';
import { CommandError } from '../errors.ts';
import type { Control, Judge, Judging } from './judge.ts';

/** Something the user takes to hold before an instruction. */
export interface NamedAssumption {
  /** As `assume` or `havoc` reads it. */
  readonly text: string;
  readonly pc: number;
  readonly assumption: Assumption;
}

/** A point with a name. */
export interface Bookmark {
  readonly name: string;
  readonly note: string;
  readonly place: Place;
  /** The program it is a point of; another standing has other paths. */
  readonly session: DebugSession;
}

/** What is being stepped: a verification of the program or of a changed copy, under assumptions, and the commands that led to it. */
interface Standing {
  readonly session: DebugSession;
  readonly assumptions: readonly NamedAssumption[];
  /** The commands that led here from where the program was opened. */
  readonly script: readonly string[];
}

interface Earlier {
  readonly standing: Standing;
  readonly moves: readonly string[];
}

/** What the commands of one `netsh ebpf debug>` share. */
export class Debugger {
  private current: Standing;
  /** What stood before each change, oldest first. */
  private readonly earlier: Earlier[] = [];
  private readonly judge: Judge;
  private shown: SourceLine | undefined;
  private nextBreakpoint = 1;
  /** By number, in order. */
  readonly breakpoints = new Map<number, Breakpoint>();
  readonly bookmarks = new Map<string, Bookmark>();
  /** The line that opened it. */
  readonly opening: string;
  /** Motions and bookmarks since the last change. */
  private moves: string[] = [];

  private constructor(session: DebugSession, judge: Judge, opening: string) {
    this.judge = judge;
    this.opening = opening;
    this.current = { session, assumptions: [], script: [] };
  }

  /** Verifies a program and opens a debugger on it. @throws CommandError where it cannot be judged. */
  static async open(program: ObjectProgram, judge: Judge, opening: string, control: Control): Promise<Debugger> {
    return new Debugger(new DebugSession(program, await judge(program, {}, control)), judge, opening);
  }

  get session(): DebugSession {
    return this.current.session;
  }

  get assumptions(): readonly NamedAssumption[] {
    return this.current.assumptions;
  }

  /** Goes on with a changed copy of the program. @param command the words that led there. */
  apply(session: DebugSession, command: string): void {
    this.change({ session, assumptions: [], script: this.scriptWith(command) });
  }

  /** Verifies the program again under one more assumption and goes on with that, at the same instruction where it is still reached. */
  async assume(assumption: NamedAssumption, command: string, control: Control): Promise<void> {
    const session = new DebugSession(this.session.program, await this.verifyWith([assumption], control));
    if (this.session.steppable && session.steppable) session.goto([this.session.pc]);
    this.change({ session, assumptions: [...this.assumptions, assumption], script: this.scriptWith(command) });
  }

  /** Verifies the program as it stands under further assumptions, without going on with that. */
  verifyWith(more: readonly NamedAssumption[], control: Control): Promise<Verification> {
    const at = new Map<number, Assumption[]>();
    for (const { pc, assumption } of [...this.assumptions, ...more]) at.set(pc, [...(at.get(pc) ?? []), assumption]);
    return this.judge(this.session.program, { assumptions: at }, control);
  }

  /** Verifies the program as it stands in another way. */
  verifyAgain(judging: Omit<Judging, 'assumptions'>, control: Control, program = this.session.program): Promise<Verification> {
    const at = new Map<number, Assumption[]>();
    for (const { pc, assumption } of this.assumptions) at.set(pc, [...(at.get(pc) ?? []), assumption]);
    return this.judge(program, { ...judging, assumptions: at }, control);
  }

  /** Goes back to what stood before the last change; false where there was none. */
  undo(): boolean {
    const before = this.earlier.pop();
    if (before === undefined) return false;
    this.current = before.standing;
    this.moves = [...before.moves];
    this.shown = undefined;
    return true;
  }

  private change(standing: Standing): void {
    this.earlier.push({ standing: this.current, moves: this.moves });
    this.current = standing;
    this.moves = [];
    this.shown = undefined;
  }

  private scriptWith(command: string): readonly string[] {
    return [...this.current.script, ...this.moves, command];
  }

  /** @returns its number. */
  addBreakpoint(breakpoint: Breakpoint): number {
    const number = this.nextBreakpoint++;
    this.breakpoints.set(number, breakpoint);
    return number;
  }

  /** Remembers a motion or a bookmark, for the script of the session; a motion that chooses a path of its own makes those before it unnecessary. */
  moved(command: string, ownPath = false): void {
    if (ownPath) this.moves = this.moves.slice(0, this.moves.findLastIndex((move) => move.startsWith('bookmark ')) + 1);
    const last = STEPS.exec(this.moves.at(-1) ?? '');
    const next = STEPS.exec(command);
    if (last !== null && next !== null && last[1] === next[1]) this.moves[this.moves.length - 1] = `${next[1]} ${Number(last[2]) + Number(next[2])}`;
    else this.moves.push(command);
  }

  /** The commands that lead from nothing to where it stands, breakpoints included. */
  script(): readonly string[] {
    const stops = [...this.breakpoints.values()].map((one) => `${one.place.kind === 'watch' ? 'watch' : 'break'} ${breakpointText(one)}`);
    return [this.opening, ...this.current.script, ...this.moves, ...stops];
  }

  /** The current instruction, with whether its source line is another one than was shown last. */
  look(): ShownStep {
    const view = this.session.view();
    const sourceChanged = !sameLine(view.source, this.shown);
    this.shown = view.source;
    return { ...view, sourceChanged };
  }
}

/** Motions of which several in a row are one longer one. */
const STEPS = /^(step|back) (\d+)$/;

export interface ShownStep extends StepView {
  readonly sourceChanged: boolean;
}

/** The debugger of the context that a command runs in. @throws CommandError where there is none, or nothing to step through. */
export function debuggerOf(state: unknown, steppable = true): Debugger {
  if (!(state instanceof Debugger)) throw new CommandError('debug', 'Nothing is being debugged. Start with: ebpf debug verification <file>');
  if (steppable && !state.session.steppable) throw new CommandError('debug', NOTHING_EXPLORED);
  return state;
}
