import { describeError } from '../../contexts/errors.ts';
import type { Host } from '../../contexts/host.ts';
import type { BreakPlace } from '../../src/explain/queries/breakpoints.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { RequestArguments, RequestError } from './arguments.ts';
import {
  atChanges,
  atFunction,
  atSlots,
  type Breakpoint,
  EXCEPTION_FILTERS,
  type ExceptionFilter,
  isExceptionFilter,
  parseCondition,
  type Reason,
} from './breakpoints.ts';
import { evaluate } from './evaluate.ts';
import { launch } from './launch.ts';
import { questions } from './questions.ts';
import { Sources } from './sources.ts';
import { atEntry, type Granularity, type Motion, obstacleAt, type Stop, travel } from './travel.ts';
import { addressOf, disassembly, exceptionInfo, failingHere, framesOf, scopesOf, slotOf, stackFrames, variablesOf } from './views.ts';
import { WireError } from './wire.ts';

/** The path that is followed is the only thread. */
const THREAD = 1;

/** What `initialize` answers. */
const CAPABILITIES = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsInstructionBreakpoints: true,
  supportsFunctionBreakpoints: true,
  supportsDataBreakpoints: true,
  supportsRestartFrame: true,
  supportsStepBack: true,
  supportsSteppingGranularity: true,
  supportsGotoTargetsRequest: true,
  supportsDisassembleRequest: true,
  supportsExceptionInfoRequest: true,
  supportsEvaluateForHovers: true,
  supportsTerminateRequest: true,
  exceptionBreakpointFilters: Object.entries(EXCEPTION_FILTERS).map(([filter, row]) => ({ filter, ...row })),
};

interface Handler {
  /** The body of the response. */
  answer(args: RequestArguments): object | undefined | Promise<object | undefined>;
  /** What happens once the response is sent. */
  after?(args: RequestArguments): void | Promise<void>;
}

/** What is debugged. */
interface Launched {
  readonly session: DebugSession;
  readonly sources: Sources;
  readonly stopOnEntry: boolean;
}

/**
 * The Debug Adapter Protocol over a finished verification: its one thread is the path that is followed, its frames are the active functions, its
 * variables what the verifier knew. Requests are answered in the order of their arrival; `pause`, `disconnect` and `terminate` interrupt what runs.
 */
export class DebugAdapter {
  private readonly host: Host;
  private readonly send: (message: object) => void;
  private readonly onEnd: () => void;
  private readonly cancel = new AbortController();
  private sequence = 0;
  private last: Promise<void> = Promise.resolve();
  private launched: Launched | undefined;
  /** Lines count from 1 on the other side, too, unless it says otherwise. */
  private lineOffset = 0;
  /** By what set them: a source file's lines, or one of the other kinds. */
  private readonly breakpoints = new Map<string, readonly Breakpoint[]>();
  private breakpointCount = 0;
  private filters: readonly ExceptionFilter[] = ['failure'];
  /** The filter that stopped the last motion. */
  private stoppedBy: ExceptionFilter | undefined;
  private pausing = false;
  /** Numbers of the failed checks that it has stopped at. */
  private readonly seen = new Set<number>();

  /** @param onEnd called once when the other side has said goodbye. */
  constructor(host: Host, send: (message: object) => void, onEnd: () => void) {
    this.host = host;
    this.send = send;
    this.onEnd = onEnd;
  }

  /** Takes one message from the other side. @throws WireError where it is none of the protocol's. */
  receive(message: unknown): void {
    if (typeof message !== 'object' || message === null) throw new WireError('A message is no object.');
    const { type, command, seq, arguments: values } = message as Readonly<Record<string, unknown>>;
    // Nothing is asked of the other side, so a response is none of ours.
    if (type !== 'request') return;
    if (typeof command !== 'string' || typeof seq !== 'number') throw new WireError('A request has no command or no number.');
    // In the order of arrival, so that a pause behind a motion is not lost.
    if (MOTIONS.includes(command)) this.pausing = false;
    if (URGENT.includes(command)) this.pausing = true;
    if (ENDING.includes(command)) this.cancel.abort();
    this.last = this.last.then(() => this.handle(command, seq, new RequestArguments(values)));
  }

  /** Ends what runs, as when the other side is gone. */
  close(): void {
    this.pausing = true;
    this.cancel.abort();
  }

