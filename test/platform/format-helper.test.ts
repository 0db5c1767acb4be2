import { describe, expect, it } from 'vitest';
import { formatHelperCall } from '../../src/platform/format-helper.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';

describe('formatHelperCall', () => {
  const cases = [
    [windows, 1, 'bpf_map_lookup_elem:1(map_fd r1, map_key r2)'],
    [windows, 2, 'bpf_map_update_elem:2(map_fd r1, map_key r2, map_value r3, uint64_t r4)'],
    [windows, 5, 'bpf_tail_call:5(ctx r1, map_fd_programs r2, uint64_t r3)'],
    [windows, 6, 'bpf_get_prandom_u32:6()'],
    [windows, 10, 'bpf_csum_diff:10(mem? r1[r2?], uint64_t r2, mem? r3[r4?], uint64_t r4, uint64_t r5)'],
    [windows, 13, 'bpf_trace_printk3:13(mem r1[r2], uint64_t r2, uint64_t r3)'],
    [windows, 22, 'bpf_memcpy:22(out r1[r2?], uint64_t r2, mem r3[r4?], uint64_t r4)'],
    [linux, 105, 'bpf_strtol:105(mem r1[r2], uint64_t r2, uint64_t r3, out_long r4)'],
    [linux, 163, 'bpf_check_mtu:163(ctx r1, uint64_t r2, out_int r3, uint64_t r4, uint64_t r5)'],
    [linux, 132, 'bpf_ringbuf_submit:132(alloc_mem r1, uint64_t r2)'],
    [linux, 181, 'bpf_loop:181(uint64_t r1, func r2, stack? r3, uint64_t r4)'],
    [linux, 206, 'bpf_tcp_raw_check_syncookie_ipv4:206(mem r1[20], mem r2[20])'],
  ] as const;

  it.each(cases)('%#: helper %s', (platform, id, want) => {
    const prototype = platform.helpers.get(id);
    expect(prototype && formatHelperCall(prototype)).toBe(want);
  });

  it('has a word for every argument of every helper', () => {
    for (const platform of [windows, linux]) {
      for (const prototype of [...platform.helpers.values(), ...platform.kfuncs.values()]) {
        const text = formatHelperCall(prototype);
        const registers = [...text.matchAll(/ r(\d)\b/g)].map((match) => Number(match[1]));
        expect(new Set(registers), text).toEqual(new Set(prototype.arguments.map((_, index) => index + 1)));
      }
    }
  });
});
