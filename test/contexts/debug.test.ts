import { describe, expect, it } from 'vitest';
import type { Session } from '../../contexts/session.ts';
import { newSession, run } from './harness.ts';

const UNSAFE = 'ebpf debug verification samples/droppacket_unsafe.o';

async function debug(line = UNSAFE): Promise<Session> {
  const session = newSession();
  const { stderr } = await run(session, line);
  expect(stderr).toBe('');
  return session;
}

async function lines(session: Session, commands: readonly string[]): Promise<string> {
  let text = '';
  for (const command of commands) {
    const { stdout, stderr } = await run(session, command);
    text += stdout + stderr;
  }
  return unwrapped(text);
}

/** Sentences and facts on one line each, as they were before they were broken at 80 columns. */
function unwrapped(text: string): string {
  return text.replace(/\n {12}(?! )/g, ' ').replace(/\n {5}(?=[a-z])/g, ' ');
}

const OPENING = `Program DropPacket in section xdp (xdp, windows): rejected, 2 failed checks.
  1. PKT-01 at instruction 2 (line 25): `;

const READ_CONTEXT = `; ./samples/droppacket_unsafe.c:22
;     ipv4_header_t* ip = ctx->data;
       1: r1 = *(u64 *)(r1 + 0)
          requires: bytes 0..7 inside xdp_md_t (32 bytes)
          r1: packet + 0, 0 bytes proved
`;

const FAILING_READ = [
  '; ./samples/droppacket_unsafe.c:25',
  ';     if (ip->protocol == PROTOCOL_UDP) {',
  '       2: r2 = *(u8 *)(r1 + 9)',
  '          FAILS: the packet has byte 9, readable through r1 (10 bytes missing)',
];

