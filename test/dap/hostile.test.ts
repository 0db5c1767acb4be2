import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DebugAdapter } from '../../shell/dap/adapter.ts';
import { CAPABILITIES } from '../../shell/dap/capabilities.ts';
import { memoryHost } from '../contexts/harness.ts';

interface Message {
  readonly type: string;
  readonly event?: string;
  readonly command?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
}

/** An adapter in this process, with what it has sent. */
function connect() {
  const sent: Message[] = [];
  let ended = 0;
  const adapter = new DebugAdapter(
    memoryHost(),
    (message) => sent.push(JSON.parse(JSON.stringify(message))),
    () => {
      ended++;
    },
  );
  let sequence = 0;
  const post = (command: string, args?: unknown) => {
    adapter.receive({ seq: ++sequence, type: 'request', command, arguments: args });
    return sequence;
  };
  /** Waits until every request is answered. */
  const settle = async () => {
    const last = post('threads');
    for (let turns = 0; turns < 100_000; turns++) {
      if (sent.some(({ request_seq }) => request_seq === last)) return;
      await new Promise(setImmediate);
    }
    throw new Error('requests stay without an answer');
  };
  return { adapter, sent, post, settle, ended: () => ended };
}

const COMMANDS = [
  ...Object.keys(CAPABILITIES).flatMap((name) => {
    const request = /^supports(\w+)Request$/.exec(name)?.[1];
    return request === undefined || request === 'Terminate' ? [] : [request.charAt(0).toLowerCase() + request.slice(1)];
  }),
  ...['launch', 'attach', 'setBreakpoints', 'setFunctionBreakpoints', 'setInstructionBreakpoints', 'setDataBreakpoints', 'setExceptionBreakpoints'],
  ...[
    'dataBreakpointInfo',
    'threads',
    'stackTrace',
    'scopes',
    'variables',
    'evaluate',
    'source',
    'next',
    'stepIn',
    'stepOut',
    'stepBack',
    'continue',
  ],
  ...['reverseContinue', 'pause', 'goto', 'restartFrame', 'initialize', 'bpf/why', 'bpf/culprit', 'nonsense'],
];

/** Values that arguments have, and such as they should not have. */
const value = fc.oneof(
  fc.constantFrom('r1', 'fp-8', '0x10000000', '0x20010000', 'PKT', 'failure', 'may(r0 == 1)', 'line', 'samples/droppacket.c', 'xdp', '>= 1'),
  fc.integer({ min: -3, max: 30 }),
  fc.constantFrom(null, true, {}, [], 1e18, 0.5, '', '\u0000', '{r1}', 'samples/droppacket_unsafe.o'),
  fc.string({ maxLength: 8 }),
);
const NAMES = ['line', 'endLine', 'column', 'frameId', 'threadId', 'variablesReference', 'expression', 'text', 'memoryReference', 'offset', 'count'];
const MORE_NAMES = [
  'instructionCount',
  'instructionOffset',
  'targetId',
  'granularity',
  'name',
  'dataId',
  'filters',
  'condition',
  'register',
  'failure',
];
const plain = fc.dictionary(fc.constantFrom(...NAMES, ...MORE_NAMES, 'startFrame', 'levels', 'sourceReference', 'locationReference'), value, {
  maxKeys: 6,
});
const nested = fc.record(
  {
    source: fc.oneof(value, fc.record({ path: value, sourceReference: value }, { requiredKeys: [] })),
    breakpoints: fc.oneof(
      value,
      fc.array(fc.dictionary(fc.constantFrom('line', 'name', 'condition', 'hitCondition', 'logMessage', 'dataId'), value), { maxLength: 3 }),
    ),
    filters: fc.oneof(value, fc.array(value, { maxLength: 3 })),
    filterOptions: fc.array(fc.record({ filterId: value, condition: value }, { requiredKeys: [] }), { maxLength: 2 }),
    arguments: value,
    requestId: value,
  },
  { requiredKeys: [] },
);
const request = fc.tuple(
  fc.constantFrom(...COMMANDS),
  fc.oneof(
    plain,
    fc.tuple(plain, nested).map(([one, other]) => ({ ...one, ...other })),
    value,
  ),
);

describe('an adapter that is asked anything', () => {
  it('answers every request once, whatever its arguments, and goes on', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 25 }), fc.boolean(), async (requests, launched) => {
        const { sent, post, settle } = connect();
        if (launched) {
          post('launch', { program: 'samples/droppacket_unsafe.o', section: 'xdp' });
          post('configurationDone');
        }
        for (const [command, args] of requests) post(command, args);
        await settle();
        const answered = sent.filter(({ type }) => type === 'response').map(({ request_seq }) => request_seq!);
        expect(new Set(answered).size).toBe(answered.length);
        expect(answered.length).toBe(requests.length + 1 + (launched ? 2 : 0));
        // It still does what it is for: one of these it can do.
        const program = { program: 'samples/droppacket_unsafe.o', section: 'xdp' };
        const ways = [post('launch', program), post('restart', { arguments: program })];
        await settle();
        const done = ways.map((way) => sent.find(({ request_seq }) => request_seq === way)?.success);
        expect(done).toContain(true);
      }),
      { numRuns: Number(process.env['EBPFSH_HOSTILE'] ?? 60) },
    );
  });

  it('tells where it stands after every motion that it has accepted', async () => {
    const { sent, post, settle } = connect();
    post('launch', { program: 'samples/droppacket_unsafe.o', section: 'xdp' });
    post('configurationDone');
    const refused = post('next', { granularity: 7 });
    post('next', { granularity: 'statement' });
    post('stepIn', { granularity: 'instruction' });
    await settle();
    expect(sent.find(({ request_seq }) => request_seq === refused)).toMatchObject({ success: false });
    expect(sent.filter(({ event }) => event === 'stopped')).toHaveLength(3);
  });

  it('answers requests that are cancelled before their turn, and none of the others', async () => {
    const { sent, post, settle } = connect();
    post('launch', { program: 'samples/droppacket_unsafe.o', section: 'xdp' });
    await settle();
    const [first, second, third] = [post('bpf/attack', { failure: 1 }), post('bpf/attack', { failure: 2 }), post('bpf/why', { register: 1 })];
    post('cancel', { progressId: `${first}` });
    post('cancel', { requestId: second });
    post('cancel', { requestId: 999 });
    await settle();
    const answer = (request: number) => sent.find(({ request_seq }) => request_seq === request);
    expect(answer(first)).toMatchObject({ success: false, message: 'cancelled' });
    expect(answer(second)).toMatchObject({ success: false, message: 'cancelled' });
    expect(answer(third)).toMatchObject({ success: true });
    expect(sent.filter(({ command }) => command === 'cancel').map(({ success }) => success)).toEqual([true, true, true]);
  });

  it('says goodbye once', async () => {
    const { post, settle, ended } = connect();
    post('disconnect');
    await settle();
    expect(ended()).toBe(1);
  });
});
