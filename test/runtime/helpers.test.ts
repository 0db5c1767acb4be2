import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { formatLinux, formatWindows } from '../../src/runtime/helpers/format.ts';
import { isImplemented } from '../../src/runtime/helpers/table.ts';
import { bench } from './helper-fixture.ts';
import { u32 } from './map-fixture.ts';

describe('tables', () => {
  it('implement every helper of eBPF for Windows', () => {
    const all = [...windows.helpers.values(), ...windows.programTypes.flatMap((type) => [...(type.ownHelpers?.values() ?? [])])];
    expect(all.filter(({ name }) => !isImplemented(windows, name)).map(({ name }) => name)).toEqual([]);
    expect(windows.helpers.size).toBe(35);
  });
  it('answer -EOPNOTSUPP or null for what needs a kernel', () => {
    const { call, helpers, environment } = bench('linux', 'sched_cls');
    expect(call('bpf_tcp_check_syncookie', 0, 0, 0, 0, 0)).toBe(-95);
    expect(call('bpf_sk_lookup_tcp', 0, 0, 0, 0, 0)).toBe(0);
    expect([...environment.run.notes.unsupported]).toEqual(['bpf_tcp_check_syncookie']);
    expect(helpers.size).toBe(linux.programTypes.find(({ name }) => name === 'sched_cls')!.helperIds!.size);
  });
});

describe('printk', () => {
  const windowsRows: readonly [string, bigint[], string | undefined][] = [
    ['plain', [], 'plain'],
    ['%d %u', [-1n, -1n], '-1 4294967295'],
    ['%x%%', [0xffn], 'ff%'],
    ['%lld %llx', [-5n, 1n << 40n], '-5 10000000000'],
    ['%lu', [1n << 32n], '0'],
    ['%s', [1n], undefined],
    ['%d', [], undefined],
    ['x', [1n], undefined],
    ['%', [], undefined],
    ['%5d', [1n], undefined],
    ['%llld', [1n], undefined],
  ];
  it.each(windowsRows)('Windows %s', (format, values, expected) => expect(formatWindows(format, values)).toBe(expected));

  const STRING = 1n;
  const ADDRESS = 2n;
  const memory = {
    text: (address: bigint) => (address === STRING ? 'abc' : ''),
    bytes: (_address: bigint, size: number) => Uint8Array.of(10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd).subarray(0, size),
  };
  /** What bpf_snprintf and bpf_trace_vprintk of Linux 6.18 make of the same; undefined: -EINVAL. */
  const linuxRows: readonly [string, bigint[], string | undefined][] = [
    ['%d', [-5n], '-5'],
    ['%i', [7n], '7'],
    ['%u', [-1n], '4294967295'],
    ['%x', [255n], 'ff'],
    ['%X', [255n], 'FF'],
    ['%lx', [1n << 40n], '10000000000'],
    ['%lld', [-3n], '-3'],
    ['%llu', [-1n], '18446744073709551615'],
    ['%ld', [-9n], '-9'],
    ['%lu', [-1n], '18446744073709551615'],
    ['%5d|', [42n], '   42|'],
    ['%-5d|', [42n], '42   |'],
    ['%05d|', [-42n], '-0042|'],
    ['%+d', [5n], '+5'],
    ['% d', [5n], ' 5'],
    ['%c|', [65n], 'A|'],
    ['%5c|', [65n], '    A|'],
    ['%-5c|', [65n], 'A    |'],
    ['%s|', [STRING], 'abc|'],
    ['%10s|', [STRING], '       abc|'],
    ['%-10s|', [STRING], 'abc       |'],
    ['%2s|', [STRING], 'abc|'],
    ['%%|', [0n], '%|'],
    ['%pI4', [ADDRESS], '10.0.0.1'],
    ['%pi4', [ADDRESS], '010.000.000.001'],
    ['%pI6', [ADDRESS], '0a00:0001:0000:0000:0000:0000:0000:abcd'],
    ['%pi6', [ADDRESS], '0a00000100000000000000000000abcd'],
    ['%px', [0x1234n], '0000000000001234'],
    ['%20px|', [0x1234n], '                1234|'],
    ['%#x', [255n], undefined],
    ['%o', [8n], undefined],
    ['%hd', [5n], undefined],
    ['%hhd', [5n], undefined],
    ['%zu', [5n], undefined],
    ['%d %d', [1n, 2n], '1 2'],
    ['%d', [1n, 2n], '1'],
    ['%d %d', [1n], undefined],
    ['%lli', [5n], '5'],
    ['%.3s', [STRING], undefined],
    ['%*d', [5n, 6n], undefined],
    ['%pI6c', [ADDRESS], '0a00:0001:0000:0000:0000:0000:0000:abcd'],
    ['%pks|', [STRING], 'abc|'],
    ['%5.2d', [5n], undefined],
    ['%lld%%%d', [5n, 6n], '5%6'],
    ['%p4', [ADDRESS], undefined],
    ['hello world, this is quite a long line that does not fit into it', [0n], 'hello world, this is quite a long line that does not fit into it'],
    ['%12345d', [5n], `${' '.repeat(12_344)}5`],
    ['%-08d|', [5n], '5       |'],
    ['%0-8d|', [5n], '5       |'],
    ['%+-8d|', [5n], '+5      |'],
    ['%08x|', [0xbeefn], '0000beef|'],
    ['%+x|', [5n], '5|'],
    ['%ls', [STRING], undefined],
    ['%q', [5n], undefined],
    ['%', [5n], undefined],
    ['100%', [0n], undefined],
    ['tab\tand\nline', [], 'tab\tand\nline'],
    ['\u00e4', [], undefined],
    ['bell\x07', [], undefined],
    ['%s.%d', [STRING, 5n], 'abc.5'],
    ['%sd', [STRING], undefined],
    ['%pd', [0n], undefined],
    ['%p', [0x1234n], '0000000000001234'],
    ['%ps.', [0x1234n], '0x1234.'],
    ['%pB', [0x1234n], '0x1234'],
    ['%pIx', [0n], undefined],
  ];
  it.each(linuxRows)('Linux %s', (format, values, expected) => expect(formatLinux(format, values, memory)?.text).toBe(expected));
  it('counts padding that it does not make', () => {
    const made = formatLinux('%8388607d', [1n], memory)!;
    expect([made.text.length, made.length]).toEqual([0x1_0000, 8_388_607]);
  });

  it('goes to the trace, without the final newline', () => {
    const { call, text, environment } = bench('windows', 'xdp');
    expect(call('bpf_trace_printk3', text('value %d\n'), 10, 7n)).toBe(7);
    expect(call('bpf_trace_printk2', text('value %d'), 9)).toBe(-1);
    expect(call('bpf_trace_printk2', text('x'), 1)).toBe(-1);
    expect(environment.trace.since().map((message) => message.text)).toEqual(['value 7']);
    const seen: string[] = [];
    const stop = environment.trace.follow((message) => seen.push(message.text));
    call('bpf_trace_printk2', text('again'), 6);
    stop();
    call('bpf_trace_printk2', text('unseen'), 7);
    expect(seen).toEqual(['again']);
  });
});