describe('debug verification', () => {
  it('opens with the verdict, the failures and the first instruction', async () => {
    const session = newSession();
    const { stdout, exitCode } = await run(session, UNSAFE);
    expect(exitCode).toBe(0);
    expect(session.prompt).toBe('netsh ebpf debug>');
    expect(stdout.startsWith(OPENING)).toBe(true);
    expect(unwrapped(stdout)).toMatch(/\n {2}2\. PKT-02 at instruction 4 \(line 26\): .*16 bytes missing\.\n/);
    expect(stdout.endsWith('; int DropPacket(xdp_md_t* ctx)\n       0: r0 = 1\n          r0: 1\n')).toBe(true);
  });

  it('steps forward to the failed read and back again', async () => {
    const session = await debug();
    expect(await lines(session, ['step'])).toBe(READ_CONTEXT);
    const failing = await lines(session, ['step']);
    expect(failing.split('\n').slice(0, 4)).toEqual(FAILING_READ);
    expect(failing).toContain('\n          failure 1, PKT-01: ');
    expect(failing).toContain('\n          r2: 0..255\n');
    expect(await lines(session, ['state'])).toBe('Known before instruction 2:\n  r0: 1\n  r1: packet + 0, 0 bytes proved\n');
    expect(await lines(session, ['back'])).toBe(READ_CONTEXT);
    expect(await lines(session, ['state r1 w0 r9 fp-8'])).toBe(
      'Known before instruction 1:\n  r1: context + 0\n  r0: 1\n  r9: never set, or not used any more\n  fp-8: never written, or not used any more\n',
    );
    expect(await lines(session, ['back 5'])).toBe(
      '; ./samples/droppacket_unsafe.c:20\n; int DropPacket(xdp_md_t* ctx)\n       0: r0 = 1\n          r0: 1\nThe path begins here.\n',
    );
    expect(await lines(session, ['back'])).toBe('The path begins here.\n');
  });

  it('says what differs from where the last command left, lost facts first', async () => {
    const session = await debug();
    expect(await lines(session, ['diff'])).toBe('There is no earlier point yet: step first.\n');
    expect(await lines(session, ['goto 14', 'diff']).then((text) => text.slice(text.indexOf('From')))).toBe(
      'From before instruction 0 to before instruction 14:\n          r1: destroyed by a call\n          r0: value of map dropped_packet_map + 0 of 8 bytes, may be null\n          fp-8..fp-1: 0\n          packet: at least 26 bytes\n',
    );
    expect(await lines(session, ['diff 13'])).toContain('          r1, r2: destroyed by a call\n');
    expect(await lines(session, ['diff 18'])).toBe('The path was not at instruction 18 before.\n');
  });

  it('follows each failure on its own path', async () => {
    const session = await debug();
    expect(await lines(session, ['failure'])).toContain('       2: r2 = ');
    expect(await lines(session, ['path'])).toBe('From the entry to failure 1 at instruction 2: straight on.\n');
    expect(await lines(session, ['failure'])).toContain('(16 bytes missing)');
    expect(await lines(session, ['path'])).toBe(
      'From the entry to failure 2 at instruction 4:\n       3: r2 == 17: goes on at instruction 4\n          line 25: if (ip->protocol == PROTOCOL_UDP) {\n',
    );
    expect(await lines(session, ['failure'])).toContain('       2: r2 = ');
    expect(await lines(session, ['failure 3'])).toBe('There is no failure 3; they are numbered 1 to 2.\n');
  });

  it('goes to instructions, lines and the ends of the path', async () => {
    const session = await debug();
    expect(await lines(session, ['goto line 30'])).toContain('      15: r1 = *(u64 *)(r0 + 0)\n');
    expect(await lines(session, ['goto 2'])).toContain('       2: r2 = *(u8 *)(r1 + 9)\n');
    expect(await lines(session, ['goto end'])).toMatch(/ 19: exit\n(?:.*\n)*? {10}The program ends\.\n$/);
    expect(await lines(session, ['step'])).toBe('The path ends here.\n');
    expect(await lines(session, ['goto start'])).toContain('       0: r0 = 1\n');
    const wrong: readonly (readonly [string, string])[] = [
      ['goto 12', 'There is no instruction 12.\n'],
      ['goto 99', 'There is no instruction 99.\n'],
      ['goto line 99', 'No instruction belongs to line 99.\n'],
      ['goto nowhere', '"nowhere" is not an acceptable value for place.\nThe parameter is incorrect.\n  goto nowhere\n       ^^^^^^^\n'],
    ];
    for (const [command, message] of wrong) expect(await lines(session, [command])).toBe(message);
  });

  it('tells how a register came to hold what it holds', async () => {
    const session = await debug();
    await lines(session, ['goto 15']);
    const text = await lines(session, ['why']);
    expect(text).toContain('How r0 came to be what it is before instruction 15:\n  (1) line 28: ');
    expect(text).toContain(
      '13: made: r0: value of map dropped_packet_map + 0 of 8 bytes, may be null\n  (2) line 29: if (count)\n      14: narrowed: r0: ',
    );
    expect(await lines(session, ['goto 10', 'why r2'])).toContain('  (1) line 27: uint64_t key = 0;\n      9: copied: r2: address of fp\n');
    expect(await lines(session, ['why r99'])).toContain('"r99" is not an acceptable value for register.\n');
  });

  it('answers what follows from what is known', async () => {
    const session = await debug();
    await lines(session, ['goto 15']);
    const cases: readonly (readonly [string, string])[] = [
      ['prove r0 != 0', 'r0 != 0 before instruction 15: proved: it always holds\n  r0: value of map dropped_packet_map + 0 of 8 bytes\n'],
      ['prove r0==0', 'r0==0 before instruction 15: refuted: it never holds\n  r0: value of map dropped_packet_map + 0 of 8 bytes\n'],
      [
        'prove r0 != 0 at 14',
        'r0 != 0 before instruction 14 (1 state): not decided: it may hold or not\n  r0: value of map dropped_packet_map + 0 of 8 bytes, may be null\n',
      ],
      ['prove packet >= 26', 'packet >= 26 before instruction 15: proved: it always holds\n  packet: at least 26 bytes\n'],
      ['prove packet >= 27', 'packet >= 27 before instruction 15: not decided: it may hold or not\n  packet: at least 26 bytes\n'],
      ['prove r2 <= 255 at 3', 'r2 <= 255 before instruction 3 (1 state): proved: it always holds\n  r2: 0..255\n'],
      ['prove w2 s> 16 at 3', 'w2 s> 16 before instruction 3 (1 state): not decided: it may hold or not\n  r2: 0..255\n'],
      ['prove r2 > 255 at 3', 'r2 > 255 before instruction 3 (1 state): refuted: it never holds\n  r2: 0..255\n'],
      [
        'prove r9 == 0 at 3',
        'r9 == 0 before instruction 3 (1 state): cannot be asked: the operands cannot be compared\n  r9: never set, or not used any more\n',
      ],
      ['prove r2', '"r2" is not an acceptable value for proposition.\nThe parameter is incorrect.\n  prove r2\n        ^^\n'],
      ['prove r2 < 3 at 12', 'The verifier never came to instruction 12.\n'],
    ];
    for (const [command, text] of cases) expect(await lines(session, [command]), command).toBe(text);
  });

  it('verifies again under assumptions, and without them', async () => {
    const session = await debug();
    const cases: readonly (readonly [string, string])[] = [
      ['assume', 'Nothing is assumed.\n'],
      ['undo', 'There is nothing to undo.\n'],
      [
        'assume packet >= 10 at 2',
        'Assumed:\n  1. packet >= 10 before instruction 2\n1 check fails.\n  gone: PKT-01 at instruction 2\n  still: PKT-02 at instruction 4\n',
      ],
      [
        'assume packet >= 26 at 4',
        'Assumed:\n  1. packet >= 10 before instruction 2\n  2. packet >= 26 before instruction 4\nThe program passes.\n  gone: PKT-02 at instruction 4\n',
      ],
      ['failure', 'No check fails.\n'],
      ['undo', 'Assumed:\n  1. packet >= 10 before instruction 2\n1 check fails.\n  new: PKT-02 at instruction 4\n'],
      ['undo', 'Nothing is assumed.\n2 checks fail.\n  still: PKT-02 at instruction 4\n  new: PKT-01 at instruction 2\n'],
      [
        'assume r2 == 17 at 3',
        'Assumed:\n  1. r2 == 17 before instruction 3\n2 checks fail.\n  still: PKT-01 at instruction 2\n  still: PKT-02 at instruction 4\n',
      ],
      ['assume r9 == 1 at 3', 'This cannot be assumed at instruction 3: the operands cannot be compared there.\n'],
    ];
    for (const [command, text] of cases) expect(await lines(session, [command]), command).toBe(text);
    expect(await lines(session, ['goto 3', 'state r2'])).toContain('Known before instruction 3:\n  r2: 17\n');
    expect(await lines(session, ['prove r2 == 17', 'goto 19', 'join'])).not.toContain('from instruction 3');
  });

  it('lists the ways into a block and takes another one', async () => {
    const session = await debug();
    await lines(session, ['goto 19']);
    const ways = await lines(session, ['join']);
    expect(ways).toContain('ways lead into this block');
    const first = /^ {2}(\d)\. from instruction 3 /m.exec(ways);
    expect(first).not.toBeNull();
    expect(await lines(session, [`join ${first![1]}`])).toContain('      19: exit\n');
    expect(await lines(session, ['back'])).toContain('       3: if r2 != 17 goto +15 <19>\n          r2 != 17: goes to instruction 19\n');
    expect(await lines(session, ['step', 'join 9'])).toContain('There is no way 9 into this block; "join" lists them.\n');
  });

  it('lists the source with its instructions', async () => {
    const session = await debug();
    await lines(session, ['goto 5']);
    const text = await lines(session, ['list']);
    expect(text).toContain(
      '; ./samples/droppacket_unsafe.c:25\n;     if (ip->protocol == PROTOCOL_UDP) {\n !     2: r2 = *(u8 *)(r1 + 9)\n       3: if r2 != 17 goto +15 <19>\n',
    );
    expect(text).toContain('\n>      5: r1 = be16 r1\n');
  });

  it('steps through a program that passes, into its functions and out again', async () => {
    const session = await debug('ebpf debug verification samples/bpf2bpf.o');
    const text = await lines(session, ['step 20', 'step 25']);
    expect(text).toMatch(/enters \w+ at instruction \d+\n/);
    expect(text).toMatch(/returns from \w+ to instruction \d+\n/);
    expect(text).toMatch(/The program ends\.\nThe path ends here\.\n$/);
    expect(await lines(session, ['failure'])).toBe('No check fails.\n');
  });

  it('says the same in a script as at the prompt', async () => {
    const commands = [UNSAFE, 'step', 'step', 'state', 'back', 'diff', 'failure', 'path', 'list', 'goto line 30', '..'];
    const typed = await lines(newSession(), commands);
    const scripted = newSession({ 'steps.nsh': `${commands.join('\n')}\n` });
    const { stdout, stderr } = await run(scripted, 'exec steps.nsh');
    expect(unwrapped(stdout + stderr)).toBe(typed);
    expect(scripted.prompt).toBe('netsh ebpf>');
  });

  it('has a JSON form of every command', async () => {
    const session = newSession();
    for (const command of [UNSAFE, 'step', 'back', 'failure', 'state', 'diff', 'list', 'path', 'join', 'goto 2']) {
      const { stdout } = await run(session, `${command} format=json`);
      expect(JSON.parse(stdout), command).toMatchObject({ schema: 1 });
    }
    const { stdout } = await run(session, 'failure 2 format=json');
    expect(JSON.parse(stdout).step).toMatchObject({ pc: 4, requirements: [{ kind: 'packet_upper', holds: false, margin: '16 bytes missing' }] });
  });

  it('replaces the debugger that is open, and asks which program is meant', async () => {
    const session = await debug();
    expect(await lines(session, ['debug verification samples/bpf2.o'])).toBe(
      'There are 2 programs; name one by its section or program:\n  myprog func\n  another anotherfunc\n',
    );
    await lines(session, ['debug verification samples/bpf2.o another']);
    expect(session.prompt).toBe('netsh ebpf debug>');
    await lines(session, ['..']);
    expect(session.prompt).toBe('netsh ebpf>');
  });
});
