/** Rules that a program's type and what it is attached to make, and not what its code does: what it may return, which kernel functions it may call. */
import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import { verifyText } from './program-text.ts';

/** The failed checks of a program of a section. */
function failures(section: string, text: string, type = 'lsm'): readonly string[] {
  const report = verifyText({ platform: linux, type, section, text });
  expect(report.error).toBeUndefined();
  return report.failures.map(({ check }) => check.kind);
}

const returning = (value: number) => `r0 = ${value}\nexit`;
/** Returns the word of the context at an offset, at 64 or 32 bits. */
const passing = (offset: number, bits: 32 | 64 = 64) => `r0 = *(u${bits} *)(r1 + ${offset})\nexit`;

describe('what a program of a security hook may return', () => {
  it.each([
    ['0 where the hook returns an errno', 'lsm/file_open', returning(0), []],
    ['-EPERM where the hook returns an errno', 'lsm.s/file_open', returning(-1), []],
    ['the least errno', 'lsm/file_open', returning(-4095), []],
    ['less than the least errno', 'lsm/file_open', returning(-4096), ['exit_value']],
    ['1 where the hook returns an errno', 'lsm/file_open', returning(1), ['exit_value']],
    ['1 where the hook answers yes or no', 'lsm/inode_xattr_skipcap', returning(1), []],
    ['-1 where the hook answers yes or no', 'lsm/inode_xattr_skipcap', returning(-1), ['exit_value']],
    ['anything where the hook returns nothing', 'lsm/task_free', returning(77), []],
    ['what is not known where the hook returns nothing', 'lsm/task_free', 'call bpf_ktime_get_ns\nexit', []],
    ['what is not known where the hook returns an errno', 'lsm/file_open', 'call bpf_ktime_get_ns\nexit', ['exit_value']],
    ['what is not known at a hook that this kernel does not have', 'lsm/of_the_future', 'call bpf_ktime_get_ns\nexit', ['exit_value']],
    ['what was returned so far', 'lsm/file_open', passing(8), []],
    ['the low half of what was returned so far', 'lsm/file_open', passing(8, 32), []],
    ['another argument', 'lsm/file_open', passing(0), ['exit_value']],
    ['an argument of a hook that has more of them', 'lsm/inode_rename', passing(8), ['exit_value']],
    ['what was returned so far by a hook that has more arguments', 'lsm/inode_rename', passing(32), []],
    ['0 in a cgroup, which forbids', 'lsm_cgroup/socket_bind', returning(0), []],
    ['2 in a cgroup', 'lsm_cgroup/socket_bind', returning(2), ['exit_value']],
    ['1 in a cgroup where the hook returns nothing', 'lsm_cgroup/sk_clone_security', returning(1), []],
    ['0 in a cgroup where the hook returns nothing', 'lsm_cgroup/sk_clone_security', returning(0), ['exit_value']],
  ] as const)('%s', (_, section, text, expected) => {
    expect(failures(section, text)).toEqual(expected);
  });
});

describe('a pointer is no result where results have a range', () => {
  it.each([
    ['fentry/do_nanosleep', ['exit_value']],
    ['fmod_ret/do_nanosleep', []],
  ] as const)('%s', (section, expected) => {
    expect(failures(section, passing(0), 'tracing')).toEqual(expected);
  });
});

describe('kernel functions are for the programs that they are registered for', () => {
  const calling = (name: string) => `kfunc ${name}\nr0 = 0\nexit`;
  const throughout = 'kfunc bpf_rcu_read_lock\nkfunc bpf_rcu_read_unlock\nr0 = 0\nexit';
  const mask = `
    kfunc bpf_cpumask_create
    if r0 == 0 goto <out>
    r1 = r0
    kfunc bpf_cpumask_release
  out:
    r0 = 0
    exit`;
  it.each([
    ['a common one in a packet program', 'xdp', throughout, 'xdp', []],
    ['a common one in a probe', 'kprobe/do_nanosleep', throughout, 'kprobe', []],
    ['masks of processors in a packet program', 'xdp', mask, 'xdp', ['helper_unavailable']],
    ['masks of processors in a tracing program', 'tp_btf/sys_enter', mask, 'tracing', []],
    ['masks of processors where a function is replaced, by whose type is not known', 'freplace/f', mask, 'ext', []],
    ['a task from an observer without types', 'raw_tp/sys_enter', 'r1 = 1\nkfunc bpf_task_from_pid\nexit', 'raw_tracepoint', ['helper_unavailable']],
    ['a session in a probe that has one', 'kprobe.session/do_nanosleep', calling('bpf_session_is_return'), 'kprobe', []],
    ['a session in a probe that has none', 'kprobe.multi/do_nanosleep', calling('bpf_session_is_return'), 'kprobe', ['helper_unavailable']],
    ['a session in a packet program', 'xdp', calling('bpf_session_is_return'), 'xdp', ['helper_unavailable']],
    ['files outside of security hooks', 'tp_btf/sys_enter', 'r1 = *(u64 *)(r1 + 0)\nkfunc bpf_put_file\nexit', 'tracing', ['helper_unavailable']],
  ] as const)('%s', (_, section, text, type, expected) => {
    expect(failures(section, text, type)).toEqual(expected);
  });
});

