import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BPF_CALL, BPF_TEXT, SECTION_MAPS, SECTIONS } from '../contexts/listings.ts';
import { ebpfsh, projectRoot } from './bin.ts';
import { play } from './netsh-play.ts';

const NO_FILE = 'error: No such file or directory opening nosuchfile.o\n';
const SUCCESS = 'Verification succeeded\nProgram terminates within 0 loop iterations\n';

/** The object's hash in the form of `show hash`. */
const digest = createHash('sha256')
  .update(readFileSync(join(projectRoot, 'samples/map_reuse.o')))
  .digest('hex');
const pairs = digest.match(/../g)!;

describe('netsh cases that look at files', () => {
  play([
    {
      name: '1 show disassembly',
      steps: [
        {
          run: 'show disassembly samples/bpf_call.o',
          stdout: BPF_CALL,
        },
      ],
    },
    {
      name: '2 show disassembly nosuchsection',
      steps: [{ run: 'show disassembly samples/bpf.o nosuchsection', stderr: 'error: Section not found\n', exitCode: 1 }],
    },
    { name: '3 show disassembly nosuchfile.o', steps: [{ run: 'show disassembly nosuchfile.o', stderr: NO_FILE, exitCode: 1 }] },
    { name: '4 show sections nosuchfile.o', steps: [{ run: 'show sections nosuchfile.o', stderr: NO_FILE, exitCode: 1 }] },
    {
      name: '5 show sections bpf.o',
      steps: [
        {
          run: 'show sections samples/bpf.o',
          stdout: `${SECTIONS}                         .text                      func     unspec       16\n${SECTION_MAPS}`,
        },
      ],
    },
    {
      name: '6 show sections bpf.o .text',
      steps: [
        {
          run: 'show sections samples/bpf.o .text',
          stdout: BPF_TEXT,
        },
      ],
    },
    {
      name: '7 show sections of an image with one program',
      steps: [
        { run: 'convert samples/bpf.o {folder}/bpf.wasm bind', stdout: /^Wrote .*bpf\.wasm: 1 program, \d+ bytes\nSigned by [\da-f]{64}\n$/ },
        {
          run: 'show sections {folder}/bpf.wasm',
          stdout: `${SECTIONS}                         .text                      func       bind       16\n${SECTION_MAPS}`,
        },
      ],
    },
    {
      name: '8 show sections of an image with maps',
      steps: [
        { run: 'convert samples/map_reuse.o {folder}/map_reuse.wasm', stdout: /^Wrote / },
        {
          run: 'show sections {folder}/map_reuse.wasm',
          stdout: `${SECTIONS}                    sample_ext             lookup_update     sample      240
${SECTION_MAPS}      hash_of_maps     4      4        1  outer_map
             array     4      4        1  port_map
             array     4      4        1  inner_map
`,
        },
      ],
    },
    {
      name: '9 show sections of an image with several sections',
      steps: [
        { run: 'convert samples/tail_call_multiple.o {folder}/tail_call_multiple.wasm', stdout: /^Wrote .*: 3 programs, / },
        {
          run: 'show sections {folder}/tail_call_multiple.wasm',
          stdout: `${SECTIONS}                  sample_ext/0                   callee0     sample       48
                  sample_ext/1                   callee1     sample       16
                    sample_ext                    caller     sample       48
${SECTION_MAPS}        prog_array     4      4       10  map
`,
        },
      ],
    },
    {
      name: '10 show sections of cgroup_sock_addr as an image',
      steps: [
        { run: 'convert samples/cgroup_sock_addr.o {folder}/cgroup_sock_addr.wasm', stdout: /^Wrote .*: 8 programs, / },
        {
          run: 'show sections {folder}/cgroup_sock_addr.wasm',
          stdout: new RegExp(
            `^${SECTIONS}${[
              ['cgroup/connect4', 'authorize_connect4'],
              ['cgroup/connect6', 'authorize_connect6'],
              ['cgroup/connect_authorization4', 'connect_authorization4'],
              ['cgroup/connect_authorization6', 'connect_authorization6'],
              ['cgroup/recv_accept4', 'authorize_recv_accept4'],
              ['cgroup/recv_accept6', 'authorize_recv_accept6'],
              ['cgroup/listen4', 'authorize_listen4'],
              ['cgroup/listen6', 'authorize_listen6'],
            ]
              .map(([section, program]) => `${section!.padStart(30)}  ${program!.padStart(24)}  sock_addr  +\\d+\n`)
              .join('')}${SECTION_MAPS}`.replaceAll('(bytes)', '\\(bytes\\)') +
              [
                '              hash    56      4        1  egress_connection_policy_map\n',
                '              hash    56      4        1  ingress_connection_policy_map\n',
                '              hash    56      4        1  listen_connection_policy_map\n',
                '              hash    56      8     1000  socket_cookie_map\n$',
              ].join(''),
          ),
        },
      ],
    },
    { name: '11 show verification nosuchfile.o', steps: [{ run: 'show verification nosuchfile.o', stderr: NO_FILE, exitCode: 1 }] },
    { name: '12 show verification bpf.o', steps: [{ run: 'show verification samples/bpf.o program=func type=bind', stdout: SUCCESS }] },
    { name: '13 show verification of calls eight deep', steps: [{ run: 'show verification samples/bpf2bpf.o', stdout: SUCCESS }] },
    {
      name: '29 show hash nosuchfile.o',
      steps: [{ run: 'show hash nosuchfile.o', stdout: 'Error: No such file or directory opening nosuchfile.o\n', exitCode: 1 }],
    },
    {
      name: '30 show hash of an object',
      steps: [{ run: 'show hash samples/bpf.o', stdout: 'Error: No hash section found in samples/bpf.o\n', exitCode: 1 }],
    },
    {
      name: '31 show hash of an image',
      steps: [
        { run: 'convert samples/map_reuse.o {folder}/hashed.wasm', stdout: /^Wrote / },
        {
          run: 'show hash {folder}/hashed.wasm',
          stdout: `Hash for {folder}/hashed.wasm:\nSize: 32 bytes\nData: ${pairs.slice(0, 16).join(' ')}\n      ${pairs.slice(16).join(' ')}\n`,
        },
      ],
    },
    {
      name: '32 show hash of a file that is neither',
      steps: [
        { run: 'show hash samples/build.sh', stdout: 'Error: ELF file samples/build.sh is malformed: offset 0x0: not an ELF file\n', exitCode: 1 },
      ],
    },
    {
      name: '33 show hash hashonly',
      steps: [
        { run: 'convert samples/map_reuse.o {folder}/hashonly.wasm', stdout: /^Wrote / },
        { run: 'show hash {folder}/hashonly.wasm hashonly', stdout: `${digest.toUpperCase()}\n` },
        // The original took any value for yes.
        { run: 'show hash {folder}/hashonly.wasm hashonly=no', stdout: /^Hash for / },
      ],
    },
    {
      name: '34 show hash hashonly of an object',
      steps: [{ run: 'show hash samples/bpf.o hashonly', stdout: 'Error: No hash section found in samples/bpf.o\n', exitCode: 1 }],
    },
    {
      name: '35 show hash hashonly nosuchfile.o',
      steps: [{ run: 'show hash nosuchfile.o hashonly=yes', stdout: 'Error: No such file or directory opening nosuchfile.o\n', exitCode: 1 }],
    },
  ]);

  it('14 show verification printk_unsafe.o bind', () => {
    const { stdout, stderr, exitCode } = ebpfsh(['show verification samples/printk_unsafe.o bind']);
    // Our own sentences stand indented between the lines of the original.
    const classic = stderr
      .split('\n')
      .filter((line) => !line.startsWith('    '))
      .join('\n');
    expect(classic).toBe(`Verification failed

Verification report:

; ./samples/printk_unsafe.c:7
;     PRINTK1("ctx: %u", ctx);

7: Invalid type (r3.type == number)

1 errors

`);
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
  });
});
