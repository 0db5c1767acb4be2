import { describe } from 'vitest';
import { type Case, LINKS, MAPS, PINS, PROGRAMS, play } from './netsh-play.ts';

const CALLER = '     5     1      1  JIT        sample         caller\n';
const CALLEE = '     6     0      0  JIT        sample         callee\n';

/** The three ways to run, as the original repeats its pin tests. */
const variants: readonly { readonly mode: string; readonly shown: string; readonly file: string; readonly prepare: Case['steps'] }[] = [
  { mode: 'jit', shown: 'JIT', file: 'samples/bindmonitor.o', prepare: [] },
  { mode: 'interpret', shown: 'INTERPRET', file: 'samples/bindmonitor.o', prepare: [] },
  {
    mode: 'native',
    shown: 'NATIVE',
    file: '{folder}/bindmonitor.wasm',
    prepare: [{ run: 'convert samples/bindmonitor.o {folder}/bindmonitor.wasm', stdout: /^Wrote / }],
  },
];

describe('netsh cases that load programs', () => {
  play([
    {
      name: '15 pin first program',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext pinpath=mypinpath', stdout: 'Loaded with ID 5\n' },
        { run: 'show programs', stdout: PROGRAMS + CALLER + CALLEE },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\mypinpath\n' },
        { run: 'show programs', stdout: PROGRAMS },
      ],
    },
    {
      name: '16 pin all programs',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext pinpath=mypinpath pinned=all', stdout: 'Loaded with ID 5\n' },
        { run: 'show programs', stdout: `${PROGRAMS}${CALLER}     6     1      0  JIT        sample         callee\n` },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\mypinpath\\sample_ext\n' },
        { run: 'show programs', stdout: `${PROGRAMS}     6     1      0  JIT        sample         callee\n` },
        { run: 'delete program 6', stdout: 'Unpinned 6 from BPF:\\mypinpath\\sample_ext_0\n' },
        { run: 'show programs', stdout: PROGRAMS },
      ],
    },
    {
      name: '17 show programs',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext', stdout: 'Loaded with ID 5\n' },
        { run: 'show programs sample_ext', stdout: PROGRAMS + CALLER + CALLEE },
        { run: 'show programs xdp', stdout: PROGRAMS },
        { run: 'show programs attached=yes', stdout: PROGRAMS + CALLER },
        { run: 'show programs attached=no', stdout: PROGRAMS + CALLEE },
        { run: 'show programs pinned=yes', stdout: PROGRAMS + CALLER },
        { run: 'show programs pinned=no', stdout: PROGRAMS + CALLEE },
        { run: 'show programs filename=tail_call.o section=sample_ext/0', stdout: PROGRAMS + CALLEE },
        { run: 'show programs filename=other.o', stdout: PROGRAMS },
        {
          run: 'show programs level=verbose',
          stdout: `
ID             : 5
File name      : samples/tail_call.o
Section        : sample_ext
Name           : caller
Program type   : sample
Mode           : JIT
# map IDs      : 2
map IDs        : 3
                 4
# pinned paths : 1
# links        : 1

ID             : 6
File name      : samples/tail_call.o
Section        : sample_ext/0
Name           : callee
Program type   : sample
Mode           : JIT
# map IDs      : 0
# pinned paths : 0
# links        : 0
`,
        },
        { run: 'show programs id=6', stdout: /^\nID {13}: 6\n/ },
        { run: 'show programs attached=maybe', stderr: /The parameter is incorrect\./, exitCode: 2 },
        { run: 'show programs nonsense', stderr: /The parameter is incorrect\./, exitCode: 2 },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\caller\n' },
      ],
    },
    {
      name: '18 set program',
      steps: [
        {
          run: [
            'add program samples/tail_call.o sample_ext pinned=none',
            'set program 5 ""',
            'show programs',
            'set program 5 ""',
            'set program 5 sample_ext',
            'show programs',
            'set program 5 ""',
            'delete program 5',
            'show programs',
          ],
          stdout:
            `Loaded with ID 5\nOk.\n${PROGRAMS}     5     0      0  JIT        sample         caller\n${CALLEE}` +
            `Ok.\n${PROGRAMS}     5     0      1  JIT        sample         caller\n${CALLEE}Ok.\n${PROGRAMS}`,
          stderr: 'error 1168: could not detach program\n',
          exitCode: 1,
        },
        // What is attached only by its link outlives the process as well.
        { run: 'add program samples/tail_call.o sample_ext pinned=none', stdout: /^Loaded with ID \d+\n$/ },
        { run: 'show programs attached=yes', stdout: / {5}0 {6}1 {2}JIT {8}sample {9}caller\n$/ },
      ],
    },
    {
      name: '19 show maps',
      steps: [
        { run: 'add program samples/map_in_map_btf.o sample_ext', stdout: 'Loaded with ID 5\n' },
        {
          run: 'show maps',
          stdout: `${MAPS}      3                hash     4      4        1      0     0  inner_map
      4       array_of_maps     4      4        1      3     0  outer_map
`,
        },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\lookup\n' },
        { run: 'show maps', stdout: MAPS },
      ],
    },
    {
      name: '20 show links',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext', stdout: 'Loaded with ID 5\n' },
        { run: 'show links', stdout: `${LINKS}      7        5  sample_ext\n` },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\caller\n' },
        { run: 'show links', stdout: LINKS },
      ],
    },
    {
      name: '21 show pins',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext mypinpath pinned=all', stdout: 'Loaded with ID 5\n' },
        {
          run: 'show pins',
          stdout: `${PINS}      5  Program  BPF:\\mypinpath\\sample_ext\n      6  Program  BPF:\\mypinpath\\sample_ext_0\n`,
        },
        { run: 'pin map 3 mymaps\\three' },
        { run: 'show pins', stdout: / {6}3 {6}Map {2}BPF:\\mymaps\\three\n {6}5 {2}Program/ },
        { run: 'unpin map 3 BPF:/mymaps/three' },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\mypinpath\\sample_ext\n' },
        { run: 'delete program 6', stdout: 'Unpinned 6 from BPF:\\mypinpath\\sample_ext_0\n' },
        { run: 'show pins', stdout: PINS },
      ],
    },
    {
      name: '22 delete pinned program',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext pinned=none', stdout: 'Loaded with ID 5\n' },
        { run: 'set program 5 pinpath=mypinname', stdout: 'Ok.\n' },
        { run: 'set program 5 pinpath=mypinname2', stdout: 'Ok.\n' },
        {
          run: 'set program 5 pinpath=mypinname2',
          stderr: 'error 17: could not pin program\nEBPF_OBJECT_ALREADY_EXISTS: BPF:\\mypinname2 is already pinned.\n',
          exitCode: 1,
        },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\mypinname\nUnpinned 5 from BPF:\\mypinname2\n' },
        { run: 'show programs', stdout: PROGRAMS },
        { run: 'delete program 5', stdout: 'Program not found\n', exitCode: 1 },
      ],
    },
    {
      name: '23 unpin program',
      steps: [
        { run: 'add program samples/tail_call.o sample_ext mypinname', stdout: 'Loaded with ID 5\n' },
        { run: 'set program 5 ""', stdout: 'Ok.\n' },
        { run: 'show pins', stdout: `${PINS}      5  Program  BPF:\\mypinname\n` },
        { run: 'delete program 5', stdout: 'Unpinned 5 from BPF:\\mypinname\n' },
      ],
    },
    {
      // Our droppacket has one map where the original's has two, so the ids are smaller.
      name: '24 xdp interface parameter',
      steps: [
        { run: 'add program samples/droppacket.o xdp interface="Loopback Pseudo-Interface 1"', stdout: 'Loaded with ID 4\n' },
        { run: 'delete program 4', stdout: 'Unpinned 4 from BPF:\\DropPacket\n' },
        { run: 'add program samples/droppacket.o xdp interface=loopback_0', stdout: 'Loaded with ID 8\n' },
        { run: 'delete program 8', stdout: 'Unpinned 8 from BPF:\\DropPacket\n' },
        { run: 'add program samples/droppacket.o xdp interface=1', stdout: 'Loaded with ID 12\n' },
        { run: 'show pins', stdout: `${PINS}     12  Program  BPF:\\DropPacket\n` },
        { run: 'delete program 12', stdout: 'Unpinned 12 from BPF:\\DropPacket\n' },
        { run: 'add program samples/droppacket.o xdp interface=foo', stderr: 'Interface parameter is invalid.\n', exitCode: 1 },
        {
          run: 'add program samples/bindmonitor.o bind interface=1',
          stderr: "Interface parameter is not allowed for program types that don't support interfaces.\n",
          exitCode: 1,
        },
        { run: 'show programs', stdout: PROGRAMS },
        { run: 'add program samples/droppacket.o xdp', stdout: /^Loaded with ID \d+\n$/ },
        { run: 'show programs', stdout: / {5}1 {6}1 {2}JIT {8}xdp {12}DropPacket\n$/ },
      ],
    },
    {
      name: '24 xdp interface parameter, set program',
      steps: [
        { run: 'add program samples/droppacket.o xdp', stdout: 'Loaded with ID 4\n' },
        { run: 'set program 4 ""', stdout: 'Ok.\n' },
        { run: 'show programs', stdout: `${PROGRAMS}     4     1      0  JIT        xdp            DropPacket\n` },
        { run: 'set program 4 interface=1', stdout: 'Ok.\n' },
        { run: 'show links format=json', stdout: /"parameters":\{"interfaceIndex":1\}/ },
        { run: 'set program 4 interface=0', stdout: 'Ok.\n' },
        { run: 'show links format=json', stdout: /"parameters":\{\}/ },
        { run: 'delete program 4', stdout: 'Unpinned 4 from BPF:\\DropPacket\n' },
      ],
    },
    {
      name: '25 cgroup_sock_addr compartment parameter',
      steps: [
        { run: 'add program samples/cgroup_sock_addr.o cgroup/connect4 pinpath=mypinpath compartment=1', stdout: 'Loaded with ID 7\n' },
        { run: 'delete program 7', stdout: 'Unpinned 7 from BPF:\\mypinpath\n' },
        {
          run: 'add program samples/cgroup_sock_addr.o cgroup/connect4 pinpath=mypinpath compartment=0',
          stderr: 'Compartment parameter is invalid.\n',
          exitCode: 1,
        },
        {
          run: 'add program samples/bindmonitor.o bind pinpath=mypinpath compartment=1',
          stderr: "Compartment parameter is not allowed for program types that don't support compartments.\n",
          exitCode: 1,
        },
        { run: 'show programs', stdout: PROGRAMS },
      ],
    },
    {
      name: '26 show processes',
      steps: [
        { run: 'show processes', stdout: '\n  PID  Name\n=====  ==============\n' },
        {
          run: ['add program samples/bpf.o type=bind', 'show processes'],
          stdout: /^Loaded with ID 3\n\n {2}PID {2}Name\n===== {2}==============\n *\d+ {2}ebpfsh\n$/,
        },
        { run: 'show processes', stdout: '\n  PID  Name\n=====  ==============\n' },
      ],
    },
    ...variants.flatMap(({ mode, shown, file, prepare }): Case[] => [
      {
        name: `27 pin and unpin program, ${mode}`,
        steps: [
          ...prepare,
          { run: `add program ${file} pinpath=bindmonitor execution=${mode}`, stdout: 'Loaded with ID 5\n' },
          { run: 'show programs', stdout: `${PROGRAMS}     5     1      1  ${shown.padEnd(9)}  bind           BindMonitor\n` },
          { run: 'pin program 5 bindmonitorpin' },
          { run: 'show pins', stdout: `${PINS}      5  Program  BPF:\\bindmonitor\n      5  Program  BPF:\\bindmonitorpin\n` },
          {
            run: 'unpin program 5 random',
            stderr: 'error 1168: program 5 is not pinned to BPF:\\random\nIt is pinned to BPF:\\bindmonitor, BPF:\\bindmonitorpin.\n',
            exitCode: 1,
          },
          { run: 'unpin program 5 bindmonitorpin' },
          { run: 'show pins', stdout: `${PINS}      5  Program  BPF:\\bindmonitor\n` },
        ],
      },
      {
        name: `28 pin and unpin map, ${mode}`,
        steps: [
          ...prepare,
          { run: `add program ${file} execution=${mode}`, stdout: 'Loaded with ID 5\n' },
          ...[
            { run: 'show maps', pins: 0 },
            { run: 'pin map 3', pins: 1 },
            { run: 'pin map 3 custompin', pins: 2 },
            { run: 'unpin map 3', pins: 1 },
            { run: 'unpin map 3 custompin', pins: 0 },
          ].flatMap(({ run, pins }) => [
            ...(run === 'show maps' ? [] : [{ run }]),
            { run: 'show maps', stdout: new RegExp(`\n {6}3 {15}array {5}4 {6}4 {8}1 {6}0 {5}${pins} {2}limits_map\n`) },
          ]),
          { run: 'unpin map 3 custompin', stderr: 'error 1168: map 3 is not pinned to BPF:\\custompin\nIt has no pins.\n', exitCode: 1 },
        ],
      },
    ]),
  ]);
});
