import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../contexts/session.ts';
import { newSession, run } from './harness.ts';

/** What bpftool 7.1 printed on Linux 6.18 of the same object after the same commands; IDs aside. */
const FLOW = {
  key: '01 00 00 00 02 00 61 62 00 00 00 00',
  value: [
    'ff ff ff ff ff ff ff ff ff ff ff ff 01 00 00 00 05 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00',
    '04 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 06 00 00 00 00 00 00 00 0a 0b 0c 0d 2b 00 00 00',
    '10 00 00 00 00 00 00 00 61 62 63 00 00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 10 00 00 00',
  ].join(' '),
};
const FLOW_TEXT = `[{
        "key": {
            "source": 1,
            "port": 2,
            "name": "ab"
        },
        "value": {
            "packets": 18446744073709551615,
            "delta": -1,
            "ok": true,
            "color": "GREEN",
            "pair": [{
                    "x": 3,
                    "y": 4
                },{
                    "x": 5,
                    "y": 6
                }
            ],
            "u": {
                "word": 218893066,
                "bytes": [10,11,12,13
                ]
            },
            "bits": 0x3,
            "more": 0x5,
            "pointer": 0x10,
            "text": "abc",
            "wide": 0x10000000000000000000000005
        }
    }
]
`;
const FLOW_JSON =
  '"formatted":{"key":{"source":1,"port":2,"name":"ab"},"value":{"packets":18446744073709551615,"delta":-1,"ok":true,"color":"GREEN",' +
  '"pair":[{"x":3,"y":4},{"x":5,"y":6}],"u":{"word":218893066,"bytes":[10,11,12,13]},"bits":"0x3","more":"0x5","pointer":16,"text":"abc",' +
  '"wide":"0x10000000000000000000000005"}}}]\n';

async function loaded(): Promise<Session> {
  const session = newSession({ 'linux_types.o': readFileSync('test/contexts/fixtures/linux_types.o') });
  await succeeds(session, 'bpftool');
  await succeeds(session, 'prog load linux_types.o count pinmaps maps');
  return session;
}

async function succeeds(session: Session, line: string): Promise<string> {
  const { stdout, stderr, exitCode } = await run(session, line);
  expect({ line, stderr, exitCode }).toEqual({ line, stderr: '', exitCode: 0 });
  return stdout;
}

describe('programs of Linux', () => {
  it('have the tag that the kernel gives them', async () => {
    const session = await loaded();
    const shown = await succeeds(session, 'prog show name count');
    expect(shown).toMatch(/^\d+: xdp {2}name count {2}tag 22424bf6faa3217a {2}gpl\n\txlated \d+B {2}jited {2}map_ids \d+,\d+,\d+\n$/);
    expect(await succeeds(session, 'prog show tag 22424bf6faa3217a')).toBe(shown);
    expect(JSON.parse(await succeeds(session, '-j prog show tag 22424bf6faa3217a'))).toMatchObject({
      type: 'xdp',
      name: 'count',
      tag: '22424bf6faa3217a',
      gpl_compatible: true,
      jited: true,
    });
    await succeeds(session, 'prog load samples/tc_linux.o other');
    expect(await succeeds(session, 'prog show name count_bytes')).toMatch(/^\d+: sched_cls {2}name count_bytes {2}tag 0508b425954425a4\n\t/);
    await succeeds(session, 'prog load samples/xdp_linux.o third');
    expect(await succeeds(session, 'prog show name drop_blocked')).toMatch(/ tag aef3da72d64c84ee\n/);
  });

  it('are told from others by whole tags only', async () => {
    const session = await loaded();
    await succeeds(session, 'prog load samples/droppacket.o dropper');
    expect(await run(session, 'prog show tag 2242')).toMatchObject({ stderr: `Error: can't parse tag\n`, exitCode: 255 });
    expect(await run(session, 'prog show tag 0000000000000000')).toMatchObject({
      stderr: `Error: can't find prog with tag 0000000000000000\n`,
      exitCode: 255,
    });
    expect(await run(session, 'map show tag 22424bf6faa3217a')).toMatchObject({ stderr: `Error: expected 'id', 'name' or 'pinned', got: 'tag'?\n` });
    // Windows knows no tags.
    expect(await succeeds(session, 'prog show name DropPacket')).not.toContain('tag');
  });

  it('are dumped as the kernel disassembles them', async () => {
    const session = await loaded();
    const dumped = (await succeeds(session, 'prog dump xlated name count')).replaceAll(/map\[id:\d+\]/g, 'map[id:N]');
    expect(dumped).toMatch(/^int count\(struct xdp_md \* ctx\):\n; int count\(struct xdp_md \*ctx\)\n {3}0: \(bf\) r6 = r1\n {3}1: \(b4\) w1 = 0\n/);
    for (const part of [
      '; uint32_t key = 0;\n   2: (63) *(u32 *)(r10 -4) = r1\n   3: (bf) r2 = r10\n; \n   4: (07) r2 += -4\n',
      '   5: (18) r1 = map[id:N]\n   7: (85) call bpf_map_lookup_elem#1\n; if (count)\n   8: (15) if r0 == 0x0 goto pc+3\n',
      "; message[0] = 'H';\n  14: (18) r1 = map[id:N][0]+4\n",
      '  24: (95) exit\nint twice(int value):\n; return value * limit;\n  25: (18) r2 = map[id:N][0]+0\n',
    ]) {
      expect(dumped).toContain(part);
    }
    const [first, second] = JSON.parse(await succeeds(session, '-j prog dump xlated name count')) as readonly object[];
    expect(first).toEqual({ proto: 'int count(struct xdp_md * ctx)', src: 'int count(struct xdp_md *ctx)', disasm: '(bf) r6 = r1' });
    expect(second).toEqual({ disasm: '(b4) w1 = 0' });
  });
});

