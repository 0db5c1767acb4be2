import { describe } from 'vitest';
import { playSteps } from './steps.ts';

/** A row of `show sections`, whatever its padding. */
function row(section: string, program: string, type: string, bytes: number): RegExp {
  return new RegExp(`^ +${section} +${program} +${type} +${bytes}$`);
}

const SUCCEEDED = ['Verification succeeded', /^Program terminates within 0 loop iterations$/];

describe('the eBPF tutorial: sections of an object', () => {
  playSteps([
    { line: 'ebpf show sections samples/bpf.o', finds: [row('\\.text', 'func', 'unspec', 16)] },
    { line: 'eb sh sec samples/bpf.o', finds: [row('\\.text', 'func', 'unspec', 16)] },
    { line: 'ebpf show sections samples/bpf-d.o', finds: [row('\\.text', 'func', 'unspec', 16)] },
    { line: 'ebpf show sections samples/bpf2.o', finds: [row('myprog', 'func', 'unspec', 16), row('another', 'anotherfunc', 'unspec', 16)] },
    {
      line: 'ebpf show section samples/bpf.o .text verbose',
      finds: [
        'Section      : .text',
        'Size         : 16 bytes',
        'Instructions : 2',
        'arith64      : 1',
        'assign       : 1',
        'instructions : 4',
        'other        : 3',
      ],
    },
  ]);
});

describe('the eBPF tutorial: verification', () => {
  playSteps([
    { line: 'ebpf show verification samples/bpf.o type=sample_ext', finds: SUCCEEDED, without: 'Section ' },
    { line: 'ebpf show verification samples/bpf2.o', finds: ['program func:', ...SUCCEEDED, 'program anotherfunc:', ...SUCCEEDED] },
    { line: 'ebpf show verification samples/bpf2.o myprog type=sample_ext', finds: SUCCEEDED, without: 'anotherfunc' },
    { line: 'ebpf show verification samples/bpf2.o another', finds: SUCCEEDED, without: 'myprog' },
    {
      line: 'ebpf show verification samples/bpf.o type=sample_ext level=verbose',
      finds: [...SUCCEEDED, /^Program Type +: sample$/, /^Instructions +: 2$/],
    },
  ]);
});

describe('the eBPF tutorial: disassembly', () => {
  playSteps([
    { line: 'ebpf show disassembly samples/bpf.o', finds: ['       0:\tr0 = 0', '       1:\texit'], without: ';' },
    { line: 'ebpf show disassembly samples/bpf-d.o', finds: [/^; .*bpf\.c:5$/, ';     return 0;', '       0:\tr0 = 0', '       1:\texit'] },
    { line: 'ebpf show disassembly samples/bpf2.o myprog', finds: ['       0:\tr0 = 0', '       1:\texit'], without: 'anotherfunc' },
    { line: 'ebpf show disassembly samples/bpf2.o another', finds: ['       0:\tr0 = 1', '       1:\texit'] },
  ]);
});

describe('the eBPF tutorial: hooks, helpers and maps', () => {
  playSteps([
    { line: 'ebpf show verification samples/myxdp.o', finds: SUCCEEDED },
    {
      line: 'ebpf show verification samples/myxdp_layout.o',
      finds: ['Verification failed', /^1: Upper bound must be at most 32 \(valid_access\(r1\.offset\+32, width=8\).*\)$/, '1 errors'],
      exitCode: 1,
    },
    {
      line: 'ebpf show verification samples/helpers.o type=sample_ext',
      finds: ['Verification failed', /^4: .*\(r1\.type == map_fd\)$/, /^4: .*\(r3\.type in \{stack, packet, shared\}\)$/],
      exitCode: 1,
    },
    { line: 'ebpf show sections samples/maponly.o', finds: [/^ +percpu_array +4 +4 +512 +map$/] },
    {
      line: 'ebpf show disassembly samples/map.o',
      finds: ['r1 = 42', 'r1 = map_fd 1', 'r0 = bpf_map_update_elem:2(map_fd r1, map_key r2, map_value r3, uint64_t r4)'],
    },
    { line: 'ebpf show verification samples/map.o type=sample_ext', finds: SUCCEEDED },
  ]);
});