describe('memory helpers of Windows', () => {
  it('copy, compare, fill', () => {
    const { call, place, memory } = bench('windows', 'xdp');
    const a = place(Uint8Array.of(1, 2, 3, 4));
    const b = place(Uint8Array.of(1, 2, 9));
    expect(call('bpf_memcmp', a, 4, b, 3)).toBe(-1);
    expect(call('bpf_memcmp', a, 2, b, 3)).toBe(-1);
    expect(call('bpf_memcmp', a, 2, b, 2)).toBe(0);
    expect(call('bpf_memcmp', b, 3, a, 3)).toBe(1);
    expect(call('bpf_memcpy', b, 3, a, 4)).toBe(-22);
    expect(call('bpf_memcpy', a, 4, b, 3)).toBe(0);
    expect([...memory.read(a, 4)]).toEqual([1, 2, 9, 4]);
    expect(call('bpf_memmove', a + 1, 3, a, 3)).toBe(0);
    expect([...memory.read(a, 4)]).toEqual([1, 1, 2, 9]);
    expect(call('bpf_memset', a, 3, 0x107)).toBe(a);
    expect([...memory.read(a, 4)]).toEqual([7, 7, 7, 9]);
    expect(() => call('bpf_memset', 0, 3, 1)).toThrow(/outside of memory/);
  });
  it('strings', () => {
    const { call, text, memory } = bench('windows', 'xdp');
    const target = text('ab______');
    memory.bytes[target + 2] = 0;
    expect(call('bpf_strnlen_s', text('hello'), 6)).toBe(5);
    expect(call('bpf_strnlen_s', text('hello'), 3)).toBe(3);
    expect(call('bpf_strncat_s', target, 8, text('cde'), 3)).toBe(0);
    expect(String.fromCharCode(...memory.read(target, 6))).toBe('abcde\0');
    // What does not fit is cut: STATUS_BUFFER_OVERFLOW.
    expect(call('bpf_strncat_s', target, 8, text('toolong'), 7)).toBe(0x8000_0005 | 0);
    expect(String.fromCharCode(...memory.read(target, 8))).toBe('abcdeto\0');
    // A destination without an end is no string: STATUS_INVALID_PARAMETER.
    expect(call('bpf_strncat_s', target, 5, text('x'), 1)).toBe(0xc000_000d | 0);
    expect(call('bpf_strncpy_s', target, 4, text('abcdef'), 6)).toBe(0x8000_0005 | 0);
    expect(String.fromCharCode(...memory.read(target, 8))).toBe('abc\0eto\0');
    expect(call('bpf_strncpy_s', target, 0, text('abcdef'), 6)).toBe(0x8000_0005 | 0);
    expect(call('bpf_strncpy_s', target, 0, text(''), 1)).toBe(0);
    expect(call('bpf_strnlen_s', 0, 5)).toBe(0);
    expect(call('bpf_strncpy_s', target, 8, text('xyz'), 2)).toBe(0);
    expect([...memory.read(target, 8)]).toEqual([120, 121, 0, 0, 0, 0, 0, 0]);
  });
  it('csum_diff', () => {
    const { call, place } = bench('windows', 'xdp');
    const data = place(Uint8Array.of(1, 0, 2, 0));
    expect(call('bpf_csum_diff', 0, 0, data, 4, 10)).toBe(13);
    expect(call('bpf_csum_diff', data, 4, 0, 0, 0)).toBe(0xfffe + 0xfffd);
    expect(call('bpf_csum_diff', data, 3, 0, 0, 0)).toBe(-22);
  });
});