  private async handle(command: string, request: number, args: RequestArguments): Promise<void> {
    const handler = Object.hasOwn(this.handlers, command) ? this.handlers[command] : undefined;
    const respond = (rest: object) => this.emit({ type: 'response', request_seq: request, command, ...rest });
    try {
      if (handler === undefined) throw new RequestError(`"${command}" is not supported.`);
      const body = await handler.answer(args);
      respond({ success: true, ...(body === undefined ? {} : { body }) });
    } catch (error) {
      const message = error instanceof RequestError ? error.message : describeError(error).message;
      respond({ success: false, message, body: { error: { id: 1, format: message.replaceAll('{', '('), showUser: true } } });
      return;
    }
    await handler.after?.(args);
  }

  private emit(message: object): void {
    this.send({ seq: ++this.sequence, ...message });
  }

  private event(event: string, body: object = {}): void {
    this.emit({ type: 'event', event, body });
  }

  private say(text: string): void {
    this.event('output', { category: 'console', output: `${text}\n` });
  }

  private get target(): Launched {
    if (this.launched === undefined) throw new RequestError('Nothing is being debugged; launch a program first.');
    return this.launched;
  }

  private readonly handlers: Readonly<Record<string, Handler>> = {
    initialize: {
      answer: (args) => {
        this.lineOffset = args.flag('linesStartAt1') === false ? -1 : 0;
        return CAPABILITIES;
      },
    },
    launch: { answer: (args) => this.launch(args), after: () => this.introduce() },
    setBreakpoints: { answer: (args) => this.setBreakpoints(args) },
    setInstructionBreakpoints: { answer: (args) => this.setInstructionBreakpoints(args) },
    setFunctionBreakpoints: {
      answer: (args) =>
        this.replaceBreakpoints('function breakpoint', args, (wanted) => atFunction(this.target.session, wanted.requiredText('name'))),
    },
    dataBreakpointInfo: { answer: (args) => this.dataBreakpointInfo(args.requiredText('name')) },
    setDataBreakpoints: {
      answer: (args) => this.replaceBreakpoints('data breakpoint', args, (wanted) => atChanges(wanted.requiredText('dataId'))),
    },
    setExceptionBreakpoints: {
      answer: (args) => {
        this.filters = args.texts('filters').filter(isExceptionFilter);
        return undefined;
      },
    },
    configurationDone: { answer: () => this.ready(), after: () => this.begin() },
    threads: { answer: () => ({ threads: [{ id: THREAD, name: this.pathName() }] }) },
    stackTrace: { answer: (args) => this.stackTrace(args) },
    scopes: { answer: (args) => ({ scopes: scopesOf(this.depthOf(args.requiredInteger('frameId')) + 1) }) },
    variables: {
      answer: (args) => ({ variables: page(variablesOf(this.target.session, args.requiredInteger('variablesReference')), args, 'start', 'count') }),
    },
    next: this.motion('next'),
    stepIn: this.motion('stepIn'),
    stepOut: this.motion('stepOut'),
    stepBack: this.motion('stepBack'),
    continue: this.motion('continue'),
    reverseContinue: this.motion('reverseContinue'),
    pause: { answer: () => this.ready() },
    gotoTargets: { answer: (args) => this.gotoTargets(args) },
    goto: { answer: (args) => this.goto(args.requiredInteger('targetId')), after: () => this.stopped({ reason: 'goto', description: 'Went there' }) },
    evaluate: {
      answer: (args) => {
        const frame = args.integer('frameId');
        const { session } = this.target;
        const depth = frame === undefined ? session.state.frames.length - 1 : this.depthOf(frame);
        return { result: evaluate(session, depth, args.requiredText('expression')), variablesReference: 0 };
      },
    },
    disassemble: {
      answer: (args) => {
        const first = slotOf(args.requiredText('memoryReference'), args.integer('offset'));
        const { session, sources } = this.target;
        return {
          instructions: disassembly(session, sources, first, args.integer('instructionOffset') ?? 0, args.requiredInteger('instructionCount')),
        };
      },
    },
    exceptionInfo: { answer: () => exceptionInfo(this.target.session, this.stoppedBy) },
    restartFrame: {
      answer: (args) => this.restartFrame(args.requiredInteger('frameId')),
      after: () => this.stopped({ reason: 'restart', description: 'At the entry of the function' }),
    },
    ...Object.fromEntries(
      Object.entries(questions).map(([name, ask]) => [
        name,
        { answer: (args: RequestArguments) => ask(this.target.session, args, this.cancel.signal) },
      ]),
    ),
    source: {
      answer: (args) => {
        const reference = args.object('source').integer('sourceReference') ?? args.requiredInteger('sourceReference');
        return { content: this.target.sources.content(reference), mimeType: 'text/x-c' };
      },
    },
    terminate: { answer: () => undefined, after: () => this.event('terminated') },
    disconnect: { answer: () => undefined, after: () => this.onEnd() },
  };

