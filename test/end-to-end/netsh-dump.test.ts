import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ebpfsh } from './bin.ts';
import { folder, MAPS, PINS, play } from './netsh-play.ts';

describe('maps that are pinned by name', () => {
  play([
    {
      name: 'are shared by all objects that name them, and outlive them',
      steps: [
        { run: 'add program samples/map_reuse.o attach=none', stdout: 'Loaded with ID 6\n' },
        { run: 'set map 5 key=0 value=77', stdout: 'Ok.\n' },
        { run: 'add program samples/map_reuse.o attach=none pinpath=second', stdout: 'Loaded with ID 9\n' },
        {
          run: 'show pins',
          stdout:
            `${PINS}      6  Program  BPF:\\lookup_update\n      4      Map  BPF:\\outer_map\n` +
            '      5      Map  BPF:\\port_map\n      9  Program  BPF:\\second\n',
        },
        { run: 'show programs id=9', stdout: /\n# map IDs {6}: 2\nmap IDs {8}: 4\n {17}5\n/ },
        { run: 'delete program 6', stdout: 'Unpinned 6 from BPF:\\lookup_update\n' },
        { run: 'delete program 9', stdout: 'Unpinned 9 from BPF:\\second\n' },
        { run: 'show map 5', stdout: /\nkey: 0 {2}value: 77\n/ },
        { run: 'add program samples/map_reuse.o attach=none', stdout: 'Loaded with ID 12\n' },
        { run: 'show programs id=12', stdout: /\n# map IDs {6}: 2\nmap IDs {8}: 4\n {17}5\n/ },
        { run: 'unpin map 5' },
        { run: 'unpin map 4' },
        { run: 'delete program 12', stdout: 'Unpinned 12 from BPF:\\lookup_update\n' },
        { run: 'show maps', stdout: MAPS },
      ],
    },
    {
      name: 'are not shared with a map of another shape',
      steps: [
        { run: 'bpftool map create BPF:\\port_map type hash key 4 value 8 entries 5 name other' },
        {
          run: 'add program samples/map_reuse.o attach=none',
          stderr: /^error 22: could not load program\nEBPF_INVALID_ARGUMENT: Map port_map differs from the one that is pinned under its name\.\n$/,
          exitCode: 1,
        },
        { run: 'show pins', stdout: `${PINS}      2      Map  BPF:\\port_map\n` },
        { run: 'show programs format=json', stdout: '{"schema":1,"programs":[]}\n' },
      ],
    },
    {
      name: 'pin paths have one spelling each',
      steps: [
        { run: 'add program samples/xdp_count.o pinned=none', stdout: 'Loaded with ID 4\n' },
        { run: 'pin program 4 /ebpf/global/a' },
        { run: 'pin program 4 bpf:\\b\\.\\c\\..\\d' },
        { run: 'pin program 4 BPF:/x//y/' },
        { run: 'show pins', stdout: `${PINS}      4  Program  BPF:\\a\n      4  Program  BPF:\\b\\d\n      4  Program  BPF:\\x\\y\n` },
        ...['a', 'BPF:\\a', '\\ebpf\\global\\a', 'b\\..\\a'].map((path) => ({
          run: `pin program 4 ${path}`,
          stderr: `error 17: could not pin to ${path}\nEBPF_OBJECT_ALREADY_EXISTS: BPF:\\a is already pinned.\n`,
          exitCode: 1,
        })),
        { run: 'pin program 4 A' },
        { run: 'pin program 4 ..\\a', stderr: /EBPF_INVALID_ARGUMENT: "\.\.\\a" is no pin path: "\.\." leads above the root\.\n$/, exitCode: 1 },
        { run: 'pin program 4 C:\\a', stderr: /EBPF_INVALID_ARGUMENT: .* only the prefix BPF: may contain a colon\.\n$/, exitCode: 1 },
        { run: `pin program 4 ${'p'.repeat(260)}`, stderr: /EBPF_INVALID_ARGUMENT: .* it is longer than 255 characters\.\n$/, exitCode: 1 },
        { run: 'unpin program 4 b/d' },
        { run: 'unpin program 4 X\\y', stderr: /^error 1168: program 4 is not pinned to BPF:\\X\\y\n/, exitCode: 1 },
        { run: 'delete program 4', stdout: 'Unpinned 4 from BPF:\\A\nUnpinned 4 from BPF:\\a\nUnpinned 4 from BPF:\\x\\y\n' },
      ],
    },
    {
      name: 'links are pinned too, and stay pinned when they are detached',
      steps: [
        { run: 'add program samples/xdp_count.o pinned=none', stdout: 'Loaded with ID 4\n' },
        { run: 'pin link 5', stderr: /^The link has no name that could serve as its path\.\n/, exitCode: 2 },
        { run: 'pin link 5 mylink' },
        { run: 'pin link 4 mylink', stderr: /^There is no link with ID 4\.\n/, exitCode: 2 },
        { run: 'bpftool link detach id 5' },
        { run: 'show pins', stdout: `${PINS}      5     Link  BPF:\\mylink\n` },
        { run: 'show programs format=json', stdout: '{"schema":1,"programs":[]}\n' },
        { run: 'unpin link 5', stderr: /^The link has no name that could serve as its path\.\n/, exitCode: 2 },
        { run: 'unpin link 5 mylink' },
        { run: 'show pins', stdout: PINS },
      ],
    },
    {
      name: 'what others still refer to stays, and says who they are',
      steps: [
        { run: 'add program samples/tail_call.o pinned=all', stdout: 'Loaded with ID 5\n' },
        { run: 'delete program 6', stdout: 'Unpinned 6 from BPF:\\sample_ext_0\nProgram 6 is still in use by map 4 (map).\n' },
        { run: 'show programs id=6', stdout: /\n# pinned paths : 0\n/ },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\sample_ext\n' },
        { run: 'show programs format=json', stdout: '{"schema":1,"programs":[]}\n' },
        { run: 'show maps', stdout: MAPS },
      ],
    },
  ]);
});

describe('dump', () => {
  const setup = [
    'ebpf add program samples/tail_call.o sample_ext mine pinned=all',
    'ebpf add program samples/map_reuse.o attach=none',
    'ebpf add program samples/map_reuse.o attach=none pinpath=second',
    'ebpf set program 12 pinpath=third',
    'ebpf add program samples/xdp_protocols.o pinned=none interface=1',
    'interface set 1 generate=9',
    'ebpf add program samples/bindmonitor.o execution=interpret',
    `ebpf convert samples/global_vars.o "${join(folder, 'dumped image.wasm')}"`,
    `ebpf add program "${join(folder, 'dumped image.wasm')}" attach=none`,
    'ebpf add program samples/cgroup_sock_addr.o attach=all compartment=3 pinned=none',
    'ebpf add program samples/xdp_linux.o platform=linux',
    'ebpf add program samples/map.o type=sample_ext attach=none',
    'ebpf unpin map 10',
    'interface add eth1 "Office LAN"',
    'interface set 1 "The loop"',
    'ebpf set policy build=release proof=on',
  ];
  const listings = ['show programs', 'show programs level=verbose', 'show maps', 'show pins', 'show policy'];

  it('makes in an empty store what it was made from, also where an earlier load is gone', () => {
    const [from, to] = [{ env: { EBPFSH_STORE: join(folder, 'dump-from') } }, { env: { EBPFSH_STORE: join(folder, 'dump-to') } }];
    for (const line of setup) expect(ebpfsh([line], from), line).toMatchObject({ stderr: '', exitCode: 0 });
    for (const remove of ['', 'ebpf delete program 12']) {
      if (remove !== '') expect(ebpfsh([remove], from).exitCode).toBe(0);
      const script = join(folder, 'dump.nsh');
      const { stdout } = ebpfsh(['ebpf dump'], from);
      writeFileSync(script, stdout);
      const target = { env: { EBPFSH_STORE: `${to.env.EBPFSH_STORE}${remove.length}` } };
      expect(ebpfsh(['exec', script], target)).toMatchObject({ stderr: '', exitCode: 0 });
      expect(ebpfsh(['ebpf dump'], target).stdout).toBe(stdout);
      for (const listing of listings)
        expect(ebpfsh([`ebpf ${listing}`], target).stdout, listing).toBe(
          ebpfsh([`ebpf ${listing}`], from).stdout.replace(/^Trusted keys .*\n/m, trusted(target)),
        );
    }
  }, 120_000);

  /** The line of a store's own keys: a script does not carry keys over. */
  function trusted(store: { env: { EBPFSH_STORE: string } }): string {
    return /^Trusted keys .*\n/m.exec(ebpfsh(['ebpf show policy'], store).stdout)?.[0] ?? '';
  }

  it('says what no line recreates', () => {
    const store = { env: { EBPFSH_STORE: join(folder, 'dump-rest') } };
    for (const line of [
      'bpftool map create BPF:\\lonely type hash key 4 value 4 entries 5 name lonely',
      'ebpf add program samples/xdp_count.o',
      'ebpf pin link 6 BPF:\\link',
    ])
      expect(ebpfsh([line], store), line).toMatchObject({ stderr: '', exitCode: 0 });
    const { stdout } = ebpfsh(['ebpf dump'], store);
    expect(stdout).toContain('# map 2 (lonely) came with no program that is still there: bpftool map create makes one\n');
    expect(stdout).toContain('# link 6 is pinned to BPF:\\link: pin link pins it again\n');
  });
});
