import { describeError } from '../../contexts/errors.ts';
import type { Host } from '../../contexts/host.ts';
import type { DebugSession } from '../../src/explain/session.ts';
import { RequestArguments, RequestError } from './arguments.ts';
import { BreakpointTable, type Found } from './breakpoint-table.ts';
import {
  atChanges,
  atFunction,
  atSlots,
  type Breakpoint,
  type ExceptionFilter,
  type Reason,
  type WantedFilter,
  wantedFilter,
} from './breakpoints.ts';
import { CAPABILITIES } from './capabilities.ts';
import { completionsOf } from './completions.ts';
import { evaluate, placesByName } from './evaluate.ts';
import { launch } from './launch.ts';
import { addressOf, readMemory, slotOf } from './memory.ts';
import { questions } from './questions.ts';
import { type ClientFormat, Sources } from './sources.ts';
import { atEntry, type Granularity, type Motion, type Obstacles, obstacleAt, type Stop, travel } from './travel.ts';
import { disassembly, exceptionInfo, failingHere, framesOf, locationAt, scopesOf, stackFrames, variablesOf } from './views.ts';
import { WireError } from './wire.ts';
import { RequestQueue, type Work, workOf } from './work.ts';

/** The path that is followed is the only thread. */
const THREAD = 1;

interface Handler {
  /** The body of the response. */
  answer(args: RequestArguments, work: Work): object | undefined | Promise<object | undefined>;
  /** What happens once the response is sent. */
  after?(args: RequestArguments): void | Promise<void>;
}

/** What is debugged. */
interface Launched {
  readonly session: DebugSession;
  readonly sources: Sources;
  /** What the request said, to launch it again. */
  readonly args: RequestArguments;
}

/**
 * The Debug Adapter Protocol over a finished verification: its one thread is the path that is followed, its frames are the active functions, its
 * variables what the verifier knew. Requests are answered in the order of their arrival; `pause`, `disconnect` and `terminate` interrupt what runs.
 */
