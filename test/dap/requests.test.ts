import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { CAPABILITIES } from '../../shell/dap/capabilities.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';
import { projectRoot, startEbpfsh } from '../end-to-end/bin.ts';
import { type AdapterEvent, DapClient, DapSocketClient } from './client.ts';

const clients: DapClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.process.kill();
});

/** Up to where an editor sends its breakpoints. */
async function launched(program: string, args: object = {}, client: object = {}): Promise<DapClient> {
  const connected = new DapClient();
  clients.push(connected);
  await connected.request('initialize', { adapterID: 'ebpf', ...client });
  await connected.request('launch', { program, ...args });
  await connected.event('initialized');
  return connected;
}

/** The same, at the entry. */
async function begun(program: string, args: object = {}): Promise<DapClient> {
  const client = await launched(program, args);
  await client.request('setExceptionBreakpoints', { filters: [] });
  await client.request('configurationDone');
  await client.event('stopped');
  return client;
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  readonly memoryReference?: string;
  readonly valueLocationReference?: number;
}

async function rows(client: DapClient, scope: string): Promise<ReadonlyMap<string, Row>> {
  const [frame] = await client.frames();
  const { scopes } = await client.request<{ scopes: { name: string; variablesReference: number }[] }>('scopes', { frameId: frame!.id });
  const { variablesReference } = scopes.find(({ name }) => name === scope)!;
  const { variables } = await client.request<{ variables: Row[] }>('variables', { variablesReference });
  return new Map(variables.map((row) => [row.name, row]));
}

interface Memory {
  readonly address: string;
  readonly data: string;
  readonly unreadableBytes?: number;
}

async function read(client: DapClient, memoryReference: string | undefined, count: number, offset = 0) {
  const { data, unreadableBytes } = await client.request<Memory>('readMemory', { memoryReference, offset, count });
  return [Buffer.from(data, 'base64').toString('hex'), unreadableBytes] as const;
}

const goTo = async (client: DapClient, slot: number) => {
  while ((await client.where()).slot !== slot) await client.move('stepIn', { granularity: 'instruction' });
};

describe('memory over the Debug Adapter Protocol', () => {
  it('gives bytes of the stack that are known, and calls the others unreadable', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    const entry = (await rows(client, 'Registers')).get('r10')!.memoryReference!;
    expect(await read(client, entry, 16)).toEqual(['', 16]);
    await goTo(client, 14);
    const key = (await rows(client, 'Stack')).get('fp-8..fp-1')!;
    expect(await read(client, key.memoryReference, 8)).toEqual(['0000000000000000', undefined]);
    // The frame ends there, so there is no more to read.
    expect(await read(client, key.memoryReference, 64)).toEqual(['0000000000000000', undefined]);
    expect(await read(client, key.memoryReference, 4, -2)).toEqual(['', 4]);
    expect(await read(client, key.memoryReference, 2, 6)).toEqual(['0000', undefined]);
  });

  it('leads from pointers to what they point at: packets and values have no known bytes, read-only data has', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    await goTo(client, 2);
    expect(await read(client, (await rows(client, 'Registers')).get('r1')!.memoryReference, 4)).toEqual(['', 4]);
    await goTo(client, 15);
    const value = (await rows(client, 'Registers')).get('r0')!;
    expect(value.value).toContain('dropped_packet_map');
    expect(await read(client, value.memoryReference, 100)).toEqual(['', 8]);
    expect((await rows(client, 'Maps')).get('dropped_packet_map')).toMatchObject({
      value: 'array, keys of 4 bytes, values of 8 bytes, 1 entry',
      memoryReference: value.memoryReference,
    });

    const globals = await begun('samples/global_vars.o');
    const maps = await rows(globals, 'Maps');
    const [name] = [...maps.keys()].filter((map) => map.includes('.rodata'));
    expect(maps.get(name!)!.value).toContain('read-only');
    const [known, unknown] = await read(globals, maps.get(name!)!.memoryReference, 4);
    expect([known.length, unknown]).toEqual([8, undefined]);
    const [data] = [...maps.keys()].filter((map) => map.includes('.bss') || map.includes('.data'));
    expect((await read(globals, maps.get(data!)!.memoryReference, 4))[0]).toBe('');
  });

  it('gives the bytes of instructions, as disassembly does', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    const { instructions } = await client.request<{ instructions: { instructionBytes: string }[] }>('disassemble', {
      memoryReference: '0x10000000',
      instructionCount: 2,
    });
    expect(instructions[0]!.instructionBytes).toBe('b7 00 00 00 01 00 00 00');
    expect(await read(client, '0x10000000', 8)).toEqual(['b700000001000000', undefined]);
    const refused = async (args: object) => (await client.ask('readMemory', args)).message;
    expect(await refused({ memoryReference: '0x10', count: 1 })).toBe('Nothing lies at 0x10.');
    expect(await refused({ memoryReference: 'fp', count: 1 })).toBe('"fp" is no address.');
    expect(await refused({ memoryReference: '0x10000000', count: -1 })).toContain('bytes can be read');
    expect(await refused({ memoryReference: '0x10000000', count: 1e9 })).toContain('bytes can be read');
  });
});