  // --- starting -----------------------------------------------------------------------------------------------------------------------------

  private async launch(args: RequestArguments): Promise<undefined> {
    if (this.launched !== undefined) throw new RequestError('A program is being debugged already.');
    const session = await launch(args, this.host, this.cancel.signal);
    const sources = new Sources(session, args.text('sourceRoot') ?? '.', this.lineOffset);
    this.launched = { session, sources, stopOnEntry: args.flag('stopOnEntry') ?? true };
    return undefined;
  }

  /** Tells the verdict and asks for breakpoints, which need the program. */
  private introduce(): void {
    const { report, failures } = this.target.session;
    this.say(`Program ${report.program} in section ${report.section} (${report.programType}, ${report.platform}): ${report.verdict}.`);
    for (const { number, failure } of failures) this.say(`${number}. ${failure.id} at instruction ${failure.instruction}: ${failure.message}`);
    this.event('initialized');
  }

  private ready(): undefined {
    void this.target;
    return undefined;
  }

  private async begin(): Promise<void> {
    const { session, stopOnEntry } = this.target;
    session.gotoStart();
    const obstacle = obstacleAt(session, this.obstacles());
    if (obstacle !== undefined || stopOnEntry) this.stopped(obstacle ?? atEntry());
    else await this.move('continue', 'instruction');
  }

  // --- breakpoints --------------------------------------------------------------------------------------------------------------------------

  private setBreakpoints(args: RequestArguments): object {
    const { sources } = this.target;
    const source = args.object('source');
    const path = source.text('path');
    const reference = source.integer('sourceReference');
    const placed = args.objects('breakpoints').map((wanted) =>
      this.place('breakpoint', wanted, () => {
        const found = sources.slotsAt(path, reference, wanted.requiredInteger('line'));
        if (found === undefined) throw new RequestError('No instruction belongs to this line or a later one.');
        return { places: atSlots(found.slots), wire: { line: found.line, instructionReference: addressOf(found.slots[0]!) } };
      }),
    );
    this.breakpoints.set(
      `${reference ?? 0}:${path ?? ''}`,
      placed.map(({ breakpoint }) => breakpoint),
    );
    return { breakpoints: placed.map(({ wire }) => wire) };
  }

  private setInstructionBreakpoints(args: RequestArguments): object {
    const { program } = this.target.session;
    return this.replaceBreakpoints('instruction breakpoint', args, (wanted) => {
      const slot = slotOf(wanted.requiredText('instructionReference'), wanted.integer('offset'));
      if (program.instructions[slot] === undefined) throw new RequestError(`There is no instruction ${slot}.`);
      return atSlots([slot]);
    });
  }

  /** Takes the breakpoints of a request for all of their kind. */
  private replaceBreakpoints(reason: Reason, args: RequestArguments, find: (wanted: RequestArguments) => readonly BreakPlace[]): object {
    void this.target;
    const placed = args.objects('breakpoints').map((wanted) =>
      this.place(reason, wanted, () => {
        const places = find(wanted);
        const [first] = places;
        return { places, wire: first?.kind === 'instruction' ? { instructionReference: addressOf(first.pc) } : {} };
      }),
    );
    this.breakpoints.set(
      reason,
      placed.map(({ breakpoint }) => breakpoint),
    );
    return { breakpoints: placed.map(({ wire }) => wire) };
  }

  /** A breakpoint that cannot be set is answered with the reason; the others of its request stand. */
  private place(reason: Reason, wanted: RequestArguments, find: () => { readonly places: readonly BreakPlace[]; readonly wire: object }) {
    const id = ++this.breakpointCount;
    try {
      const words = wanted.text('condition');
      const condition = words === undefined || words.trim() === '' ? undefined : parseCondition(words);
      const { places, wire } = find();
      return { breakpoint: { id, reason, stops: places.map((place) => ({ place, condition })) }, wire: { id, verified: true, ...wire } };
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { breakpoint: { id, reason, stops: [] }, wire: { id, verified: false, message: error.message } };
    }
  }

  private dataBreakpointInfo(name: string): object {
    try {
      atChanges(name);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { dataId: null, description: error.message };
    }
    return { dataId: name, description: `what is known of ${name}`, accessTypes: ['write'], canPersist: true };
  }

  private obstacles() {
    return { breakpoints: [...this.breakpoints.values()].flat(), filters: this.filters, paused: () => this.pausing };
  }

  // --- moving -------------------------------------------------------------------------------------------------------------------------------

