/** Linux takes calls of global functions by their prototypes, and verifies the functions for all arguments that those allow. */
import { describe, expect, it } from 'vitest';
import type { BtfType } from '../../src/object/btf.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { windows } from '../../src/platform/windows/windows.ts';
import { verifyText } from './program-text.ts';

const INT: BtfType = { kind: 'int', name: 'long', size: 8, bits: 64, bitOffset: 0, signed: true, char: false, bool: false };

/** A long, the struct of two of them, and what else parameters point to, by BTF id. */
const BASE: readonly BtfType[] = [
  INT,
  {
    kind: 'struct',
    name: 'pair',
    size: 16,
    members: [
      { name: 'a', type: 1, bitOffset: 0, bitSize: 0 },
      { name: 'b', type: 1, bitOffset: 64, bitSize: 0 },
    ],
  },
  { kind: 'struct', name: 'xdp_md', size: 24, members: [] },
  { kind: 'fwd', name: 'unknown', union: false },
  { kind: 'struct', name: 'task_struct', size: 4096, members: [] },
  { kind: 'ptr', type: 1 },
  { kind: 'ptr', type: 2 },
  { kind: 'ptr', type: 3 },
  { kind: 'ptr', type: 4 },
  { kind: 'ptr', type: 0 },
  { kind: 'ptr', type: 5 },
];
const LONG = 1;
const PAIR_POINTER = 7;
const CONTEXT = 8;
const UNKNOWN = 9;
const ANY_POINTER = 10;
const TASK = 11;

/** The types of a program whose function `g` takes a parameter of the type, with tags, and returns a type. */
function typesOf(parameter: number, tags: readonly string[], returns: number): readonly BtfType[] {
  const prototype = BASE.length + 1;
  return [
    ...BASE,
    { kind: 'func_proto', returns, parameters: [{ name: 'p', type: parameter }] },
    { kind: 'func', name: 'g', type: prototype, linkage: 'global' },
    ...tags.map((name): BtfType => ({ kind: 'decl_tag', name: `arg:${name}`, type: prototype + 1, component: 0 })),
  ];
}

interface Case {
  /** What comes before the call, which gets r1. */
  readonly caller: string;
  /** What `g` does before it returns 0. */
  readonly body?: string;
  readonly parameter: number;
  readonly tags?: readonly string[];
  readonly returns?: number;
  readonly section?: string;
  readonly type?: string;
}

const MAPS = [
  { name: 'large', type: 'hash', key: 4, value: 16 },
  { name: 'small', type: 'hash', key: 4, value: 8 },
  { name: 'closed', type: 'hash', key: 4, value: 16, flags: 1 << 7 },
] as const;

function verdict({ caller, body = 'r2 = r1', parameter, tags = [], returns = LONG, section = 'xdp', type = 'xdp' }: Case, platform = linux) {
  const text = `${caller}\ncall <g>\nout:\nr0 = 0\nexit\ng:\n${body}\nend:\nr0 = 0\nexit`;
  const globals = { g: BASE.length + 2 };
  const report = verifyText({ platform, type, section, text, maps: MAPS, types: typesOf(parameter, tags, returns), globals });
  expect(report.error).toBeUndefined();
  return report.failures.map(({ check, id }) => `${check.kind} ${id}`);
}

const lookup = (map: string) => `
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map ${map}
  call bpf_map_lookup_elem
  if r0 == 0 goto <out>
  r1 = r0`;
const onStack = `
  *(u64 *)(r10 - 16) = 0
  *(u64 *)(r10 - 8) = 0
  r1 = r10
  r1 += -16`;
const readPair = 'if r1 == 0 goto <end>\nr2 = *(u64 *)(r1 + 8)';

const REFUSED = ['global_argument CALL-02'];

