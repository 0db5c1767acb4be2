import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rootContext } from '../../contexts/root/index.ts';
import { Session } from '../../contexts/session.ts';
import { memoryHost, run } from './harness.ts';

const SAFE = readFileSync('samples/droppacket.o');
const UNSAFE = readFileSync('samples/droppacket_unsafe.o');

async function opened(first: Uint8Array) {
  const host = memoryHost({ 'x.o': first });
  const session = new Session(rootContext, host);
  await run(session, 'ebpf debug verification x.o section=xdp');
  const replace = (bytes: Uint8Array | string) => {
    host.files['x.o'] = bytes;
  };
  return { session, replace };
}

describe('reload', () => {
  it('says what is fixed and goes to the same source line, where it stands now', async () => {
    const { session, replace } = await opened(UNSAFE);
    await run(session, 'goto failure 1');
    replace(SAFE);
    const { stdout, exitCode } = await run(session, 'reload');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^Program DropPacket in section xdp: accepted\.\n {2}fixed {3}PKT-01 [^\n]+:25 [^\n]+\n {2}fixed {3}PKT-02 [^\n]+\n\n; \.\/samples\/droppacket\.c:20\n; {5}if \(ip->protocol == PROTOCOL_UDP\) \{\n/,
    );
    expect(session.prompt).toBe('netsh ebpf debug>');
  });

  it('says what is new', async () => {
    const { session, replace } = await opened(SAFE);
    replace(UNSAFE);
    expect(JSON.parse((await run(session, 'reload format=json')).stdout)).toMatchObject({
      verdict: 'rejected',
      fixed: [],
      new: [{ id: 'PKT-01' }, { id: 'PKT-02' }],
    });
  });

  it('keeps breakpoints, and says where nothing leads any more', async () => {
    const { session, replace } = await opened(UNSAFE);
    await run(session, 'break line 26');
    await run(session, 'goto line 26');
    replace(SAFE);
    expect((await run(session, 'reload')).stdout).toContain('\nNothing leads to if (ntohs(udp->length)');
    expect((await run(session, 'show breakpoints')).stdout).toContain('line 26');
  });

  it('leaves everything as it was where the file cannot be read', async () => {
    const { session, replace } = await opened(UNSAFE);
    await run(session, 'goto failure 2');
    replace('no object');
    expect(await run(session, 'reload')).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('x.o is malformed') });
    expect((await run(session, 'state')).stdout).toContain('Known before instruction 4');
  });
});