export class DebugAdapter {
  private readonly host: Host;
  private readonly send: (message: object) => void;
  private readonly onEnd: () => void;
  private readonly queue = new RequestQueue();
  private ended = false;
  private sequence = 0;
  private launched: Launched | undefined;
  /** Lines and columns count from 1 on the other side, too, and paths are paths, unless it says otherwise. */
  private format: ClientFormat = { lineOffset: 0, columnOffset: 0, uris: false };
  private hearsProgress = false;
  private readonly breakpoints = new BreakpointTable();
  private filters: readonly WantedFilter[] = [{ filter: 'failure', wants: () => true }];
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
    if (ENDING.includes(command)) {
      this.ended = true;
      this.queue.cancelAll();
    }
    const args = new RequestArguments(values);
    // What it is about may be under way, or wait.
    if (command === 'cancel') void this.handle(command, seq, args, NEVER);
    else this.queue.add(seq, (signal) => this.handle(command, seq, args, signal));
  }

  /** Ends what runs, as when the other side is gone. */
  close(): void {
    this.pausing = true;
    this.ended = true;
    this.queue.cancelAll();
  }

  private async handle(command: string, request: number, args: RequestArguments, signal: AbortSignal): Promise<void> {
    const handler = Object.hasOwn(this.handlers, command) ? this.handlers[command] : undefined;
    const respond = (rest: object) => this.emit({ type: 'response', request_seq: request, command, ...rest });
    const work = workOf(request, TITLES[command] ?? command, signal, this.hearsProgress ? (event, body) => this.event(event, body) : undefined);
    try {
      if (signal.aborted) throw new RequestError(CANCELLED);
      if (handler === undefined) throw new RequestError(`"${command}" is not supported.`);
      const body = await handler.answer(args, work);
      work.end();
      respond({ success: true, ...(body === undefined ? {} : { body }) });
    } catch (error) {
      work.end();
      // What was cancelled may fail in its own words.
      const message = signal.aborted ? CANCELLED : error instanceof RequestError ? error.message : describeError(error).message;
      respond({ success: false, message, body: { error: { id: 1, format: message.replaceAll('{', '('), showUser: message !== CANCELLED } } });
      return;
    }
    try {
      await handler.after?.(args);
    } catch (error) {
      // Nobody waits for an answer any more, but for word of where it stands.
      const { message } = describeError(error);
      this.event('output', { category: 'stderr', output: `${message}\n` });
      if (this.launched !== undefined) this.stopped({ reason: 'pause', description: message });
    }
  }

  private emit(message: object): void {
    this.send({ seq: ++this.sequence, ...message });
  }

  private event(event: string, body: object = {}): void {
    this.emit({ type: 'event', event, body });
  }

  /** @param slot instruction that it is about; editors lead to its line. */
  private say(text: string, slot?: number): void {
    const { sources } = this.target;
    const place = slot === undefined ? undefined : sources.at(slot);
    this.event('output', { category: 'console', output: `${text}\n`, ...place });
  }

  private get target(): Launched {
    if (this.launched === undefined) throw new RequestError('Nothing is being debugged; launch a program first.');
    return this.launched;
  }

  private readonly handlers: Readonly<Record<string, Handler>> = {
    initialize: {
      answer: (args) => {
        this.format = {
          lineOffset: args.flag('linesStartAt1') === false ? -1 : 0,
          columnOffset: args.flag('columnsStartAt1') === false ? -1 : 0,
          uris: args.text('pathFormat') === 'uri',
        };
        this.hearsProgress = args.flag('supportsProgressReporting') ?? false;
        return CAPABILITIES;
      },
    },
    launch: {
      answer: (args, work) => this.launch(args, work),
      after: () => {
        this.introduce();
        // Now there is a program for breakpoints to be set in.
        this.event('initialized');
      },
    },
    attach: {
      answer() {
        throw new RequestError('Nothing runs that could be attached to: "launch" verifies a program and steps through what the verifier found.');
      },
    },
    restart: { answer: (args, work) => this.restart(args, work), after: () => this.beginAgain() },
    cancel: { answer: (args) => this.cancel(args) },
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
    setExceptionBreakpoints: { answer: (args) => this.setExceptionBreakpoints(args) },
    breakpointLocations: {
      answer: (args) => {
        const source = args.object('source');
        const from = args.requiredInteger('line');
        const lines = this.target.sources.linesOf(source.text('path'), source.integer('sourceReference'), from, args.integer('endLine') ?? from);
        return { breakpoints: lines.map((line) => ({ line })) };
      },
    },
    loadedSources: { answer: () => ({ sources: this.target.sources.all() }) },
    configurationDone: { answer: () => this.ready(), after: () => this.begin() },
    threads: { answer: () => ({ threads: [{ id: THREAD, name: this.pathName() }] }) },
    stackTrace: { answer: (args) => this.stackTrace(args) },
    scopes: { answer: (args) => ({ scopes: scopesOf(this.depthOf(args.requiredInteger('frameId')) + 1) }) },
    variables: {
      answer: (args) => ({ variables: page(variablesOf(this.target.session, args.requiredInteger('variablesReference')), args, 'start', 'count') }),
    },
    next: this.motion('next'),
    stepIn: {
      answer: (args) => {
        granularityOf(args);
        const way = args.integer('targetId');
        if (way !== undefined && !this.target.session.turn(way)) throw new RequestError(`No way ${way} leads on from here.`);
        return this.ready();
      },
      after: (args) => this.move(args.integer('targetId') === undefined ? 'stepIn' : 'enter', granularityOf(args)),
    },
    stepInTargets: { answer: (args) => this.stepInTargets(args.requiredInteger('frameId')) },
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
        return { ...evaluate(session, depth, args.requiredText('expression')), variablesReference: 0 };
      },
    },
    completions: {
      answer: (args) => {
        // Columns count as those of sources do.
        const cursor = args.requiredInteger('column') - 1 - this.format.columnOffset;
        return { targets: completionsOf(this.target.session, args.requiredText('text'), cursor) };
      },
    },
    locations: { answer: (args) => locationAt(this.target.session, this.target.sources, args.requiredInteger('locationReference')) },
    readMemory: {
      answer: (args) =>
        readMemory(this.target.session, args.requiredText('memoryReference'), args.integer('offset') ?? 0, args.requiredInteger('count')),
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
        { answer: (args: RequestArguments, { signal }: Work) => ask(this.target.session, args, signal) },
      ]),
    ),
    source: {
      answer: (args) => {
        const reference = args.object('source').integer('sourceReference') ?? args.requiredInteger('sourceReference');
        return { content: this.target.sources.content(reference), mimeType: this.target.session.source.known ? 'text/x-c' : 'text/plain' };
      },
    },
    terminate: { answer: () => undefined, after: () => this.event('terminated') },
    disconnect: { answer: () => undefined, after: () => this.onEnd() },
  };

  // --- starting -----------------------------------------------------------------------------------------------------------------------------

  private async launch(args: RequestArguments, work: Work): Promise<undefined> {
    if (this.launched !== undefined) throw new RequestError('A program is being debugged already; "restart" verifies it again.');
    this.launched = await this.open(args, work);
    return undefined;
  }

  private async open(args: RequestArguments, work: Work): Promise<Launched> {
    const session = await launch(args, this.host, work);
    return { session, sources: new Sources(session, args.text('sourceRoot') ?? '.', this.format), args };
  }

  /** Tells the verdict. */
  private introduce(): void {
    const { session } = this.target;
    const { report, failures } = session;
    this.event('process', { name: `${report.section} ${report.program}`, isLocalProcess: true, startMethod: 'launch', pointerSize: 64 });
    this.say(`Program ${report.program} in section ${report.section} (${report.programType}, ${report.platform}): ${report.verdict}.`);
    for (const { number, failure } of failures)
      this.say(`${number}. ${failure.id} at instruction ${failure.instruction}: ${failure.message}`, failure.instruction);
  }

  /** Reads the file again, which may have been compiled anew, and begins at the entry. */
  private async restart(args: RequestArguments, work: Work): Promise<undefined> {
    const wanted = args.object('arguments');
    this.launched = await this.open(wanted.text('program') === undefined ? this.target.args : wanted, work);
    this.seen.clear();
    return undefined;
  }

  private async beginAgain(): Promise<void> {
    this.introduce();
    for (const breakpoint of this.breakpoints.renew()) this.event('breakpoint', { reason: 'changed', breakpoint });
    await this.begin();
  }

  /** Ends a request, or the work that is told of under its number; what is answered already cannot be cancelled any more. */
  private cancel(args: RequestArguments): undefined {
    const request = args.integer('requestId') ?? Number(args.text('progressId'));
    this.queue.cancel(request);
    return undefined;
  }

  private ready(): undefined {
    void this.target;
    return undefined;
  }

  private async begin(): Promise<void> {
    const { session, args } = this.target;
    session.gotoStart();
    const obstacle = obstacleAt(session, this.obstacles());
    if (obstacle !== undefined || (args.flag('stopOnEntry') ?? true)) this.stopped(obstacle ?? atEntry());
    else await this.move('continue', 'instruction');
  }

  // --- breakpoints --------------------------------------------------------------------------------------------------------------------------

  private setBreakpoints(args: RequestArguments): object {
    void this.target;
    const source = args.object('source');
    const path = source.text('path');
    const reference = source.integer('sourceReference');
    const breakpoints = this.breakpoints.replace(`${reference ?? 0}:${path ?? ''}`, 'breakpoint', args.objects('breakpoints'), (wanted) => {
      const { sources } = this.target;
      const found = sources.slotsAt(path, reference, wanted.requiredInteger('line'));
      if (found === undefined) throw new RequestError('No instruction belongs to this line or a later one.');
      const wire = { line: found.line, instructionReference: addressOf(found.slots[0]!), source: source.values };
      return { places: atSlots(found.slots), wire };
    });
    return { breakpoints };
  }

  private setInstructionBreakpoints(args: RequestArguments): object {
    return this.replaceBreakpoints('instruction breakpoint', args, (wanted) => {
      const slot = slotOf(wanted.requiredText('instructionReference'), wanted.integer('offset'));
      if (this.target.session.program.instructions[slot] === undefined) throw new RequestError(`There is no instruction ${slot}.`);
      return atSlots([slot]);
    });
  }

  /** Takes the breakpoints of a request for all of their kind. */
  private replaceBreakpoints(reason: Reason, args: RequestArguments, find: (wanted: RequestArguments) => Found['places']): object {
    void this.target;
    const breakpoints = this.breakpoints.replace(reason, reason, args.objects('breakpoints'), (wanted) => {
      const places = find(wanted);
      const [first] = places;
      return { places, wire: first?.kind === 'instruction' ? { instructionReference: addressOf(first.pc) } : {} };
    });
    return { breakpoints };
  }

  /** One answer for each filter: plain ones first, then those with a condition. */
  private setExceptionBreakpoints(args: RequestArguments): object {
    const asked = [
      ...args.texts('filters').map((filter) => ({ filter, condition: undefined })),
      ...args.objects('filterOptions').map((option) => ({ filter: option.requiredText('filterId'), condition: option.text('condition') })),
    ];
    const wanted: WantedFilter[] = [];
    const breakpoints = asked.map(({ filter, condition }) => {
      try {
        const found = wantedFilter(filter, condition);
        if (found === undefined) throw new RequestError(`There is no filter "${filter}".`);
        wanted.push(found);
        return { verified: true };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return { verified: false, message: error.message };
      }
    });
    this.filters = wanted;
    return { breakpoints };
  }

  private dataBreakpointInfo(asked: string): object {
    const name = (this.launched === undefined ? undefined : placesByName(this.launched.session).get(asked)) ?? asked;
    try {
      atChanges(name);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      return { dataId: null, description: error.message };
    }
    return {
      dataId: name,
      description: `what is known of ${asked}${name === asked ? '' : `, in ${name}`}`,
      accessTypes: ['write'],
      canPersist: true,
    };
  }

  private obstacles(): Obstacles {
    return {
      breakpoints: this.breakpoints.all,
      filters: this.filters,
      log: (breakpoint) => this.log(breakpoint),
      paused: () => this.pausing,
    };
  }

  /** Says what a log point is to say, with an answer for each expression in braces. */
  private log({ log }: Breakpoint): void {
    const { session } = this.target;
    const depth = session.state.frames.length - 1;
    const told = log!.replaceAll(/\{([^{}]*)\}/g, (_, expression: string) => {
      try {
        return evaluate(session, depth, expression).result;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return `{${error.message}}`;
      }
    });
    this.say(told, session.pc);
  }

  // --- moving -------------------------------------------------------------------------------------------------------------------------------

  private motion(motion: Motion): Handler {
    return {
      answer: (args) => {
        this.ready();
        granularityOf(args);
        return motion === 'continue' ? { allThreadsContinued: true } : undefined;
      },
      after: (args) => this.move(motion, granularityOf(args)),
    };
  }

  private async move(motion: Motion | 'enter', granularity: Granularity): Promise<void> {
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
    const wanted = this.filters.find(({ filter }) => filter === 'failure');
    if (wanted === undefined) return false;
    for (let number = 1; number <= session.report.failures.length; number++) {
      if (this.seen.has(number) || !wanted.wants(session.report.failures[number - 1]!.id)) continue;
      this.seen.add(number);
      if (session.failure(number) === undefined) continue;
      session.gotoStart();
      this.say(`The path ends. From the entry again, on the path to failed check ${number} of ${session.report.failures.length}.`);
      return true;
    }
    return false;
  }

  private stopped({ reason, filter, description, text, hitBreakpointIds }: Stop): void {
    if (this.ended) return;
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

  /** The sides of the branch, or the functions, that the current block ends with. */
  private stepInTargets(frameId: number): object {
    const { session, sources } = this.target;
    if (this.depthOf(frameId) !== session.state.frames.length - 1) return { targets: [] };
    const targets = session.waysOut().map(({ number, pc, decision, current }) => {
      const place = sources.at(pc);
      const label = `${decision.words}${current ? ' (as on this path)' : ''}`;
      return { id: number, label, ...(place === undefined ? {} : { line: place.line, column: sources.columnOf(pc) }) };
    });
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

/** How a request that was cancelled is answered (`Response.message` of the protocol). */
const CANCELLED = 'cancelled';
const NEVER = new AbortController().signal;
/** What long work is called while it is under way. */
const TITLES: Readonly<Record<string, string>> = {
  launch: 'Verifying',
  restart: 'Verifying again',
  'bpf/attack': 'Looking for an input',
  'bpf/fix': 'Looking for fixes',
};

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

function granularityOf(args: RequestArguments): Granularity {
  return args.text('granularity') === 'instruction' ? 'instruction' : 'line';
}