describe('calls of global functions on Linux', () => {
  it.each<[string, Case, readonly string[]]>([
    ['memory of the caller', { caller: onStack, parameter: PAIR_POINTER, body: readPair }, []],
    ['null', { caller: 'r1 = 0', parameter: PAIR_POINTER, body: readPair }, []],
    ['the value of a map', { caller: lookup('large'), parameter: PAIR_POINTER, body: readPair }, []],
    ['a smaller value of a map', { caller: lookup('small'), parameter: PAIR_POINTER }, REFUSED],
    ['a value that may only be read', { caller: lookup('closed'), parameter: PAIR_POINTER }, REFUSED],
    ['less of the stack', { caller: `${onStack}\nr1 += 8`, parameter: PAIR_POINTER }, REFUSED],
    ['the context for memory', { caller: '', parameter: PAIR_POINTER }, REFUSED],
    ['memory for the context', { caller: onStack, parameter: CONTEXT }, REFUSED],
    ['the context', { caller: '', parameter: CONTEXT, body: 'r2 = *(u32 *)(r1 + 12)' }, []],
    ['the context by its tag', { caller: '', parameter: ANY_POINTER, tags: ['ctx'], body: 'r2 = *(u32 *)(r1 + 12)' }, []],
    ['a place within the context', { caller: 'r1 += 4', parameter: CONTEXT }, REFUSED],
    ['a number for memory', { caller: 'r1 = 5', parameter: PAIR_POINTER }, REFUSED],
    ['a pointer for a number', { caller: onStack, parameter: LONG, section: 'kprobe/f', type: 'kprobe' }, REFUSED],
    ['what leads to anything', { caller: onStack, parameter: ANY_POINTER }, REFUSED],
    ['what leads to a struct that is only declared', { caller: onStack, parameter: UNKNOWN }, REFUSED],
    ['tags that contradict one another', { caller: onStack, parameter: PAIR_POINTER, tags: ['nullable'] }, REFUSED],
    ['nothing for a result', { caller: onStack, parameter: PAIR_POINTER, returns: 0 }, REFUSED],
    ['a pointer for a result', { caller: onStack, parameter: PAIR_POINTER, returns: PAIR_POINTER }, REFUSED],
    ['a tag that is not known', { caller: onStack, parameter: ANY_POINTER, tags: ['of_the_future'] }, []],
    ['a task', { caller: 'call bpf_get_current_task_btf\nr1 = r0', parameter: TASK, tags: ['trusted'], section: 'tp_btf/f', type: 'tracing' }, []],
    ['null for a task', { caller: 'r1 = 0', parameter: TASK, tags: ['trusted'], section: 'tp_btf/f', type: 'tracing' }, REFUSED],
    ['null for a task, or none', { caller: 'r1 = 0', parameter: TASK, tags: ['trusted', 'nullable'], section: 'tp_btf/f', type: 'tracing' }, []],
  ])('take %s', (_, program, expected) => {
    expect(verdict(program)).toEqual(expected);
  });

  it('are not bound by prototypes elsewhere', () => {
    const program = { caller: onStack, parameter: ANY_POINTER, section: 'bind', type: 'bind' };
    expect(verdict(program, windows)).toEqual([]);
    expect(verdict({ caller: onStack, parameter: ANY_POINTER, section: 'unheard of' })).toEqual([]);
  });
});

describe('global functions by themselves', () => {
  const bounded = 'r1 = 3';
  const indexed = 'r2 = r10\nr2 += -8\n*(u64 *)(r10 - 8) = 0\nr2 += r1\nr3 = *(u8 *)(r2 + 0)';
  it.each<[string, Case, readonly string[]]>([
    ['rely on no bounds of their callers', { caller: bounded, parameter: LONG, body: indexed }, REFUSED],
    ['bound their numbers', { caller: bounded, parameter: LONG, body: `if r1 > 7 goto <end>\n${indexed}` }, []],
    ['rely on no check of their callers', { caller: onStack, parameter: PAIR_POINTER, body: 'r2 = *(u64 *)(r1 + 8)' }, REFUSED],
    ['rely on a tag', { caller: onStack, parameter: PAIR_POINTER, tags: ['nonnull'], body: 'r2 = *(u64 *)(r1 + 8)' }, []],
    [
      'know what they point to no further than its size',
      { caller: onStack, parameter: 6, body: 'if r1 == 0 goto <end>\nr2 = *(u64 *)(r1 + 8)' },
      REFUSED,
    ],
    [
      'take what memory holds for numbers',
      {
        caller: `${onStack}\n*(u64 *)(r10 - 8) = r10`,
        parameter: PAIR_POINTER,
        section: 'kprobe/f',
        type: 'kprobe',
        body: `${readPair}\nr2 = *(u64 *)(r2 - 16)`,
      },
      REFUSED,
    ],
    [
      'may return anything',
      {
        caller: onStack,
        parameter: PAIR_POINTER,
        section: 'cgroup_skb/ingress',
        type: 'cgroup_skb',
        body: 'r0 = 7\nif r1 == 0 goto <end>\nexit',
      },
      [],
    ],
  ])('%s', (_, program, expected) => {
    expect(verdict(program)).toEqual(expected);
  });
});

it('Linux calls back static functions only', () => {
  const text = 'r1 = 4\nr2 = &g\nr3 = 0\nr4 = 0\ncall bpf_loop\nr0 = 0\nexit\ng:\nr0 = 0\nexit';
  const program = { platform: linux, type: 'xdp', section: 'xdp', text, types: typesOf(LONG, [], LONG) };
  expect(verifyText(program).verdict).toBe('accepted');
  expect(verifyText({ ...program, globals: { g: BASE.length + 2 } }).failures.map(({ id }) => id)).toEqual(['CALL-02']);
});