describe('links of Linux', () => {
  const rows: readonly (readonly [section: string, type: string, details: string, json: object])[] = [
    ['cgroup/connect4', 'cgroup', '\n\tcgroup_id 0  attach_type cgroup_inet4_connect  ', { cgroup_id: 0, attach_type: 'cgroup_inet4_connect' }],
    ['cgroup_skb/egress', 'cgroup', '\n\tcgroup_id 0  attach_type cgroup_inet_egress  ', { cgroup_id: 0, attach_type: 'cgroup_inet_egress' }],
    ['sk_lookup', 'netns', '\n\tnetns_ino 0  attach_type sk_lookup  ', { netns_ino: 0, attach_type: 'sk_lookup' }],
    ['tp_btf/sched_switch', 'raw_tracepoint', `\n\ttp 'sched_switch'  `, { tp_name: 'sched_switch' }],
    ['sk_msg', 'sockmap', 'attach_type sk_msg_verdict  ', { attach_type: 'sk_msg_verdict' }],
  ];
  it.each(rows)('%s: %s', async (section, type, details, json) => {
    const session = newSession({ 'hooks.o': readFileSync('test/runtime/fixtures/linux_hooks.o') });
    await succeeds(session, 'ebpf');
    await run(session, 'add program hooks.o attach=none pinned=none platform=linux');
    const { programs } = JSON.parse(await succeeds(session, `show programs section=${section} format=json`)) as { programs: { id: number }[] };
    const { id } = programs[0]!;
    await succeeds(session, `set program ${id} attached=${section}`);
    const shown = await succeeds(session, 'bpftool link');
    const link = Number.parseInt(shown, 10);
    expect(shown).toBe(`${link}: ${type}  prog ${id}  ${details}\n`);
    expect(JSON.parse(await succeeds(session, 'bpftool -j link'))).toEqual([{ id: link, type, prog_id: id, ...json }]);
  });
});

describe('interfaces of Linux', () => {
  it('begin with lo, as documents name it', async () => {
    const session = await loaded();
    await succeeds(session, 'net attach xdp name count dev lo');
    expect(await succeeds(session, 'net show dev lo')).toMatch(/^xdp:\nlo\(1\) generic id \d+\n\ntc:\n\nflow_dissector:\n\n$/);
    expect(await succeeds(session, 'link show')).toMatch(/^\d+: xdp {2}prog \d+ {2}\n\tifindex lo\(1\) {2}\n$/);
    await succeeds(session, 'net detach xdp dev lo');
    expect(await run(session, 'net show dev eth0')).toMatchObject({ stderr: 'Error: invalid devname eth0\n', exitCode: 255 });
  });
});

