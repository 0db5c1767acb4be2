import { describe, expect, it } from 'vitest';
import { KNOWLEDGE } from '../../src/explain/knowledge/index.ts';
import { newSession, run } from '../contexts/harness.ts';

const longest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

describe('explain', () => {
  it('shows an entry by its id in any case, at the root and below', async () => {
    const session = newSession();
    const { stdout, exitCode } = await run(session, 'explain nul-01');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('NUL-01: Map lookup result used without a null check\n');
    for (const heading of [
      'What the verifier needs:',
      'Rejected:',
      'Accepted:',
      'Fixes:',
      'In eBPF for Windows (PREVAIL):',
      'In Linux:',
      'Related: NUL-02',
    ])
      expect(stdout).toContain(heading);
    expect((await run(session, 'ebpf explain NUL-01')).stdout).toBe(stdout);
    await run(session, 'ebpf');
    expect((await run(session, 'explain NUL-01')).stdout).toBe(stdout);
    await run(session, 'debug verification samples/droppacket_unsafe.o');
    expect(session.prompt).toContain('debug');
    expect((await run(session, 'explain NUL-01')).stdout).toBe(stdout);
  });

  it('says with which instruction set a fix is accepted', async () => {
    const { stdout } = await run(newSession(), 'explain MAP-02');
    expect(stdout).toContain('    -mcpu=v1: PREVAIL and Linux accept it; -mcpu=v3: only Linux accepts it\n');
    expect(stdout).toContain('    -mcpu=v1 and v3: PREVAIL and Linux accept it\n');
  });

  it('finds a pasted message, quoted or not, and names the alternatives', async () => {
    const quoted = await run(newSession(), `explain "R0 invalid mem access 'map_value_or_null'"`);
    expect(quoted.exitCode).toBe(0);
    expect(quoted.stdout).toContain('That is a message of the Linux kernel:');
    expect(quoted.stdout).toContain('NUL-01: Map lookup');
    expect(quoted.stdout).toMatch(/The same words can mean:\n {2}NUL-02/);
    const bare = await run(newSession(), "explain R5 invalid mem access 'map_value_or_null'");
    expect(bare.stdout).toBe(quoted.stdout);
    const equals = await run(newSession(), 'explain invalid access to packet, off=40 size=2, R4(id=0,off=40,r=34)');
    expect(equals.stdout).toContain('PKT-02: Bounds check of the packet is too short');
  });

  it('suggests ids near an unknown one', async () => {
    const { stderr, stdout, exitCode } = await run(newSession(), 'explain NUL-09');
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain('There is no entry NUL-09.\nDid you mean "NUL-01"');
  });

  it('lists the nearest entries for an unknown text, with exit code 1', async () => {
    const { stdout, exitCode } = await run(newSession(), 'explain my stack is too big');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('The nearest:\n');
    expect(stdout).toContain('STK-04');
    expect((await run(newSession(), 'explain zzz')).stdout).toContain('"explain" alone lists everything.');
  });

  it('lists a family, and everything', async () => {
    const family = await run(newSession(), 'explain resource');
    expect(family.stdout).toContain('Resource Lifetime Safety\n');
    expect(family.stdout).toContain('  REF-01  ');
    expect(family.stdout).not.toContain('NUL-01');
    expect((await run(newSession(), 'explain "Verification failed: Resource Lifetime Safety"')).stdout).toBe(family.stdout);
    const all = (await run(newSession(), 'explain')).stdout;
    for (const { id } of KNOWLEDGE) expect(all).toContain(`  ${id.padEnd(8)}`);
  });

  it('speaks JSON', async () => {
    const entry = JSON.parse((await run(newSession(), 'explain NUL-01 format=json')).stdout);
    expect(entry).toMatchObject({ schema: 1, entry: { id: 'NUL-01', nature: 'bug', family: 'register' } });
    const found = JSON.parse((await run(newSession(), 'explain R0 !read_ok format=json')).stdout);
    expect(found.matches[0]).toMatchObject({ id: 'UNI-01', dialect: 'linux' });
    expect(found.entry.id).toBe('UNI-01');
    const unknown = await run(newSession(), 'explain my stack is too big format=json');
    expect(unknown.exitCode).toBe(1);
    expect(JSON.parse(unknown.stdout).matches).toEqual([]);
    expect(JSON.parse((await run(newSession(), 'explain format=json')).stdout).entries).toHaveLength(KNOWLEDGE.length);
  });

  it('fits 80 columns and stays free of control and box characters', async () => {
    const session = newSession();
    const texts = [(await run(session, 'explain')).stdout, (await run(session, 'explain memory')).stdout];
    for (const { id } of KNOWLEDGE) texts.push((await run(session, `explain ${id}`)).stdout);
    texts.push((await run(session, 'explain Upper bound must be at most packet_size (valid_access(r1.offset+12, width=1) for read)')).stdout);
    for (const text of texts) {
      expect(longest(text), text.split('\n').find((line) => line.length > 80) ?? text).toBeLessThanOrEqual(80);
      expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    }
  });
});
