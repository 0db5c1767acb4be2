import { describe, expect, it } from 'vitest';
import { addressText, parseAddress, parseFields, parseHex, plainText, sizedBytes } from '../../contexts/runtime-values.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { eventFacts } from '../../src/runtime/hooks/facts.ts';

describe('values on the command line', () => {
  const hexRows: readonly { text: string; bytes: readonly number[] | undefined }[] = [
    { text: '', bytes: [] },
    { text: '0a1b', bytes: [10, 27] },
    { text: '0x0A1b', bytes: [10, 27] },
    { text: '0a 1b', bytes: [10, 27] },
    { text: '0a:1b', bytes: [10, 27] },
    { text: 'abc', bytes: undefined },
    { text: 'packet.bin', bytes: undefined },
  ];
  for (const { text, bytes } of hexRows) {
    it(`hex digits "${text}"`, () => expect(parseHex(text)).toEqual(bytes && Uint8Array.from(bytes)));
  }

  const sizedRows: readonly { text: string; size: number; bytes: readonly number[] | undefined }[] = [
    { text: '258', size: 4, bytes: [2, 1, 0, 0] },
    { text: '-1', size: 2, bytes: [255, 255] },
    { text: '0x102', size: 4, bytes: undefined },
    { text: '0x00000102', size: 4, bytes: [0, 0, 1, 2] },
    { text: '12', size: 1, bytes: [12] },
    { text: '18446744073709551615', size: 8, bytes: [255, 255, 255, 255, 255, 255, 255, 255] },
    { text: '256', size: 1, bytes: undefined },
    { text: '-129', size: 1, bytes: undefined },
    { text: '0x1ff', size: 1, bytes: undefined },
    { text: 'zz', size: 1, bytes: undefined },
    { text: '1', size: 0, bytes: undefined },
  ];
  for (const { text, size, bytes } of sizedRows) {
    it(`"${text}" as ${size} bytes`, () => {
      if (bytes) expect(sizedBytes(text, size, 'value')).toEqual(Uint8Array.from(bytes));
      else expect(() => sizedBytes(text, size, 'value')).toThrow('is not an acceptable value for value');
    });
  }

  const addressRows: readonly { text: string; bytes: readonly number[] | undefined }[] = [
    { text: '10.1.2.3', bytes: [10, 1, 2, 3] },
    { text: '10.1.2.256', bytes: undefined },
    { text: '::1', bytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
    { text: 'fe80::1:2', bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2] },
    { text: '1:2:3:4:5:6:7:8', bytes: [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8] },
    { text: '1:2:3', bytes: undefined },
    { text: '1::2::3', bytes: undefined },
    { text: '12', bytes: undefined },
  ];
  for (const { text, bytes } of addressRows) {
    it(`address "${text}"`, () => expect(parseAddress(text)).toEqual(bytes && Uint8Array.from(bytes)));
    if (bytes) it(`address "${text}" back`, () => expect(addressText(Uint8Array.from(bytes))).toBe(text));
  }
  for (const text of ['::', 'fe80::1:0:0:0', '2001:db8:0:1::2', '1:0:0:4::', '0:1::']) {
    it(`address "${text}" in both directions`, () => expect(addressText(parseAddress(text)!)).toBe(text));
  }

  const layout = windows.programTypes.find(({ name }) => name === 'sock_addr')!.context;
  it('fields by name', () =>
    expect(parseFields('user_ip=10.0.0.1, user_port=80,interface_luid=0x10', layout)).toEqual({
      user_ip: Uint8Array.of(10, 0, 0, 1),
      user_port: 80n,
      interface_luid: 16n,
    }));
  it('fields by the names of the C union, in network order, and facts', () => {
    const facts = eventFacts(windows, windows.programTypes.find(({ name }) => name === 'process')!);
    expect(parseFields('user_ip4=10.0.0.1,user_port=htons(80),user_ip6=::1,protocol=htonl(0x01020304)', layout)).toEqual({
      user_ip4: Uint8Array.of(10, 0, 0, 1),
      user_ip6: parseAddress('::1'),
      user_port: 0x5000n,
      protocol: 0x0403_0201n,
    });
    expect(parseFields('image_path=a=b.exe,thread_id=7', layout, facts)).toEqual({ image_path: 'a=b.exe', thread_id: 7n });
    expect(() => parseFields('user_port=htons(65536)', layout)).toThrow('It has 2 bytes.');
  });
  for (const text of ['user_prt=1', 'user_port', 'user_port=x', `user_ip=0x${'00'.repeat(17)}`]) {
    it(`wrong field "${text}"`, () => expect(() => parseFields(text, layout)).toThrow('The parameter is incorrect.'));
  }

  it('values on one line', () => {
    expect(plainText({ a: 1, b: [1, 2, 0, 0, 0, 0, 0], c: { d: 'x', e: null } })).toBe('{a: 1, b: [1, 2, 0 x 5], c: {d: x, e: null}}');
  });
});