  private motion(motion: Motion): Handler {
    return {
      answer: () => {
        this.ready();
        return motion === 'continue' ? { allThreadsContinued: true } : undefined;
      },
      after: (args) => this.move(motion, args.text('granularity') === 'instruction' ? 'instruction' : 'line'),
    };
  }

  private async move(motion: Motion, granularity: Granularity): Promise<void> {
    const { session } = this.target;
    let stop = await travel(session, motion, granularity, this.obstacles());
    while (motion === 'continue' && stop.reason === 'end of path' && this.followNext()) {
      stop = obstacleAt(session, this.obstacles()) ?? (await travel(session, motion, granularity, this.obstacles()));
    }
    this.stopped(stop);
  }

  /** Goes to the entry again, on the path to the next failed check that has not been shown; false where there is none. */
  private followNext(): boolean {
    const { session } = this.target;
    if (!this.filters.includes('failure')) return false;
    for (let number = 1; number <= session.report.failures.length; number++) {
      if (this.seen.has(number)) continue;
      this.seen.add(number);
      if (session.failure(number) === undefined) continue;
      session.gotoStart();
      this.say(`The path ends. From the entry again, on the path to failed check ${number} of ${session.report.failures.length}.`);
      return true;
    }
    return false;
  }

  private stopped({ reason, filter, description, text, hitBreakpointIds }: Stop): void {
    if (this.cancel.signal.aborted) return;
    this.stoppedBy = filter;
    if (filter === 'failure') for (const { number } of failingHere(this.target.session)) this.seen.add(number);
    this.event('stopped', {
      reason,
      description,
      ...(text === undefined ? {} : { text }),
      ...(hitBreakpointIds === undefined ? {} : { hitBreakpointIds }),
      threadId: THREAD,
      allThreadsStopped: true,
    });
  }

  /** Goes back to where the function of a frame was entered on this path. */
  private restartFrame(frameId: number): undefined {
    const depth = this.depthOf(frameId);
    const { session } = this.target;
    if (depth === 0) session.gotoStart();
    else {
      const isEntered = () => session.program.functions.some(({ start }) => start === session.pc) && session.state.frames.length - 1 === depth;
      while (!isEntered() && session.back(1) > 0);
    }
    return undefined;
  }

  private gotoTargets(args: RequestArguments): object {
    const source = args.object('source');
    const found = this.target.sources.slotsAt(source.text('path'), source.integer('sourceReference'), args.requiredInteger('line'));
    const targets = (found?.slots ?? []).map((slot) => ({
      // Slot 0 is a target, too.
      id: slot + 1,
      label: `instruction ${slot}`,
      line: found!.line,
      instructionPointerReference: addressOf(slot),
    }));
    return { targets };
  }

  private goto(target: number): undefined {
    const slot = target - 1;
    const { session } = this.target;
    if (session.program.instructions[slot] === undefined) throw new RequestError(`There is no instruction ${slot}.`);
    if (session.pc !== slot && !session.goto([slot])) throw new RequestError(`The verifier never came to instruction ${slot}.`);
    return undefined;
  }

  // --- looking ------------------------------------------------------------------------------------------------------------------------------

  private pathName(): string {
    if (this.launched === undefined) return 'no program';
    const { followedFailure, failures, report } = this.launched.session;
    const followed = failures[followedFailure - 1];
    return followed === undefined
      ? `A path of ${report.program}`
      : `Path to failed check ${followedFailure} (${followed.failure.id}) of ${report.program}`;
  }

  private stackTrace(args: RequestArguments): object {
    const { session, sources } = this.target;
    const all = stackFrames(session, sources);
    return { stackFrames: page(all, args, 'startFrame', 'levels'), totalFrames: all.length };
  }

  /** @throws RequestError for a frame that is not active. */
  private depthOf(frameId: number): number {
    const depth = frameId - 1;
    if (!framesOf(this.target.session).some((frame) => frame.depth === depth)) throw new RequestError(`There is no frame ${frameId}.`);
    return depth;
  }
}

const MOTIONS: readonly string[] = ['next', 'stepIn', 'stepOut', 'stepBack', 'continue', 'reverseContinue'] satisfies Motion[];
/** Requests that stop a motion as soon as they arrive. */
const URGENT: readonly string[] = ['pause', 'disconnect', 'terminate'];
/** Requests that end a verification, too. */
const ENDING: readonly string[] = ['disconnect', 'terminate'];

/** The part of a list that a request asks for; a count of 0 means all. */
function page<T>(all: readonly T[], args: RequestArguments, startName: string, countName: string): readonly T[] {
  const start = Math.max(0, args.integer(startName) ?? 0);
  const count = args.integer(countName) ?? 0;
  return count > 0 ? all.slice(start, start + count) : all.slice(start);
}
