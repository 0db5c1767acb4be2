import { describe, expect, it } from 'vitest';
import { ObjectTable } from '../../src/runtime/objects.ts';
import { autoPinPath, canonicalPinPath, PinTable } from '../../src/runtime/pins.ts';
import { outcome } from './map-fixture.ts';

describe('canonical pin paths', () => {
  const same = 'BPF:\\my\\pin\\path';
  const rows: readonly [string, string][] = [
    ['BPF:\\.\\my\\pin\\path', same],
    ['BPF:/./my/pin/path', same],
    ['bpf:/my/pin/path', same],
    ['my/pin/path', same],
    ['my/pin/./path', same],
    ['my/pin//path', same],
    ['my/pin/oops/../path', same],
    ['my\\pin\\path\\oops\\..', same],
    ['\\my\\pin\\path', same],
    ['/ebpf/global/my/pin/path', same],
    ['my\\pin\\path', same],
    ['/sys/fs/bpf/My/Pin/Path', 'BPF:\\sys\\fs\\bpf\\My\\Pin\\Path'],
    ['', 'BPF:\\'],
    ['BPF:\\', 'BPF:\\'],
    [`a/${'b'.repeat(248)}`, `BPF:\\a\\${'b'.repeat(248)}`],
  ];
  it.each(rows)('%s', (input, canonical) => expect(canonicalPinPath('windows', input)).toBe(canonical));
  it.each(['..', '/..', '/mypinpath/../..', 'C:\\', 'BPF:\\a:b', 'a\0b', 'x'.repeat(252)])('refuses %j', (input) =>
    expect(outcome(() => canonicalPinPath('windows', input))).toBe('EBPF_INVALID_ARGUMENT/22'),
  );
  it('on Linux', () => {
    expect(canonicalPinPath('linux', '/sys/fs/bpf/x/../y')).toBe('/sys/fs/bpf/y');
    expect(canonicalPinPath('linux', 'y')).toBe('/sys/fs/bpf/y');
    expect(autoPinPath('windows', 'port_map')).toBe('BPF:\\port_map');
  });
});

describe('PinTable', () => {
  it('reports doubles and unknown paths', () => {
    const pins = new PinTable('windows');
    pins.add('b', 5);
    pins.add('a/x', 5);
    expect(outcome(() => pins.add('/ebpf/global/b', 6))).toBe('EBPF_OBJECT_ALREADY_EXISTS/17');
    expect(outcome(() => pins.remove('c'))).toBe('EBPF_KEY_NOT_FOUND/2');
    expect(pins.pathsOf(5)).toEqual(['BPF:\\a\\x', 'BPF:\\b']);
    expect(pins.remove('b')).toEqual({ path: 'BPF:\\b', id: 5 });
  });
});

describe('ObjectTable', () => {
  it('counts references, tells holders and destroys with the last one', () => {
    const log: string[] = [];
    const table = new ObjectTable<string>();
    expect(table.burn()).toBe(2);
    const map = table.add('map', 'flows', 'M', { destroy: () => log.push('map'), userReleased: () => log.push('map released') });
    const program = table.add('program', 'filter', 'P', { destroy: () => table.drop(map, { kind: 'program', key: program }) });
    expect([map, program]).toEqual([3, 4]);
    table.hold(map, { kind: 'program', key: program });
    table.hold(map, { kind: 'pin', key: 'BPF:\\flows' });
    expect(table.holders(map)).toEqual(['a handle', 'program 4 (filter)', 'pin BPF:\\flows']);
    table.drop(map, { kind: 'handle', key: 0 });
    table.drop(map, { kind: 'handle', key: 0 });
    expect(log).toEqual([]);
    table.drop(map, { kind: 'pin', key: 'BPF:\\flows' });
    expect(log).toEqual(['map released']);
    table.drop(program, { kind: 'handle', key: 0 });
    expect(log).toEqual(['map released', 'map']);
    expect(table.nextIdOf('map', 0)).toBeUndefined();
    expect(table.nextId).toBe(5);
  });
});
