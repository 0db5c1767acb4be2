import { describe } from 'vitest';
import { playSteps } from './steps.ts';

const FAILED = ['Verification failed', 'Verification report:'];

describe('the debugging tutorial', () => {
  playSteps([
    {
      line: 'ebpf show sections samples/droppacket_unsafe.o',
      finds: [/^ +\.text +ntohs +unspec +24$/, /^ +xdp +DropPacket +xdp +160$/, /^ +array +4 +8 +1 +dropped_packet_map$/],
    },
    {
      line: 'sh ver samples/droppacket_unsafe.o .text',
      finds: ['Program type: xdp (inferred', ...FAILED, 'value << 8 | value >> 8', /^1: .*\(r0\.type == number\)$/],
      without: 'ip->protocol',
      exitCode: 1,
    },
    {
      line: 'sh ver samples/droppacket_unsafe.o xdp',
      finds: [
        ...FAILED,
        /^; .*droppacket_unsafe\.c:25$/,
        ';     if (ip->protocol == PROTOCOL_UDP) {',
        /^2: Upper bound must be at most packet_size \(valid_access\(r1\.offset\+9, width=1\).*\)$/,
        /^; .*droppacket_unsafe\.c:26$/,
        'ntohs(udp->length)',
        /^4: Upper bound must be at most packet_size \(valid_access\(r1\.offset\+24, width=2\).*\)$/,
        '2 errors',
      ],
      exitCode: 1,
    },
    { line: 'ebpf show disassembly samples/droppacket_unsafe.o .text', finds: ['       1:\tr0 = be16 r0'] },
    {
      line: 'ebpf show disassembly samples/droppacket_unsafe.o xdp',
      finds: ['       2:\tr2 = *(u8 *)(r1 + 9)', '       3:\tif r2 != 17 goto +15 <19>', '       4:\tr1 = *(u16 *)(r1 + 24)', '      19:\texit'],
    },
    { line: 'sh ver samples/droppacket_unsafe.o .text lev=info', finds: [...FAILED, /^1: .*number/, /^ {4}[A-Z]+-\d+: /], exitCode: 1 },
    {
      line: 'sh ver samples/droppacket_unsafe.o xdp level=informational',
      finds: [...FAILED, /^2: /, /^ {4}PKT-\d+: /, 'missing: 10 bytes', /^4: /, 'missing: 16 bytes'],
      exitCode: 1,
    },
    {
      line: 'ebpf show verification samples/printk_unsafe.o',
      finds: [...FAILED, /^; .*printk_unsafe\.c:7$/, /^7: Invalid type \(r3\.type == number\)$/, '1 errors'],
      exitCode: 1,
    },
    { line: 'ebpf show verification samples/droppacket.o', finds: ['Verification succeeded'] },
    {
      line: 'ebpf show disassembly samples/droppacket.o',
      finds: ['       3:\tr3 = r1', '       4:\tr3 += 28', /if r3 > r2 goto/, '*(u8 *)(r1 + 9)'],
    },
  ]);
});
