import { describe, expect, it } from 'vitest';
import { compareSteps } from '../../src/explain/kernel/compare.ts';
import { parseKernelLog } from '../../src/explain/kernel/log.ts';
import { kernelValueWords } from '../../src/explain/kernel/value.ts';
import { DebugSession } from '../../src/explain/session.ts';
import type { InstructionList, Register } from '../../src/isa/instruction.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { verify } from '../../src/verifier/index.ts';
import { debugSample } from './open.ts';
import { atFailure, hasFailures } from './queries/corpus-failure.ts';

/** As Linux 6.18 writes it at level 2, in the output of libbpf. */
const LEVEL_2 = `libbpf: prog 'prog': BPF program load failed: Permission denied
libbpf: prog 'prog': -- BEGIN PROG LOAD LOG --
func#0 @0
Live regs before insn:
      0: .1........ (61) r6 = *(u32 *)(r1 +16)
  1   8: 0123...... (71) r4 = *(u8 *)(r1 +1)
0: R1=ctx() R10=fp0
; asm volatile( @ 67-spilled-bound.c:5
0: (61) r6 = *(u32 *)(r1 +16)         ; R1=ctx() R6=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
2: (b7) r1 = 1                        ; R1=1
3: (63) *(u32 *)(r10 -4) = r1         ; R1=1 R10=fp0 fp-8=mmmm????
8: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=2,map=m,ks=4,vs=64) refs=2
10: (25) if r6 > 0x3f goto pc+5       ; R6=scalar(id=1,smin=smin32=0,smax=umax=smax32=umax32=63,var_off=(0x0; 0x3f))
13: (0f) r0 += r7
mark_precise: frame0: last_idx 13 first_idx 10 subseq_idx -1 
14: R0=map_value(map=m,ks=4,vs=64,smin=smin32=0,smax=umax=smax32=umax32=126,var_off=(0x0; 0x7e)) R7=scalar(smin=smin32=0,smax=umax=smax32=umax32=126,var_off=(0x0; 0x7e))
14: (71) r0 = *(u8 *)(r0 +0)
invalid access to map value, value_size=64 off=126 size=1
R0 max value is outside of the allowed memory range
verification time 188 usec
stack depth 16
processed 14 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'prog': failed to load: -13
`;

/** As Linux 4.19 and 5.4 write it: states stand before instructions, numbers are called inv. */
const OLD = `0: (61) r2 = *(u32 *)(r1 +4)
 R1=ctx(id=0,off=0,imm=0) R10=fp0,call_-1
1: (61) r1 = *(u32 *)(r1 +0)
from 1 to 5: R1_w=pkt(id=0,off=0,r=14,imm=0) R2=pkt_end(id=0,off=0,imm=0) R6=inv(id=0,umax_value=63,var_off=(0x0; 0x3f)) R10=fp0,call_-1
5: (71) r0 = *(u8 *)(r1 +23)
invalid access to packet, off=23 size=1, R1(id=0,off=0,r=14)
R1 offset is outside of the packet
processed 6 insns (limit 131072), stack depth 0
`;

/** As Linux 7.3 writes it. */
const REPORT = `0: R1=ctx() R10=fp0
0: (95) exit
R0 !read_ok

Verification failed: Register Type Safety: Unreadable register

Reason:
  R0 has never been initialized on this path, so the verifier cannot use it as an input.

At:
  insn 0
        | ^-- error: R0 is not readable

Causal path:
  no retained diagnostic events on this path

Suggestion:
  Initialize R0 on every path before this instruction.

processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`;