describe('packet helpers', () => {
  it('xdp_adjust_head moves the packet and its context fields', () => {
    const { call, packet, memory, environment } = bench('windows', 'xdp');
    packet(new Uint8Array(20).fill(5));
    const start = environment.run.packet!.start;
    expect(call('bpf_xdp_adjust_head', 0, -8)).toBe(0);
    expect(memory.view.getBigUint64(environment.run.context, true)).toBe(BigInt(start - 8));
    expect(memory.bytes[start - 1]).toBe(0);
    expect(call('bpf_xdp_adjust_head', 0, -400)).toBe(-6);
    expect(call('bpf_xdp_adjust_head', 0, 100)).toBe(-6);
  });
  it('l3_csum_replace keeps an IPv4 header valid', () => {
    const { call, packet, memory, environment, place } = bench('linux', 'sched_cls');
    const header = Uint8Array.from([0x45, 0, 0, 0x54, 0, 0, 0x40, 0, 0x40, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    const sum = (bytes: Uint8Array) => {
      let total = 0;
      for (let index = 0; index < 20; index += 2) total += (bytes[index]! << 8) | bytes[index + 1]!;
      while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
      return ~total & 0xffff;
    };
    const first = sum(header);
    header[10] = first >> 8;
    header[11] = first & 255;
    packet(header);
    const start = environment.run.packet!.start;
    const from = memory.view.getUint32(start + 12, true);
    const to = 0x0a0b_0c0d;
    expect(call('bpf_skb_store_bytes', 0, 12, place(u32(to)), 4, 0)).toBe(0);
    expect(call('bpf_l3_csum_replace', 0, 10, from, to, 4)).toBe(0);
    expect(sum(memory.read(start, 20))).toBe(0);
    expect(call('bpf_l3_csum_replace', 0, 10, from, to, 3)).toBe(-22);
    expect(call('bpf_skb_load_bytes', 0, 18, place(u32(0)), 4)).toBe(-14);
  });
});

describe('Linux numbers and strings', () => {
  it('strtol', () => {
    const { call, text, place, memory } = bench('linux', 'cgroup_sysctl');
    const out = place(new Uint8Array(8));
    const rows: readonly [string, number, number, bigint | undefined][] = [
      ['  -42x', 0, 5, -42n],
      ['0x1F', 0, 4, 31n],
      ['017', 0, 3, 15n],
      ['abc', 0, -22, undefined],
      ['9223372036854775808', 10, -34, undefined],
      ['12', 7, -22, undefined],
    ];
    for (const [digits, base, result, value] of rows) {
      expect([digits, call('bpf_strtol', text(digits), digits.length, base, out)]).toEqual([digits, result]);
      if (value !== undefined) expect(memory.view.getBigInt64(out, true)).toBe(value);
    }
    expect(call('bpf_strtoul', text('-1'), 2, 0, out)).toBe(-22);
  });
  it('probe_read yields zeros and an error outside', () => {
    const { call, place, memory, text } = bench('linux', 'kprobe');
    const to = place(new Uint8Array(8).fill(9));
    expect(call('bpf_probe_read_kernel', to, 8, 8n)).toBe(-34);
    expect(call('bpf_probe_read_kernel', to, 8, 0xffff_8000_0000_0000n)).toBe(-14);
    expect(call('bpf_probe_read_user', to, 8, 8n)).toBe(-14);
    expect([...memory.read(to, 8)]).toEqual(Array(8).fill(0));
    expect(call('bpf_probe_read_kernel_str', to, 4, BigInt(text('hello')))).toBe(4);
    expect(String.fromCharCode(...memory.read(to, 4))).toBe('hel\0');
  });
});
