import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatInstruction } from '../../src/isa/format.ts';
import { loadObject } from '../../src/object/load.ts';
import type { ObjectFile, ObjectProgram } from '../../src/object/object-file.ts';

const folder = fileURLToPath(new URL('../../samples/', import.meta.url));
const load = (name: string): ObjectFile => loadObject(readFileSync(`${folder}${name}`), name);
const program = (name: string, section: string): ObjectProgram => {
  const found = load(name).programs.find((candidate) => candidate.section === section);
  if (found === undefined) throw new Error(`${name} has no section ${section}`);
  return found;
};

interface Expected {
  /** "section program". */
  readonly programs: readonly string[];
  /** "name type key/value/entries". */
  readonly maps?: readonly string[];
}

const OBJECTS: Readonly<Record<string, Expected>> = {
  'bindmonitor.o': { programs: ['bind BindMonitor'], maps: ['limits_map 2 4/4/1', 'process_map 1 8/68/1024'] },
  'bpf-d.o': { programs: ['.text func'] },
  'bpf.o': { programs: ['.text func'] },
  'bpf2.o': { programs: ['myprog func', 'another anotherfunc'] },
  'bpf2bpf.o': {
    programs: [
      ...['read_limit', 'level6', 'level5', 'level4', 'level3', 'level2', 'level1'].map((name) => `.text ${name}`),
      'bind BindMonitor_Caller',
    ],
    maps: ['limits_map 2 4/4/1'],
  },
  'bpf_call.o': { programs: ['sample_ext func'], maps: ['map 1 4/4/2'] },
  'cgroup_sock_addr.o': {
    programs: [
      'cgroup/connect4 authorize_connect4',
      'cgroup/connect6 authorize_connect6',
      'cgroup/connect_authorization4 connect_authorization4',
      'cgroup/connect_authorization6 connect_authorization6',
      'cgroup/recv_accept4 authorize_recv_accept4',
      'cgroup/recv_accept6 authorize_recv_accept6',
      'cgroup/listen4 authorize_listen4',
      'cgroup/listen6 authorize_listen6',
    ],
    maps: [
      'egress_connection_policy_map 1 56/4/1',
      'ingress_connection_policy_map 1 56/4/1',
      'listen_connection_policy_map 1 56/4/1',
      'socket_cookie_map 1 56/8/1000',
    ],
  },
  'connect_policy.o': { programs: ['cgroup/connect4 connect_policy'], maps: ['policy_map 1 8/4/1024'] },
  'droppacket.o': { programs: ['xdp DropPacket'], maps: ['dropped_packet_map 2 4/8/1'] },
  'droppacket_unsafe.o': { programs: ['.text ntohs', 'xdp DropPacket'], maps: ['dropped_packet_map 2 4/8/1'] },
  'global_vars.o': { programs: ['sample_ext GlobalVariables'], maps: ['.rodata 2 4/4/1', '.data 2 4/4/1', '.bss 2 4/8/1'] },
  'helpers.o': { programs: ['.text func'] },
  'map.o': { programs: ['.text func'], maps: ['map 5 4/4/512'] },
  'map_in_map_btf.o': { programs: ['sample_ext lookup'], maps: ['inner_map 1 4/4/1', 'outer_map 7 4/4/1'] },
  'map_reuse.o': { programs: ['sample_ext lookup_update'], maps: ['outer_map 6 4/4/1', 'port_map 2 4/4/1', 'inner_map 2 4/4/1'] },
  'maponly.o': { programs: ['.text func'], maps: ['map 5 4/4/512'] },
  'multiple_programs.o': { programs: ['sample_ext program1', 'sample_ext program2', 'bind program3'] },
  'myxdp.o': { programs: ['xdp my_xdp_parser'] },
  'myxdp_layout.o': { programs: ['xdp my_xdp_parser'] },
  'printk.o': { programs: ['bind func'], maps: ['.rodata.str1.1 2 4/27/1'] },
  'printk_unsafe.o': { programs: ['bind func'] },
  'ringbuf.o': { programs: ['bind bind_events'], maps: ['events 13 0/0/262144'] },
  'tail_call.o': { programs: ['sample_ext caller', 'sample_ext/0 callee'], maps: ['progress_map 2 4/4/1', 'map 3 4/4/10'] },
  'tail_call_multiple.o': { programs: ['sample_ext/0 callee0', 'sample_ext/1 callee1', 'sample_ext caller'], maps: ['map 3 4/4/10'] },
  'tc_linux.o': { programs: ['tc count_bytes'], maps: ['bytes_by_protocol 1 4/8/64'] },
  'xdp_count.o': { programs: ['xdp count_packets'], maps: ['protocol_map 2 4/16/256'] },
  'xdp_drop_port.o': { programs: ['xdp drop_port'], maps: ['blocked_port 2 4/2/1', 'dropped 2 4/8/1'] },
  'xdp_linux.o': { programs: ['xdp drop_blocked'], maps: ['blocked 9 4/8/4096'] },
  'xdp_protocols.o': { programs: ['xdp count_protocols'], maps: ['protocols 1 4/16/512'] },
  'xdp_reflect.o': { programs: ['xdp reflect'] },
  'xdp_router.o': { programs: ['xdp route'] },
};

