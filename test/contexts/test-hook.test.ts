import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newSession, run } from './harness.ts';

const files = Object.fromEntries(
  ['hooks.o', 'linux_hooks.o'].map((name) => [
    name,
    new Uint8Array(readFileSync(fileURLToPath(new URL(`../runtime/fixtures/${name}`, import.meta.url)))),
  ]),
);

async function last(...lines: readonly string[]) {
  const session = newSession(files);
  await run(session, 'ebpf');
  let result = await run(session, 'show programs');
  for (const line of lines) result = await run(session, line);
  return result;
}

const ALL = 'add program hooks.o attach=all';
/** Rejects what no policy allows. */
const POLICY = 'add program samples/cgroup_sock_addr.o';

describe('test hook', () => {
  it('says that nobody is attached', async () =>
    expect((await last('test hook bind')).stdout).toBe('No program is attached to bind: the event proceeds.\n'));

  it('asks one program', async () => {
    expect((await last(ALL, 'test hook listen6')).stdout).toBe('1. program 14 (listen6): 1 (PROCEED_SOFT)\nThe event proceeds.\n');
    expect((await last(ALL, 'test hook bind')).stdout).toMatch(/\(on_bind\): 1 \(BIND_DENY\)\nThe event is rejected\.\n$/);
    expect((await last(ALL, 'test hook bind fields=operation=2')).stdout).toMatch(/\(on_bind\): 0 \(BIND_PERMIT_SOFT\)\nThe event proceeds\.\n$/);
    expect((await last(ALL, 'test hook process fields=process_id=66')).stdout).toMatch(/The event is rejected\.\n$/);
  });

  it('tells where a connection goes now', async () =>
    expect((await last(ALL, 'test hook connect4')).stdout).toMatch(/PROCEED_SOFT\)\nThe event proceeds, to another destination\.\n$/));

  it('asks programs in order of attachment, each about what the one before left', async () => {
    const after = await last(ALL, POLICY, 'test hook connect4 format=json');
    const { programs, verdict, redirected } = JSON.parse(after.stdout);
    expect([programs.map(({ name }: { name: string }) => name), verdict, redirected]).toEqual([['connect4', 'authorize_connect4'], 'reject', false]);
    // The first program's new address, in the context of the second.
    expect(programs[1].context.slice(48, 56)).toBe('0a000001');
  });

  it('ends the chain with a rejection', async () => {
    const before = await last(POLICY, ALL, 'test hook connect4');
    expect(before.stdout).toMatch(
      /^1\. program \d+ \(authorize_connect4\): 0 \(REJECT\)\n {3}program \d+ \(connect4\) was not asked\nThe event is rejected\.\n$/,
    );
  });

  it('fires only where programs are attached', async () => {
    const attached = ['add program hooks.o attach=none pinned=all', 'set program 5 attached=cgroup/connect4 compartment=3'];
    expect((await last(...attached, 'test hook connect4 compartment=2')).stdout).toContain('No program is attached');
    expect((await last(...attached, 'test hook connect4 compartment=3')).stdout).toContain('1. program 5 (connect4)');
  });

  const refused: readonly [string, string][] = [
    ['test hook connet4', 'Did you mean "connect4"'],
    ['test hook xdp', 'XDP sees packets: interface feed sends them.'],
    ['test hook connect4 fields=user=1', 'bpf_sock_addr_t has no field "user".'],
    ['test hook cgroup_device', 'eBPF for Windows has no such attach type'],
  ];
  it.each(refused)('%s', async (line, message) => expect((await last(line)).stderr).toContain(message));

  it('asks every program on Linux, even behind a rejection', async () => {
    const result = await last(
      'add program linux_hooks.o platform=linux attach=none pinned=all',
      'show programs',
      'set program 11 attached=cgroup_device',
      'test hook cgroup_device platform=linux fields=major=5',
    );
    expect(result.stdout).toMatch(/\(on_device\): 0 \(reject\)\nThe event is rejected\.\n$/);
  });
});