describe('logs of the kernel', () => {
  it('are read as libbpf prints them, with a state for every instruction', () => {
    const log = parseKernelLog(LEVEL_2, 'prog');
    expect(log).toMatchObject({ accepted: false, failed: 14, report: undefined, unknown: [] });
    expect(log.messages).toEqual([
      'invalid access to map value, value_size=64 off=126 size=1',
      'R0 max value is outside of the allowed memory range',
    ]);
    expect(log.steps.map(({ pc }) => pc)).toEqual([0, 2, 3, 8, 10, 13, 14]);
    expect(log.steps[1]).toMatchObject({ text: 'r1 = 1', frame: 0 });
    expect([...log.steps[2]!.after]).toEqual([
      ['R1', '1'],
      ['R10', 'fp0'],
      ['fp-8', 'mmmm????'],
    ]);
    expect(log.steps[3]!.after.get('R0')).toBe('map_value_or_null(id=2,map=m,ks=4,vs=64)');
    expect(log.steps[6]!.before.get('R7')).toContain('umax32=126');
    expect(log.statistics).toMatch(/^processed 14 insns/);
  });

  it('of older kernels are read, too', () => {
    const log = parseKernelLog(OLD);
    expect(log).toMatchObject({ accepted: false, failed: 5 });
    expect(log.messages).toHaveLength(2);
    expect(log.steps.map(({ pc, resumed }) => [pc, resumed])).toEqual([
      [0, false],
      [1, false],
      [5, true],
    ]);
    expect(kernelValueWords(log.steps[2]!.before.get('R6')!)).toBe('0..63');
    expect(kernelValueWords(log.steps[2]!.before.get('R1')!)).toBe('packet + 0, 14 bytes proved');
  });

  it('of Linux 7.3 bring a report', () => {
    const { report, messages, failed } = parseKernelLog(REPORT);
    expect(messages).toEqual(['R0 !read_ok']);
    expect(failed).toBe(0);
    expect(report).toEqual({
      category: 'Register Type Safety',
      problem: 'Unreadable register',
      reason: 'R0 has never been initialized on this path, so the verifier cannot use it as an input.',
      instruction: 0,
      path: ['no retained diagnostic events on this path'],
      suggestion: 'Initialize R0 on every path before this instruction.',
    });
  });

  it('of a program that passes end with statistics alone', () => {
    const text = '0: R1=ctx() R10=fp0\n0: (b7) r0 = 0 ; R0=0\n1: (95) exit\nprocessed 2 insns (limit 1000000) max_states_per_insn 0\n';
    expect(parseKernelLog(text)).toMatchObject({ accepted: true, messages: [], failed: undefined });
  });

  it.each(['', 'nothing of the kind', '\0\x7fELF', '0: (\n1: R\nfrom 1 to\n', 'Verification failed: \nReason:', '9'.repeat(5000)])(
    'that are none do no harm: %j',
    (text) => {
      const log = parseKernelLog(text);
      expect(log.accepted).toBe(false);
      expect(log.steps).toEqual([]);
      expect([...log.messages, ...log.unknown, log.report === undefined ? '' : 'report'].length).toBeGreaterThan(0);
    },
  );
});

describe('values of the kernel', () => {
  it.each([
    ['7', '7'],
    ['P0', '0'],
    ['-4', '-4'],
    ['0xffffffff', '4294967295'],
    ['scalar()', 'any number'],
    ['inv(id=0)', 'any number'],
    ['inv42', '42'],
    ['scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))', 'any 32-bit number'],
    ['scalar(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))', '0..255'],
    ['scalar(smin=-5,smax=7)', '-5..7'],
    ['ctx()', 'context + 0'],
    ['ctx(off=8)', 'context + 8'],
    ['fp0', 'address of fp'],
    ['fp-16', 'address of fp-16'],
    ['pkt(off=2,r=14)', 'packet + 2, 12 bytes proved'],
    ['pkt(id=1,off=14,r=0,umax=60,var_off=(0x0; 0x3c))', 'packet + (14..74), 0 bytes proved'],
    ['pkt_end()', 'end of the packet'],
    ['map_ptr(map=m,ks=4,vs=8)', 'map m'],
    ['map_value(map=m,ks=4,vs=64,off=4)', 'value of map m + 4 of 64 bytes'],
    ['map_value_or_null(id=1,map=m,ks=4,vs=8)', 'value of map m + 0 of 8 bytes, may be null'],
    ['ringbuf_mem(ref_obj_id=2,sz=8)', 'record + 0 of 8 bytes'],
    ['something_new(a=1)', 'something_new(a=1)'],
    ['???', '???'],
  ])('%s is %s', (text, words) => expect(kernelValueWords(text)).toBe(words));
});

