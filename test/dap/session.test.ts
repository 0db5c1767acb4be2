import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../end-to-end/bin.ts';
import { DapClient } from './client.ts';

const clients: DapClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.process.kill();
});

function connect(): DapClient {
  const client = new DapClient();
  clients.push(client);
  return client;
}

interface Placed {
  readonly breakpoints: readonly { readonly verified: boolean; readonly line?: number; readonly message?: string; readonly id: number }[];
}

/** Up to where an editor sends its breakpoints. */
async function launched(program: string, args: object = {}): Promise<DapClient> {
  const client = connect();
  await client.request('initialize', { adapterID: 'ebpf', linesStartAt1: true });
  await client.request('launch', { program, ...args });
  await client.event('initialized');
  return client;
}

const source = (name: string) => ({ path: resolve(projectRoot, 'samples', name) });

describe('a debug session over the Debug Adapter Protocol', () => {
  it('steps through a failed check from the entry to its cause and back', async () => {
    const client = connect();
    const capabilities = await client.request('initialize', { adapterID: 'ebpf' });
    expect(capabilities).toMatchObject({ supportsStepBack: true, supportsConditionalBreakpoints: true, supportsDisassembleRequest: true });
    await client.request('launch', { program: 'samples/droppacket_unsafe.o', section: 'xdp', platform: 'windows' });
    expect(await client.event('output')).toMatchObject({ output: 'Program DropPacket in section xdp (xdp, windows): rejected.\n' });
    await client.event('initialized');
    const { breakpoints } = await client.request<Placed>('setBreakpoints', {
      source: source('droppacket_unsafe.c'),
      breakpoints: [
        { line: 22, condition: 'must(r0 == 1)' },
        { line: 22, condition: 'must(r0 == 2)' },
        { line: 23, condition: 'may(r2 == 17)' },
        { line: 22, condition: 'surely' },
        { line: 9999 },
      ],
    });
    expect(breakpoints.map(({ verified, line }) => [verified, line])).toEqual([
      [true, 22],
      [true, 22],
      [true, 25],
      [false, undefined],
      [false, undefined],
    ]);
    expect(breakpoints[3]!.message).toContain('must(r6 <= 63)');
    await client.request('setExceptionBreakpoints', { filters: ['failure'] });
    await client.request('configurationDone');
    expect(await client.event('stopped')).toMatchObject({ reason: 'entry', threadId: 1 });
    expect(await client.request('threads')).toEqual({ threads: [{ id: 1, name: 'Path to failed check 1 (PKT-01) of DropPacket' }] });
    expect(await client.where()).toEqual({ line: 20, function: 'DropPacket', slot: 0 });

    expect(await client.move('continue')).toMatchObject({ reason: 'breakpoint', hitBreakpointIds: [breakpoints[0]!.id] });
    expect(await client.where()).toMatchObject({ line: 22, slot: 1 });

    expect(await client.move('next')).toMatchObject({ reason: 'exception', description: 'PKT-01: a check fails' });
    const [frame] = await client.frames();
    expect(frame).toMatchObject({ id: 1, name: 'DropPacket', line: 25, source: source('droppacket_unsafe.c') });
    expect(await client.request('exceptionInfo', { threadId: 1 })).toMatchObject({
      exceptionId: 'PKT-01',
      breakMode: 'always',
      details: { stackTrace: expect.stringContaining('required: the packet has byte 9, readable through r1 (10 bytes missing)') },
    });
    expect(await client.scope('Registers', 1)).toMatchObject({ r0: '1', r1: 'packet + 0, 0 bytes proved', r10: 'the frame pointer' });
    expect(await client.scope('Packet', 1)).toMatchObject({ packet: 'nothing proved', r1: 'packet + 0, 0 bytes proved' });
    expect(await client.scope('Facts', 1)).toMatchObject({ 'required 1': expect.stringMatching(/: FAILS, 10 bytes missing$/) });
    expect(await client.scope('Stack', 1)).toEqual({});

    expect(await client.evaluate('r1')).toBe('packet + 0, 0 bytes proved');
    expect(await client.evaluate('why r1')).toBe('1 (line 22): made: r1: packet + 0, 0 bytes proved');
    expect(await client.evaluate('must(r0 == 1)')).toBe('true');
    expect(await client.evaluate('may(r0 == 2)')).toBe('false');
    expect(await client.evaluate('packet >= 10')).toMatch(/^may hold or not; packet: at least 0 bytes$/);

    expect(await client.move('stepBack')).toMatchObject({ reason: 'breakpoint' });
    expect(await client.where()).toMatchObject({ slot: 1 });
    expect((await client.scope('Registers', 1))['r1']).toMatch(/^context/);
    expect(await client.move('reverseContinue')).toMatchObject({ reason: 'entry' });
    expect(await client.where()).toMatchObject({ slot: 0 });

    await client.request('disconnect');
    expect(await client.exited).toBe(0);
    expect(client.stderr).toBe('');
    const numbers = client.received.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('goes on to the next failed check and to the end of its path', async () => {
    const client = await launched('samples/droppacket_unsafe.o', { section: 'xdp', stopOnEntry: false });
    await client.request('configurationDone');
    expect(await client.event('stopped')).toMatchObject({ reason: 'exception' });
    expect(await client.where()).toMatchObject({ slot: 2 });
    expect(await client.move('continue')).toMatchObject({ reason: 'exception' });
    const second = await client.where();
    expect(second.slot).toBeGreaterThan(2);
    let stop = await client.move('continue');
    while (stop['reason'] === 'exception') stop = await client.move('continue');
    expect(stop['reason']).toBe('end of path');
  });

  it('steps over, into and out of functions, and shows the frames', async () => {
    const client = await launched('samples/bpf2bpf.o', { section: 'bind' });
    await client.request('setExceptionBreakpoints', { filters: [] });
    await client.request('configurationDone');
    await client.event('stopped');
    const instruction = { granularity: 'instruction' };
    while ((await client.frames()).length === 1) expect(await client.move('stepIn', instruction)).toMatchObject({ reason: 'step' });
    expect((await client.frames()).map(({ id, name }) => [id, name])).toEqual([
      [2, 'level1'],
      [1, 'BindMonitor_Caller'],
    ]);
    expect(Object.keys(await client.scope('Registers', 1))).toHaveLength(11);
    await client.move('next', instruction);
    expect((await client.where()).function).toBe('level1');
    await client.move('stepOut');
    const behind = await client.where();
    expect(behind.function).toBe('BindMonitor_Caller');
    await client.move('stepBack', instruction);
    const call = await client.where();
    expect(call).toMatchObject({ function: 'BindMonitor_Caller', slot: behind.slot - 1 });
    await client.move('next', instruction);
    expect(await client.where()).toEqual(behind);
    const { breakpoints } = await client.request<Placed>('setBreakpoints', { source: source('bpf2bpf.c'), breakpoints: [{ line: 14 }] });
    expect(breakpoints).toMatchObject([{ verified: true }]);
    expect(await client.move('reverseContinue')).toMatchObject({ reason: 'breakpoint' });
    expect((await client.frames()).map(({ name }) => name)).toEqual([
      'read_limit',
      'level6',
      'level5',
      'level4',
      'level3',
      'level2',
      'level1',
      'BindMonitor_Caller',
    ]);
  });

  it('disassembles around the current instruction and stops at instruction breakpoints', async () => {
    const client = await launched('samples/droppacket.o', { section: 'xdp' });
    const { instructions } = await client.request<{ instructions: { address: string; instruction: string; presentationHint?: string }[] }>(
      'disassemble',
      {
        memoryReference: '0x10000000',
        instructionOffset: -2,
        instructionCount: 6,
      },
    );
    expect(instructions).toHaveLength(6);
    expect(instructions.map(({ presentationHint }) => presentationHint)).toEqual(['invalid', 'invalid', undefined, undefined, undefined, undefined]);
    expect(instructions[2]).toMatchObject({ address: '0x10000000', symbol: 'DropPacket' });
    expect(instructions[3]!.instruction).toMatch(/^1: /);
    expect(new Set(instructions.map(({ address }) => address)).size).toBe(6);
    const { breakpoints } = await client.request<Placed>('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: instructions[5]!.address }, { instructionReference: '0x10', offset: 8 }],
    });
    expect(breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'instruction breakpoint', hitBreakpointIds: [breakpoints[0]!.id] });
    expect(await client.where()).toMatchObject({ slot: 3 });
    expect(await client.move('continue')).toMatchObject({ reason: 'end of path', description: 'The program ends.' });
  });

  it('stops at functions, at calls of helpers and where what is known changes', async () => {
    const client = await launched('samples/bpf2bpf.o', { section: 'bind' });
    await client.request('setExceptionBreakpoints', { filters: [] });
    const { breakpoints } = await client.request<Placed>('setFunctionBreakpoints', {
      breakpoints: [{ name: 'level2' }, { name: 'nowhere' }, { name: 'level3', condition: 'packet' }],
    });
    expect(breakpoints.map(({ verified }) => verified)).toEqual([true, false, false]);
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'function breakpoint', hitBreakpointIds: [breakpoints[0]!.id] });
    expect((await client.where()).function).toBe('level2');
    await client.move('stepIn', { granularity: 'instruction' });
    await client.request('restartFrame', { frameId: 3 });
    expect(await client.event('stopped')).toMatchObject({ reason: 'restart' });
    expect(await client.where()).toMatchObject({ function: 'level2' });
    await client.request('restartFrame', { frameId: 1 });
    await client.event('stopped');
    expect(await client.where()).toMatchObject({ slot: 0, function: 'BindMonitor_Caller' });

    const counting = await launched('samples/droppacket.o', { section: 'xdp' });
    expect(await counting.request('dataBreakpointInfo', { name: 'r2.max' })).toMatchObject({ dataId: 'r2.max', accessTypes: ['write'] });
    expect(await counting.request('dataBreakpointInfo', { name: 'ip' })).toMatchObject({ dataId: null });
    const watched = await counting.request<Placed>('setDataBreakpoints', { breakpoints: [{ dataId: 'packet' }, { dataId: 'ip' }] });
    expect(watched.breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    const calls = await counting.request<Placed>('setFunctionBreakpoints', { breakpoints: [{ name: 'bpf_map_lookup_elem' }] });
    await counting.request('configurationDone');
    await counting.event('stopped');
    expect(await counting.move('continue')).toMatchObject({ reason: 'data breakpoint', hitBreakpointIds: [watched.breakpoints[0]!.id] });
    expect(await counting.evaluate('packet')).toBe('at least 28 bytes');
    const stop = await counting.move('continue');
    if (stop['reason'] !== 'end of path') expect(stop).toMatchObject({ reason: 'function breakpoint', hitBreakpointIds: [calls.breakpoints[0]!.id] });
  });

  it('stops where something is lost, merged or never happens, as asked', async () => {
    const client = await launched('samples/droppacket_unsafe.o', { section: 'xdp' });
    const { exceptionBreakpointFilters } = await client.request<{ exceptionBreakpointFilters: { filter: string }[] }>('initialize', {});
    expect(exceptionBreakpointFilters.map(({ filter }) => filter)).toEqual(['failure', 'join-loss', 'widening', 'unreachable']);
    await client.request('setExceptionBreakpoints', { filters: ['join-loss', 'nonsense'] });
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'end of path' });

    const looping = await launched('samples/xdp_protocols.o');
    await looping.request('setExceptionBreakpoints', { filters: ['join-loss', 'widening', 'unreachable'] });
    await looping.request('configurationDone');
    await looping.event('stopped');
    const reasons = new Set<unknown>();
    for (;;) {
      const { reason, description } = await looping.move('continue');
      reasons.add(reason);
      if (reason === 'end of path') break;
      expect(['Losses at joins', 'Widenings', 'Impossible ways']).toContain(description);
      expect(await looping.request('exceptionInfo', { threadId: 1 })).toMatchObject({ breakMode: 'always' });
    }
    expect(reasons).toContain('exception');
  });

  it('answers what the debug context answers: why, culprit, an input, fixes', async () => {
    const client = await launched('samples/droppacket_unsafe.o', { section: 'xdp' });
    await client.request('configurationDone');
    await client.event('stopped');
    await client.move('continue');
    expect(await client.request('bpf/why', { register: 1 })).toMatchObject({ pc: 2, registers: [1], events: [{ pc: 1, subject: 'r1' }] });
    expect(await client.request('bpf/culprit')).toMatchObject({ failure: 1, culprit: expect.anything() });
    expect(await client.request('bpf/attack', { budget: 2000 })).toMatchObject({ failure: 1, verdict: { kind: 'confirmed', vector: { schema: 1 } } });
    const { fixes } = await client.request<{ fixes: object[] }>('bpf/fix', { failure: 1 });
    expect(fixes[0]).toMatchObject({ letter: 'A', applicability: 'verified' });
    expect((await client.ask('bpf/fix', { failure: 9 })).message).toBe('There is no failed check 9.');
    expect((await client.ask('bpf/why', { register: 12 })).message).toBe('"register" has to be 0 to 9.');
  });

  it('refuses what it cannot do with the reason, and goes on', async () => {
    const client = connect();
    await client.request('initialize', { adapterID: 'ebpf' });
    const refused = async (command: string, args?: object) => {
      const { success, message } = await client.ask(command, args);
      expect(success).toBe(false);
      return message;
    };
    expect(await refused('stackTrace', { threadId: 1 })).toContain('launch a program first');
    expect(await refused('launch', {})).toBe('"program" is missing.');
    expect(await refused('launch', { program: 7 })).toBe('"program" has to be a string.');
    expect(await refused('launch', { program: 'samples/none.o' })).toBe('error: No such file or directory opening samples/none.o');
    expect(await refused('launch', { program: 'package.json' })).toContain('malformed');
    expect(await refused('launch', { program: 'samples/bpf2.o' })).toMatch(/^There are \d+ programs; /);
    expect(await refused('launch', { program: 'samples/droppacket.o', platform: 'plan9' })).toContain('windows, linux');
    expect(await refused('constructor')).toBe('"constructor" is not supported.');
    await client.request('launch', { program: 'samples/droppacket.o', section: 'xdp' });
    expect(await refused('scopes', { frameId: 9 })).toBe('There is no frame 9.');
    expect(await refused('variables', { variablesReference: 999 })).toBe('There are no variables 999.');
    expect(await refused('evaluate', { expression: 'ip->protocol' })).toContain('cannot be evaluated');
    expect(await refused('exceptionInfo', { threadId: 1 })).toBe('No check fails here.');
    expect(await refused('disassemble', { memoryReference: 'nowhere', instructionCount: 1 })).toContain('no address');
    expect(await refused('disassemble', { memoryReference: '0x10000000', instructionCount: 1e9 })).toContain('100000');
    await client.request('disconnect');
    expect(await client.exited).toBe(0);
  });

  it('gives the lines of a source that is not there', async () => {
    const client = await launched('samples/droppacket.o', { section: 'xdp', sourceRoot: '/nonexistent' });
    await client.request('configurationDone');
    await client.event('stopped');
    const [frame] = await client.frames();
    expect(frame!.source!.path).toBeUndefined();
    const { content } = await client.request<{ content: string }>('source', {
      source: frame!.source,
      sourceReference: frame!.source!.sourceReference,
    });
    expect(content.split('\n')[frame!.line - 1]).toContain('DropPacket');
  });

  it('ends with its input, and with words that are no message', async () => {
    const gone = connect();
    await gone.request('initialize', {});
    gone.process.stdin.end();
    expect(await gone.exited).toBe(0);
    const babbling = connect();
    babbling.process.stdin.write('GET / HTTP/1.1\r\n\r\n');
    expect(await babbling.exited).toBe(1);
    expect(babbling.stderr).toBe('ebpfsh dap: A header has no Content-Length.\n');
  });
});