describe('values of one processor are looked up in maps that have one for each', () => {
  const text = `
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r3 = 0
    r1 = map m
    call bpf_map_lookup_percpu_elem
    r0 = 0
    exit`;
  it.each([
    ['percpu_hash', []],
    ['percpu_array', []],
    ['lru_percpu_hash', []],
    ['hash', ['map_kind']],
    ['array', ['map_kind']],
  ] as const)('%s', (type, expected) => {
    const report = verifyText({ platform: linux, type: 'xdp', section: 'xdp', text, maps: [{ name: 'm', type, key: 4, value: 8 }] });
    expect(report.failures.map(({ check }) => check.kind)).toEqual(expected);
  });
});

describe('results that helpers write are aligned wherever they lie', () => {
  const text = (mask: number) => `
    call bpf_get_prandom_u32
    r8 = r0
    r8 &= ${mask}
    *(u64 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = map m
    call bpf_map_lookup_elem
    if r0 == 0 goto <out>
    r4 = r0
    r4 += r8
    r1 = r10
    r1 += -8
    r2 = 8
    r3 = 0
    call bpf_strtol
  out:
    r0 = 0
    exit`;
  it.each([
    [8, []],
    [12, ['misaligned']],
  ] as const)('at any multiple up to %i', (mask, expected) => {
    const maps = [{ name: 'm', type: 'hash', key: 4, value: 64 }];
    const report = verifyText({ platform: linux, type: 'cgroup_sysctl', section: 'cgroup/sysctl', text: text(mask), maps });
    expect(report.failures.map(({ check }) => check.kind)).toEqual(expected);
  });
});

describe('packets are seen only by the helpers that the kernel lets', () => {
  const checked = `
    r6 = *(u32 *)(r1 + 0)
    r7 = *(u32 *)(r1 + 4)
    r2 = r6
    r2 += 16
    if r2 > r7 goto <out>
    r2 = r6`;
  const leaving = `
  out:
    r0 = 0
    exit`;
  it.each([
    ['a key', `${checked}\nr1 = map m\ncall bpf_map_lookup_elem\n${leaving}`, []],
    ['bytes to add up', `${checked}\nr1 = r6\nr2 = 16\nr3 = 0\nr4 = 0\nr5 = 0\ncall bpf_csum_diff\n${leaving}`, []],
    ['bytes to print', `${checked}\nr1 = r6\nr2 = 16\ncall bpf_trace_printk\n${leaving}`, ['argument_type']],
    ['a record', `${checked}\nr1 = map rb\nr3 = 16\nr4 = 0\ncall bpf_ringbuf_output\n${leaving}`, ['argument_type']],
    ['room for a value', `${checked}\nr1 = map q\ncall bpf_map_pop_elem\n${leaving}`, ['argument_type']],
  ] as const)('%s', (_, text, expected) => {
    const maps = [
      { name: 'm', type: 'hash', key: 4, value: 8 },
      { name: 'q', type: 'queue', key: 0, value: 8 },
      { name: 'rb', type: 'ringbuf', key: 0, value: 0 },
    ];
    const report = verifyText({ platform: linux, type: 'xdp', section: 'xdp', text, maps });
    expect(report.failures.map(({ check }) => check.kind)).toEqual(expected);
  });
});

describe('Linux takes no function that goes on in another', () => {
  const text = (end: string) => `
    call <sub>
  out:
    r0 = 0
    exit
  sub:
    r0 = 1
    ${end}`;
  it.each([
    ['one that ends', 'exit', []],
    ['one that jumps into its caller', 'if r1 == 0 goto <out>\nexit', ['control_flow CFG-03']],
  ] as const)('%s', (_, end, expected) => {
    const program = { platform: linux, type: 'xdp', text: text(end) };
    expect(verifyText({ ...program, section: 'xdp' }).failures.map(({ check, id }) => `${check.kind} ${id}`)).toEqual(expected);
    expect(verifyText(program).verdict).toBe('accepted');
  });

  it('nor one that runs into the next', () => {
    const program = { platform: linux, type: 'xdp', section: 'xdp', text: 'r0 = 0\ncall <sub>\nr0 = 0\nsub:\nr0 = 1\nexit' };
    expect(verifyText(program).failures.map(({ id }) => id)).toEqual(['CFG-03']);
  });
});

describe('Linux takes no constant shift by all bits or more', () => {
  it.each([
    ['r0 <<= 63', []],
    ['r0 <<= 64', ['unsupported']],
    ['w0 >>= 31', []],
    ['w0 >>= 32', ['unsupported']],
    ['r0 s>>= -1', ['unsupported']],
  ] as const)('%s', (shift, expected) => {
    const report = verifyText({ platform: linux, type: 'xdp', section: 'xdp', text: `r0 = 1\n${shift}\nr0 = 1\nexit` });
    expect(report.failures.map(({ check }) => check.kind)).toEqual(expected);
  });
});