interface Target {
  readonly id: number;
  readonly label: string;
  readonly line?: number;
}

describe('stepping over the side that is chosen', () => {
  it('takes either side of a branch', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    await goTo(client, 3);
    const [frame] = await client.frames();
    const { targets } = await client.request<{ targets: Target[] }>('stepInTargets', { frameId: frame!.id });
    expect(targets.map(({ label }) => label)).toEqual(['r2 != 17: goes to instruction 19', 'r2 == 17: goes on at instruction 4 (as on this path)']);
    expect(await client.move('stepIn', { targetId: targets[0]!.id })).toMatchObject({ reason: 'step' });
    expect(await client.where()).toMatchObject({ slot: 19 });
    expect(await client.request('threads')).toEqual({ threads: [{ id: 1, name: 'A path of DropPacket' }] });
    await client.move('stepBack');
    expect(await client.where()).toMatchObject({ slot: 3 });
    await client.move('stepIn', { targetId: targets[1]!.id });
    expect(await client.where()).toMatchObject({ slot: 4 });
    expect((await client.ask('stepIn', { threadId: 1, targetId: 7 })).message).toBe('No way 7 leads on from here.');
  });

  it('enters a function that is called, and stops before it where a check fails', async () => {
    const client = await begun('samples/bpf2bpf.o', { section: 'bind' });
    const frameOf = async () => (await client.frames())[0]!.id;
    const { targets } = await client.request<{ targets: Target[] }>('stepInTargets', { frameId: await frameOf() });
    expect(targets).toMatchObject([{ id: 1, label: expect.stringContaining('enters level1') }]);
    await client.move('stepIn', { targetId: 1 });
    expect((await client.where()).function).toBe('level1');
    expect(await client.request('stepInTargets', { frameId: 1 })).toEqual({ targets: [] });

    const failing = await launched('samples/droppacket_unsafe.o', { section: 'xdp' });
    await failing.request('configurationDone');
    await failing.event('stopped');
    const { targets: ways } = await failing.request<{ targets: Target[] }>('stepInTargets', { frameId: 1 });
    expect(await failing.move('stepIn', { targetId: ways[0]!.id })).toMatchObject({ reason: 'exception' });
    expect(await failing.where()).toMatchObject({ slot: 2 });
  });
});