/** What Linux 6.18 printed of the loop below, without lines that are passed over. */
const LOOP_LOG = `0: R1=ctx() R10=fp0
0: (b7) r6 = 0                        ; R6=0
1: (b7) r7 = 0                        ; R7=0
2: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
3: (25) if r0 > 0x5 goto pc+1         ; R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=5,var_off=(0x0; 0x7))
4: (07) r6 += 1                       ; R6=1
5: (07) r7 += 1                       ; R7=1
6: (a5) if r7 < 0x3 goto pc-5
6: R7=1
2: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
3: (25) if r0 > 0x5 goto pc+1         ; R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=5,var_off=(0x0; 0x7))
4: (07) r6 += 1                       ; R6=2
5: (07) r7 += 1                       ; R7=2
6: (a5) if r7 < 0x3 goto pc-5
6: R7=2
2: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
3: (25) if r0 > 0x5 goto pc+1         ; R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=5,var_off=(0x0; 0x7))
4: (07) r6 += 1                       ; R6=3
5: (07) r7 += 1                       ; R7=3
6: (a5) if r7 < 0x3 goto pc-5
6: R7=3
7: (bf) r0 = r6                       ; R0=3 R6=3
8: (95) exit

from 3 to 5: safe

from 3 to 5: R0=scalar(umin=6) R6=1 R7=1 R10=fp0
5: R0=scalar(umin=6) R6=1 R7=1 R10=fp0
5: (07) r7 += 1                       ; R7=2
6: (a5) if r7 < 0x3 goto pc-5
6: R7=2
2: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
3: (25) if r0 > 0x5 goto pc+1         ; R0=scalar(smin=smin32=0,smax=umax=smax32=umax32=5,var_off=(0x0; 0x7))
4: (07) r6 += 1
5: safe

from 3 to 5: safe

from 3 to 5: R0=scalar(umin=6) R6=0 R7=0 R10=fp0
5: R0=scalar(umin=6) R6=0 R7=0 R10=fp0
5: (07) r7 += 1                       ; R7=1
6: (a5) if r7 < 0x3 goto pc-5
6: R7=1
2: safe
processed 30 insns (limit 1000000) max_states_per_insn 1 total_states 3 peak_states 3 mark_read 0
`;

describe('the log of a loop beside our own states', () => {
  it('stands beside the same turns', async () => {
    const { machine, program } = await debugSample('xdp_linux', undefined, 'linux');
    const set = (dst: Register, value: number) =>
      ({ kind: 'binary', operator: 'mov', width: 64, dst, source: { kind: 'immediate', value } }) as const;
    const plusOne = (dst: Register) => ({ kind: 'binary', operator: 'add', width: 64, dst, source: { kind: 'immediate', value: 1 } }) as const;
    const branch = { kind: 'branch', width: 64 } as const;
    const instructions: InstructionList = [
      set(6, 0),
      set(7, 0),
      { kind: 'call', helper: 7 },
      { ...branch, comparison: 'gt', dst: 0, source: { kind: 'immediate', value: 5 }, offset: 1 },
      plusOne(6),
      plusOne(7),
      { ...branch, comparison: 'lt', dst: 7, source: { kind: 'immediate', value: 3 }, offset: -5 },
      { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'register', register: 6 } },
      { kind: 'exit' },
    ];
    const functions = program.functions.slice(0, 1).map((range) => ({ ...range, start: 0, end: instructions.length }));
    const loop = { ...program, instructions, functions, lines: [] };
    const session = new DebugSession(loop, verify(machine.object, loop, { platform: linux, precision: 512 }));
    const log = parseKernelLog(LOOP_LOG);
    expect(log.steps.filter(({ resumed }) => resumed).map(({ backTo }) => backTo)).toEqual([
      [3, 3],
      [3, 3],
    ]);
    const turns = compareSteps(session, log).filter(({ pc }) => pc === 5);
    expect(turns.map(({ resumed }) => resumed)).toEqual([false, false, false, true, true]);
    for (const { places } of turns) expect(places).toEqual([expect.objectContaining({ subject: 'r7', ours: places[0]!.kernel })]);
    expect(turns.map(({ places }) => places[0]!.kernel)).toEqual(['1', '2', '3', '2', '1']);
  });
});

describe.runIf(hasFailures(1))('the log beside our own states', () => {
  it('agrees on what both know', async () => {
    const session = await atFailure('67-spilled-bound');
    const { place } = session;
    const steps = compareSteps(session, parseKernelLog(LEVEL_2, 'prog'));
    expect(session.place).toEqual(place);
    const row = (pc: number, subject: string) => steps.find((step) => step.pc === pc)?.places.find((one) => one.subject === subject);
    expect(row(0, 'r6')).toEqual({ subject: 'r6', ours: 'any 32-bit number', kernel: 'any 32-bit number' });
    expect(row(10, 'r6')).toEqual({ subject: 'r6', ours: '0..63', kernel: '0..63' });
    expect(row(3, 'fp-4..fp-1')).toEqual({ subject: 'fp-4..fp-1', ours: '1', kernel: 'written, any number' });
    // The kernel says what the addition made only before the next instruction.
    expect(row(13, 'r0')?.kernel).toBe('value of map m + (0..126) of 64 bytes');
    expect(steps.every(({ unreached }) => !unreached)).toBe(true);
  });
});