describe('sample objects', () => {
  it('are all here, each with its source', () => {
    const files = readdirSync(folder);
    expect(files.filter((name) => name.endsWith('.o')).sort()).toEqual(Object.keys(OBJECTS).sort());
    const sources = files.filter((name) => name.endsWith('.c')).map((name) => name.replace('.c', '.o'));
    expect([...sources, 'bpf-d.o'].sort()).toEqual(Object.keys(OBJECTS).sort());
  });

  it.each(Object.entries(OBJECTS))('%s', (name, { programs, maps = [] }) => {
    const object = load(name);
    expect(object.programs.map((item) => `${item.section} ${item.name}`)).toEqual(programs);
    expect(object.maps.map((map) => `${map.name} ${map.type} ${map.keySize}/${map.valueSize}/${map.maxEntries}`)).toEqual(maps);
    for (const item of object.programs) {
      expect(item.defect, item.name).toBeUndefined();
      // Line information names the source as it stands in the project, on no particular machine.
      for (const line of item.lines) expect(line.file).toMatch(/^(\.\/|)samples\/[\w./]+$/);
    }
    expect(readFileSync(`${folder}${name}`).toString('latin1')).not.toMatch(/\/(home|root|work|tmp|Users)\//);
  });

  it('each source says in its first line what it shows', () => {
    for (const name of readdirSync(folder).filter((candidate) => candidate.endsWith('.c'))) {
      expect(readFileSync(`${folder}${name}`, 'utf8').split('\n')[0], name).toMatch(/^\/\/ [A-Z]/);
    }
  });
});

describe('what the tutorials rely on', () => {
  const text = (item: ObjectProgram, slot: number): string => {
    const instruction = item.instructions[slot];
    return instruction === undefined ? '' : formatInstruction(instruction, slot);
  };
  /** The record in force at a slot. */
  const line = (item: ObjectProgram, slot: number): string | undefined => item.lines.findLast((candidate) => candidate.slot <= slot)?.text.trim();

  it('the unsafe dropper reads the packet unproved at 2 and 4', () => {
    const item = program('droppacket_unsafe.o', 'xdp');
    expect(item.instructions[2]).toMatchObject({ kind: 'load', size: 1, src: 1, offset: 9 });
    expect(item.instructions[4]).toMatchObject({ kind: 'load', size: 2, src: 1, offset: 24 });
    expect(line(item, 2)).toBe('if (ip->protocol == PROTOCOL_UDP) {');
    expect(line(item, 4)).toBe('if (ntohs(udp->length) <= sizeof(udp_header_t)) {');
    expect(item.instructions).toHaveLength(20);
    expect(item.instructions[3]).toMatchObject({ kind: 'branch', offset: 15 });
    expect(program('droppacket_unsafe.o', '.text').instructions).toEqual([
      { kind: 'binary', operator: 'mov', width: 64, dst: 0, source: { kind: 'register', register: 1 } },
      { kind: 'swap', order: 'be', bits: 16, dst: 0 },
      { kind: 'exit' },
    ]);
  });

  it('bpf_call calls a helper at 11, after a map at 8', () => {
    const item = program('bpf_call.o', 'sample_ext');
    expect(item.instructions[8]).toMatchObject({ kind: 'lddw', source: 'map_fd', low: 0 });
    expect(item.instructions[9]).toBeUndefined();
    expect(item.instructions[11]).toEqual({ kind: 'call', helper: 2 });
    expect(text(item, 12)).toBe('exit');
    expect(item.instructions).toHaveLength(13);
  });

  it('printk_unsafe hands the context to printk at 7', () => {
    const item = program('printk_unsafe.o', 'bind');
    expect(item.instructions[0]).toMatchObject({ kind: 'binary', operator: 'mov', dst: 3, source: { register: 1 } });
    expect(item.instructions[7]).toEqual({ kind: 'call', helper: 13 });
    expect(line(item, 7)).toBe('PRINTK1("ctx: %u", ctx);');
  });

  it('myxdp_layout reads past the context at 1', () => {
    expect(program('myxdp_layout.o', 'xdp').instructions[1]).toMatchObject({ kind: 'load', size: 8, src: 1, offset: 32 });
  });

  it('bpf2bpf calls eight frames deep', () => {
    const item = program('bpf2bpf.o', 'bind');
    expect(item.functions.map((range) => range.name)).toEqual([
      'BindMonitor_Caller',
      'level1',
      'level2',
      'level3',
      'level4',
      'level5',
      'level6',
      'read_limit',
    ]);
  });

  it('maps start with what their definition puts into them', () => {
    const slots = (name: string): unknown => load(name).maps.flatMap((map) => map.initialSlots ?? []);
    expect(slots('tail_call.o')).toEqual([{ index: 0, target: 'callee' }]);
    expect(slots('tail_call_multiple.o')).toEqual([
      { index: 0, target: 'callee0' },
      { index: 1, target: 'callee1' },
    ]);
    expect(slots('map_in_map_btf.o')).toEqual([{ index: 0, target: 'inner_map' }]);
    expect(load('map_reuse.o').maps.map((map) => [map.name, map.pinning, map.inner])).toEqual([
      ['outer_map', 1, 2],
      ['port_map', 1, undefined],
      ['inner_map', 0, undefined],
    ]);
  });
});