describe('what a client of today asks for', () => {
  it('calls variables by their names, and tells where they were made', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    await goTo(client, 2);
    const ip = (await rows(client, 'Variables')).get('ip')!;
    expect(ip).toMatchObject({ value: 'packet + 0, 0 bytes proved', type: 'in r1' });
    expect(await client.evaluate('ip')).toBe('packet + 0, 0 bytes proved');
    expect(await client.evaluate('why ip')).toBe('1 (line 22): made: r1: packet + 0, 0 bytes proved');
    expect(await client.request('locations', { locationReference: ip.valueLocationReference })).toMatchObject({ line: 22 });
    expect((await client.ask('locations', { locationReference: 99 })).success).toBe(false);
    expect(await client.request('dataBreakpointInfo', { name: 'ip' })).toMatchObject({ dataId: 'r1' });
    expect([...(await rows(client, 'Provenance')).entries()]).toMatchObject([['1 (line 22)', { value: 'made: r1: packet + 0, 0 bytes proved' }]]);
    expect((await client.ask('evaluate', { expression: 'ip->protocol', context: 'hover' })).success).toBe(false);
    expect((await client.frames())[0]).toMatchObject({ canRestart: true, column: expect.any(Number) });
  });

  it('completes what can be asked in its console', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    await goTo(client, 2);
    const complete = async (text: string) => {
      const { targets } = await client.request<{ targets: { label: string; start: number; length: number }[] }>('completions', {
        text,
        column: text.length + 1,
      });
      return targets.map(({ label, start, length }) => [label, start, length]);
    };
    expect(await complete('why i')).toEqual([['ip', 4, 1]]);
    expect(await complete('r')).toEqual([
      ['r0', 0, 1],
      ['r1', 0, 1],
    ]);
    expect(await complete('mu')).toEqual([['must(', 0, 2]]);
  });

  it('tells which lines and files have instructions', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    const source = { path: resolve(projectRoot, 'samples/droppacket_unsafe.c') };
    expect(await client.request('breakpointLocations', { source, line: 20, endLine: 25 })).toEqual({
      breakpoints: [{ line: 20 }, { line: 22 }, { line: 25 }],
    });
    expect(await client.request('loadedSources')).toMatchObject({ sources: [{ name: 'droppacket_unsafe.c', ...source }] });
  });

  it('shows a listing where the object tells no lines, and steps and stops in it', async () => {
    const client = await launched('samples/bpf.o', { platform: 'windows' });
    const { sources } = await client.request<{ sources: { name: string; sourceReference: number }[] }>('loadedSources');
    expect(sources).toMatchObject([{ name: expect.stringMatching(/\.disassembly$/), sourceReference: 1 }]);
    const { content } = await client.request<{ content: string }>('source', { sourceReference: 1, source: sources[0] });
    const lines = content.split('\n');
    expect(lines[0]).toMatch(/^0: r0 = /);
    const { breakpoints } = await client.request<{ breakpoints: object[] }>('setBreakpoints', {
      source: sources[0],
      breakpoints: [{ line: lines.length }, { line: lines.length + 1 }],
    });
    expect(breakpoints).toMatchObject([{ verified: true, line: lines.length }, { verified: false }]);
    await client.request('configurationDone');
    await client.event('stopped');
    expect((await client.frames())[0]).toMatchObject({ line: 1, column: 1, source: { sourceReference: 1 } });
    expect(await client.move('continue')).toMatchObject({ reason: 'breakpoint' });
    expect(lines[(await client.where()).line - 1]).toMatch(/: exit$/);
  });

  it('speaks of files as URIs and counts from 0 where the client does', async () => {
    const client = await launched(
      'samples/droppacket_unsafe.o',
      { section: 'xdp' },
      { linesStartAt1: false, columnsStartAt1: false, pathFormat: 'uri' },
    );
    const source = { path: pathToFileURL(resolve(projectRoot, 'samples/droppacket_unsafe.c')).href };
    const { breakpoints } = await client.request('setBreakpoints', { source, breakpoints: [{ line: 21 }] });
    expect(breakpoints).toMatchObject([{ verified: true, line: 21 }]);
    await client.request('configurationDone');
    await client.event('stopped');
    await client.move('continue');
    expect((await client.frames())[0]).toMatchObject({ line: 21, source });
  });

  it('tells what log points say and goes on, and counts how often a path comes by', async () => {
    const client = await launched('samples/xdp_protocols.o');
    const source = { path: resolve(projectRoot, 'samples/xdp_protocols.c') };
    const { breakpoints: lines } = await client.request<{ breakpoints: { line: number }[] }>('breakpointLocations', { source, line: 1, endLine: 60 });
    const { breakpoints } = await client.request<{ breakpoints: { verified: boolean; message?: string }[] }>('setBreakpoints', {
      source,
      breakpoints: [
        ...lines.map(({ line }) => ({ line, logMessage: 'at {packet}, {nonsense here}' })),
        { line: lines[0]!.line, hitCondition: '2' },
        { line: lines[0]!.line, hitCondition: 'often' },
      ],
    });
    expect(breakpoints.at(-1)).toMatchObject({ verified: false, message: expect.stringContaining('hit condition') });
    await client.request('setExceptionBreakpoints', { filters: [] });
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'end of path' });
    const said = client.received
      .filter((message): message is AdapterEvent => message.type === 'event' && message.event === 'output')
      .map(({ body }) => body);
    const told = said.find(({ output }) => String(output).startsWith('at '));
    expect(told).toMatchObject({ output: expect.stringMatching(/^at (at least|nothing).*, \{.*cannot be evaluated/), line: expect.any(Number) });
  });

  it('stops the third time that a loop comes by', async () => {
    const loop = corpusPath('failures/objects/42-infinite-loop.bad.o');
    if (loop === undefined) return reportSkipped('hit counts in a loop', 1);
    const client = await launched(loop, { platform: 'linux' });
    const at = { instructionReference: '0x10000008' };
    await client.request('setInstructionBreakpoints', {
      breakpoints: [
        { ...at, logMessage: 'by' },
        { ...at, hitCondition: '3' },
      ],
    });
    await client.request('setExceptionBreakpoints', { filters: [] });
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'instruction breakpoint' });
    const told = () => client.received.filter((message) => message.type === 'event' && message.body?.['output'] === 'by\n').length;
    expect(told()).toBe(3);
    // The fourth and later times do not count, and coming back to the third does.
    await client.move('next', { granularity: 'instruction' });
    expect(await client.move('reverseContinue')).toMatchObject({ reason: 'instruction breakpoint' });
    expect(await client.move('reverseContinue')).toMatchObject({ reason: 'entry' });
  });

  it('counts the times that a path comes to a breakpoint, in either direction', async () => {
    const client = await launched('samples/bpf2bpf.o', { section: 'bind' });
    await client.request('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: '0x10000000', hitCondition: '>= 1' }],
    });
    await client.request('configurationDone');
    expect(await client.event('stopped')).toMatchObject({ reason: 'instruction breakpoint' });
    await client.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference: '0x10000000', hitCondition: '> 1' }] });
    expect(await client.move('continue')).toMatchObject({ reason: 'end of path' });
    expect(await client.move('reverseContinue')).toMatchObject({ reason: 'entry' });
  });

  it('stops at the failed checks that are named, and says which filters there are not', async () => {
    const client = await launched('samples/droppacket_unsafe.o', { section: 'xdp' });
    const { breakpoints } = await client.request('setExceptionBreakpoints', {
      filters: ['nonsense'],
      filterOptions: [
        { filterId: 'failure', condition: 'PKT-02, NUL' },
        { filterId: 'widening', condition: 'when?' },
      ],
    });
    expect(breakpoints).toMatchObject([{ verified: false }, { verified: true }, { verified: false }]);
    await client.request('configurationDone');
    await client.event('stopped');
    expect(await client.move('continue')).toMatchObject({ reason: 'exception', description: 'PKT-02: a check fails' });
    expect(await client.where()).toMatchObject({ slot: 4 });
    expect(await client.move('continue')).toMatchObject({ reason: 'end of path' });
  });

  it('verifies a program again that was compiled anew, and moves the breakpoints', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dap-'));
    const program = join(folder, 'x.o');
    try {
      copyFileSync(resolve(projectRoot, 'samples/droppacket_unsafe.o'), program);
      const client = await launched(program, { section: 'xdp', platform: 'windows' });
      const { breakpoints } = await client.request<{ breakpoints: { id: number }[] }>('setFunctionBreakpoints', {
        breakpoints: [{ name: 'DropPacket' }],
      });
      await client.request('configurationDone');
      await client.event('stopped');
      copyFileSync(resolve(projectRoot, 'samples/droppacket.o'), program);
      await client.request('restart', {});
      expect(await client.event('output')).toMatchObject({ output: expect.stringContaining(': accepted.') });
      expect(await client.event('breakpoint')).toMatchObject({ reason: 'changed', breakpoint: { id: breakpoints[0]!.id, verified: true } });
      expect(await client.event('stopped')).toMatchObject({ reason: 'function breakpoint' });
      expect((await client.ask('restart', { arguments: { program: join(folder, 'none.o') } })).success).toBe(false);
      expect(await client.where()).toMatchObject({ slot: 0 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('answers every request that its capabilities promise, and no other', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    const unknown = async (command: string) => (await client.ask(command, {})).message === `"${command}" is not supported.`;
    const promised = Object.keys(CAPABILITIES).flatMap((name) => {
      const request = /^supports(\w+)Request$/.exec(name)?.[1];
      return request === undefined ? [] : [request.charAt(0).toLowerCase() + request.slice(1)];
    });
    expect(promised).toContain('readMemory');
    for (const command of promised.filter((name) => name !== 'terminate')) expect([command, await unknown(command)]).toEqual([command, false]);
    for (const command of ['setVariable', 'setExpression', 'writeMemory', 'terminateThreads', 'modules', 'runInTerminal'])
      expect([command, await unknown(command)]).toEqual([command, true]);
    expect((await client.ask('attach', {})).message).toContain('"launch" verifies a program');
  });
});

describe('work that is broken off', () => {
  it('goes on behind a search that is cancelled, and one that is over already', async () => {
    const client = await begun('samples/droppacket_unsafe.o', { section: 'xdp' });
    const waiting = client.post('bpf/attack', { budget: 60_000, failure: 1 });
    const behind = client.post('bpf/attack', { budget: 60_000, failure: 2 });
    await client.request('cancel', { requestId: behind });
    await client.request('cancel', { progressId: `${waiting}` });
    await client.request('cancel', { requestId: 999 });
    expect(await client.evaluate('r10')).toBe('the frame pointer');
    const answer = (request: number) => client.received.find((message) => message.type === 'response' && message.request_seq === request);
    // Each is answered: with what was found, where that was quicker.
    for (const request of [waiting, behind]) expect(answer(request)).toBeDefined();
  });

  it('tells clients that want to hear it how far a verification is, and stops it when asked', async () => {
    const big = resolve(projectRoot, '../shared/corpus/elf/cilium/bpf_lxc.o');
    const client = new DapClient();
    clients.push(client);
    await client.request('initialize', { supportsProgressReporting: true });
    const launch = client.post('launch', { program: big, platform: 'linux', section: '2/7' });
    const message = await Promise.race([client.event('progressStart'), client.ask('threads').then(() => undefined)]);
    if (message === undefined) {
      // Without the corpus the request fails at once; that much has to be true.
      expect(client.received.find((answer) => answer.type === 'response' && answer.request_seq === launch)).toMatchObject({ success: false });
      return;
    }
    expect(message).toMatchObject({ title: 'Verifying', cancellable: true, requestId: launch });
    await client.request('cancel', { progressId: message['progressId'] });
    await client.event('progressEnd');
    await client.request('threads');
    expect(client.received.find((answer) => answer.type === 'response' && answer.request_seq === launch)).toMatchObject({
      success: false,
      message: 'cancelled',
    });
    await client.request('disconnect');
    expect(await client.exited).toBe(0);
  });

  it('leaves at once when a client disconnects in the middle', async () => {
    const client = new DapClient();
    clients.push(client);
    client.post('initialize', {});
    client.post('launch', { program: 'samples/xdp_protocols.o' });
    client.post('next', { threadId: 1 });
    client.post('disconnect');
    expect(await client.exited).toBe(0);
    const answers = client.received.filter((message) => message.type === 'response');
    expect(answers.map(({ command }) => command)).toEqual(['initialize', 'launch', 'next', 'disconnect']);
    expect(answers.at(-1)).toMatchObject({ success: true });
    expect(client.stderr).toBe('');
  });

  it('answers requests that come in no sensible order, and goes on', async () => {
    const client = new DapClient();
    clients.push(client);
    for (const command of ['configurationDone', 'next', 'setBreakpoints', 'readMemory', 'stepInTargets', 'completions', 'restart', 'loadedSources'])
      expect((await client.ask(command, { threadId: 1 })).success).toBe(false);
    await client.request('initialize', {});
    await client.request('launch', { program: 'samples/droppacket.o', section: 'xdp' });
    // Before configurationDone.
    await client.move('next');
    expect((await client.ask('launch', { program: 'samples/droppacket.o' })).message).toContain('"restart"');
    client.process.stdin.write('Content-Length: 17\r\n\r\n{"type":"request"');
    expect(await client.exited).toBe(1);
    expect(client.stderr).toBe('ebpfsh dap: A message is not JSON.\n');
  });
});

describe('a server on a port', () => {
  it('serves several sessions side by side, and outlives those that break', async () => {
    const server = startEbpfsh(['dap', 'port=0']);
    const closed = new Promise((settle) => server.on('close', settle));
    try {
      const port = await new Promise<number>((settle) => {
        server.stdout.on('data', (bytes: Buffer) => settle(Number(/port (\d+)/.exec(bytes.toString())![1])));
      });
      const [one, two, three] = [new DapSocketClient(port), new DapSocketClient(port), new DapSocketClient(port)];
      for (const [client, program] of [
        [one!, 'samples/droppacket_unsafe.o'],
        [two!, 'samples/droppacket.o'],
      ] as const) {
        await client.request('initialize', {});
        await client.request('launch', { program, section: 'xdp' });
        await client.request('configurationDone');
        await client.event('stopped');
      }
      three!.break();
      await one!.move('continue');
      expect(await one!.where()).toMatchObject({ slot: 2 });
      expect(await two!.where()).toMatchObject({ slot: 0 });
      await one!.request('disconnect');
      await one!.closed;
      await two!.move('next');
      const babbling = new DapSocketClient(port);
      babbling.say('GET / HTTP/1.1\r\n\r\n');
      await babbling.closed;
      await two!.move('next');
      server.kill('SIGINT');
      expect(await closed).toBe(0);
      await two!.closed;
    } finally {
      server.kill();
    }
  });

  it('says how it is called where the words are others', async () => {
    for (const words of ['port=', 'port=99999', 'port=1 x', 'help']) {
      const server = startEbpfsh(['dap', ...words.split(' ')]);
      let said = '';
      server.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
      expect(await new Promise((settle) => server.on('close', settle))).toBe(2);
      expect(said).toContain('Usage: ebpfsh dap [port=<port>]');
    }
  });
});