describe('the control flow of a program', () => {
  it('is drawn as bpftool draws it', async () => {
    const session = await loaded();
    const drawn = (await succeeds(session, 'prog dump xlated name count visual')).replaceAll(/map\[id:\d+\]/g, 'map[id:N]');
    const solid = (from: string, to: string) => `\tfn_${from}:s -> fn_${to}:n [style="solid,bold", color=black, weight=10, constraint=true];\n`;
    expect(drawn).toMatch(
      /^digraph "DOT graph for eBPF program" \{\nsubgraph "cluster_0" \{\n\tstyle="dashed";\n\tcolor="black";\n\tlabel="func_0 \(\)";\n\tfn_0_bb_0 \[shape=Mdiamond,style=filled,label="ENTRY"\];\n\n/,
    );
    expect(drawn).toContain(
      '\tfn_0_bb_3 [shape=record,style=filled,label="{   9: (79) r1 = *(u64 *)(r0 +0)\\l\\\n |   10: (07) r1 += 1\\l\\\n |   11: (7b) *(u64 *)(r0 +0) = r1\\l\\\n}"];\n\n',
    );
    expect(drawn).toContain(
      solid('0_bb_0', '0_bb_2') +
        solid('0_bb_2', '0_bb_3') +
        solid('0_bb_2', '0_bb_4') +
        solid('0_bb_3', '0_bb_4') +
        solid('0_bb_4', '0_bb_1') +
        '\tfn_0_bb_0:s -> fn_0_bb_1:n [style="invis", constraint=true];\n}\nsubgraph "cluster_1" {\n',
    );
    // Functions count from their own start.
    expect(drawn).toContain('\tfn_1_bb_2 [shape=record,style=filled,label="{   0: (18) r2 = map[id:N][0]+0\\l\\\n |    2: (61) ');
    expect(await succeeds(session, '-j prog dump xlated name count visual')).toBe('null\n');
  });

  it('escapes what records mean otherwise', async () => {
    const session = newSession();
    await succeeds(session, 'bpftool');
    await succeeds(session, 'prog load samples/xdp_linux.o x');
    expect(await succeeds(session, 'prog dump xlated name drop_blocked visual')).toContain('if r3 \\> r2 goto pc+');
    expect(await run(session, 'prog dump xlated name drop_blocked visual linum')).toMatchObject({ stderr: `Error: 'visual' takes no other word\n` });
    await succeeds(session, 'prog load samples/xdp_linux.o y');
    expect(await run(session, 'prog dump xlated name drop_blocked visual')).toMatchObject({ stderr: 'Error: several programs matched\n' });
  });
});

describe('maps of Linux whose C types are known', () => {
  it('are dumped by them', async () => {
    const session = await loaded();
    await succeeds(session, `map update name flows key hex ${FLOW.key} value hex ${FLOW.value}`);
    expect(await succeeds(session, 'map dump name flows')).toBe(FLOW_TEXT);
    expect((await succeeds(session, '-j map dump name flows')).endsWith(FLOW_JSON)).toBe(true);
  });

  it('print text only where a zero ends it, and numbers for enumerators without a name', async () => {
    const session = await loaded();
    const key = FLOW.key.replace('61 62 00 00 00 00', '61 62 63 64 65 66');
    const value = FLOW.value.replace('01 00 00 00 05 00 00 00', '01 00 00 00 03 00 00 00').replace('61 62 63 00', '61 62 ff 00');
    await succeeds(session, `map update name flows key hex ${key} value hex ${value}`);
    const dumped = await succeeds(session, 'map dump name flows');
    expect(dumped).toContain('"name": [97,98,99,100,101,102\n            ]');
    expect(dumped).toContain('"color": 3,');
    expect(dumped).toContain('"text": [97,98,-1,0,0,0,0,0\n            ]');
  });

  it('are looked up by them', async () => {
    const session = await loaded();
    expect(await succeeds(session, 'map lookup name counts key 1 0 0 0')).toBe('{\n    "key": 1,\n    "value": 0\n}\n');
    expect(await succeeds(session, 'map dump name counts')).toBe(
      '[{\n        "key": 0,\n        "value": 0\n    },{\n        "key": 1,\n        "value": 0\n    }\n]\n',
    );
    expect(await succeeds(session, 'map dump name flows')).toBe('[]\n');
  });

  it('queues have none', async () => {
    const session = await loaded();
    await succeeds(session, 'map push name waiting value 1 2 3 4');
    expect(await succeeds(session, 'map peek name waiting')).toBe('value: 01 02 03 04\n');
    expect(await succeeds(session, '-j map pop name waiting')).toBe('{"key":[],"value":["0x01","0x02","0x03","0x04"]}\n');
  });

  it('several of a name make one list', async () => {
    const session = await loaded();
    await succeeds(session, 'map create second type hash key 4 value 4 entries 2 name counts platform linux');
    await succeeds(session, 'map update pinned second key 1 0 0 0 value 2 0 0 0');
    const text = await succeeds(session, 'map dump name counts');
    const [first, second] = JSON.parse(text) as readonly { readonly elements: readonly unknown[] }[];
    expect(first).toMatchObject({
      type: 'array',
      name: 'counts',
      flags: 0,
      elements: [
        { key: 0, value: 0 },
        { key: 1, value: 0 },
      ],
    });
    expect(second).toMatchObject({ type: 'hash', elements: [{ key: ['0x01', '0x00', '0x00', '0x00'] }] });
  });

  it('take no changes once they are frozen, and freeze once', async () => {
    const session = await loaded();
    await succeeds(session, 'map freeze name counts');
    expect(await run(session, 'map update name counts key 0 0 0 0 value 1 0 0 0 0 0 0 0')).toMatchObject({
      stderr: 'Error: update failed: Operation not permitted\n',
      exitCode: 255,
    });
    expect(await run(session, 'map freeze name counts')).toMatchObject({
      stderr: 'Error: failed to freeze map: Operation not permitted\n',
      exitCode: 255,
    });
  });
});

describe('data sections', () => {
  it('are named as libbpf names them, and constants stay what they are', async () => {
    const session = await loaded();
    expect(await succeeds(session, 'map show pinned maps/linux_ty_rodata')).toMatch(
      /^\d+: array {2}name linux_ty\.rodata {2}flags 0x480\n\tkey 4B {2}value 4B {2}max_entries 1\n\tfrozen\n$/,
    );
    expect(await succeeds(session, 'map show pinned maps/linux_ty_data')).toMatch(/^\d+: array {2}name linux_ty\.data {2}flags 0x400\n/);
    expect(await run(session, 'map update name linux_ty.rodata key 0 0 0 0 value 1 0 0 0')).toMatchObject({
      stderr: 'Error: update failed: Operation not permitted\n',
      exitCode: 255,
    });
  });

  it('with constants stand in only for the same constants', async () => {
    const session = await loaded();
    await succeeds(session, 'prog load linux_types.o again map name .rodata pinned maps/linux_ty_rodata');
    await succeeds(session, 'map create other type array key 4 value 4 entries 1 name other flags 0x480 platform linux');
    const { stderr, exitCode } = await run(session, 'prog load linux_types.o more map name .rodata pinned other');
    expect(stderr).toContain('Map .rodata holds other constants than the object, which is verified with its own.');
    expect(exitCode).toBe(255);
  });

  it('list their variables', async () => {
    const session = await loaded();
    const { map_ids: ids } = JSON.parse(await succeeds(session, '-j prog show name count')) as { readonly map_ids: readonly number[] };
    expect(await succeeds(session, `map dump id ${ids[1]}`)).toBe(`[{
        "value": {
            ".data": [{
                    "total": 7
                },{
                    "message": "hello"
                }
            ]
        }
    }
]
`);
    expect(await succeeds(session, `-j map dump id ${ids[2]}`)).toBe(
      '[{"key":["0x00","0x00","0x00","0x00"],"value":["0x09","0x00","0x00","0x00"],"formatted":{"value":{".rodata":[{"limit":9}]}}}]\n',
    );
  });
});
