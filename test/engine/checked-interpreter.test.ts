import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runRaw } from '../../src/engine/checked/raw.ts';
import type { CheckedInput, CheckedMap, CheckedOptions, CheckedOutcome, CheckedProgram } from '../../src/engine/checked-interpreter.ts';
import { FAULT_KINDS, type FaultKind, runChecked } from '../../src/engine/checked-interpreter.ts';
import { parseConformanceCase } from '../../src/isa/conformance.ts';
import type { InstructionList } from '../../src/isa/instruction.ts';
import { instructionsOf, parseProgram } from '../../src/isa/parse.ts';
import { findHelper, programTypeByName } from '../../src/platform/find.ts';
import { linux } from '../../src/platform/linux/linux.ts';
import { CHECKS } from '../../src/verifier/checks.ts';
import { corpusPath, reportSkipped } from '../corpus.ts';

const conformance = corpusPath('conformance');
if (conformance === undefined) reportSkipped('conformance', 245);

describe.skipIf(conformance === undefined)('conformance', () => {
  it('all cases', () => {
    const names = readdirSync(conformance ?? '').filter((name) => name.endsWith('.data'));
    expect(names).toHaveLength(245);
    for (const name of names) {
      const { instructions, memory, result } = parseConformanceCase(readFileSync(join(conformance ?? '', name), 'utf8'));
      const outcome = runRaw(instructions, 1_000_000, memory, new Map([[5, (r1) => r1 ?? 0n]]));
      expect(outcome, name).toMatchObject({ kind: 'exit', r0: result });
    }
  });
});

it('names violations as the verifier names its checks', () => {
  for (const kind of FAULT_KINDS) expect(Object.keys(CHECKS)).toContain(kind);
});

const MAPS: readonly CheckedMap[] = [
  { name: 'hash', kind: 'hash', keySize: 4, valueSize: 16, maxEntries: 8 },
  { name: 'array', kind: 'array', keySize: 4, valueSize: 8, maxEntries: 4 },
  { name: 'constants', kind: 'array', keySize: 4, valueSize: 4, maxEntries: 1, readOnly: true, data: Uint8Array.of(1, 2, 3, 4) },
  { name: 'ring', kind: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 },
  { name: 'programs', kind: 'prog_array', keySize: 4, valueSize: 4, maxEntries: 4 },
  { name: 'outer', kind: 'map_of_maps_array', keySize: 4, valueSize: 4, maxEntries: 1, inner: 0 },
];

function program(code: string | InstructionList, type = 'xdp', platform = linux): CheckedProgram {
  const programType = programTypeByName(platform, type);
  if (programType === undefined) throw new Error(`no program type ${type}`);
  const instructions = typeof code === 'string' ? instructionsOf(parseProgram(blocks(code))) : code;
  return { instructions, platform, programType, maps: MAPS, helper: (id) => findHelper(platform, programType, id) };
}

/** `name:` lines begin blocks. */
function blocks(code: string): readonly (readonly [string, string])[] {
  const result: [string, string][] = [['start', '']];
  for (const line of code.split('\n')) {
    const label = /^(\w+):$/.exec(line.trim())?.[1];
    if (label === undefined) result[result.length - 1]![1] += `${line}\n`;
    else result.push([label, '']);
  }
  return result;
}

const run = (code: string | InstructionList, input: CheckedInput = {}, options: CheckedOptions = {}, type = 'xdp'): CheckedOutcome =>
  runChecked(program(code, type), { packet: new Uint8Array(20), ...input }, options);

const LOOKUP = (map: number) => `*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map_fd ${map}\ncall 1`;

describe('violations', () => {
  const rows: readonly { readonly name: string; readonly code: string; readonly want: FaultKind; readonly at: number; readonly type?: string }[] = [
    { name: 'r0 never set', code: 'exit', want: 'register_uninitialised', at: 0 },
    { name: 'an argument after a call', code: 'call 7\nr0 = r1\nexit', want: 'clobbered', at: 1 },
    { name: 'r10 written', code: 'r10 += 1\nexit', want: 'frame_pointer_write', at: 0 },
    { name: 'a number as address', code: 'r1 = 5000\nr0 = *(u8 *)(r1 + 0)\nexit', want: 'dereference', at: 1 },
    { name: 'a map as address', code: 'r1 = map_fd 0\nr0 = *(u8 *)(r1 + 0)\nexit', want: 'dereference', at: 2 },
    { name: 'null, moved', code: 'r1 = 0\nr0 = *(u8 *)(r1 + 8)\nexit', want: 'null_access', at: 1 },
    { name: 'the packet past its end', code: 'r1 = *(u32 *)(r1 + 0)\nr0 = *(u32 *)(r1 + 17)\nexit', want: 'packet_upper', at: 1 },
    { name: 'before the packet', code: 'r1 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r1 - 1)\nexit', want: 'packet_lower', at: 1 },
    { name: 'below the frame', code: '*(u64 *)(r10 - 520) = 0\nexit', want: 'stack_lower', at: 0 },
    { name: 'above the frame', code: '*(u64 *)(r10 - 4) = 0\nexit', want: 'stack_upper', at: 0 },
    { name: 'a misaligned stack access', code: '*(u32 *)(r10 - 7) = 0\nexit', want: 'misaligned', at: 0 },
    { name: 'stack never written', code: 'r0 = *(u64 *)(r10 - 8)\nexit', want: 'stack_uninitialised', at: 0 },
    { name: 'part of a spilled pointer', code: '*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)\nexit', want: 'stack_not_numeric', at: 1 },
    { name: 'past the context', code: 'r0 = *(u32 *)(r1 + 24)\nexit', want: 'context_upper', at: 0 },
    { name: 'before the context', code: 'r0 = *(u32 *)(r1 - 4)\nexit', want: 'context_lower', at: 0 },
    { name: 'half a context pointer', code: 'r0 = *(u16 *)(r1 + 0)\nexit', want: 'context_field', at: 0 },
    { name: 'a read-only context field', code: '*(u32 *)(r1 + 0) = 0\nexit', want: 'context_write', at: 0 },
    { name: 'an atomic on the context', code: 'r2 = 1\nlock *(u32 *)(r1 + 0) += r2\nexit', want: 'atomic_target', at: 1 },
    { name: 'an atomic with a pointer', code: '*(u64 *)(r10 - 8) = 0\nlock *(u64 *)(r10 - 8) += r1\nexit', want: 'type', at: 1 },
    { name: 'read-only data written', code: 'r1 = map_val(2) + 0\n*(u8 *)(r1 + 0) = 1\nexit', want: 'read_only', at: 2 },
    { name: 'past read-only data', code: 'r1 = map_val(2) + 2\nr0 = *(u32 *)(r1 + 0)\nexit', want: 'map_value_upper', at: 2 },
    { name: 'before a map value', code: `${LOOKUP(1)}\nr0 = *(u8 *)(r0 - 1)\nexit`, want: 'map_value_lower', at: 6 },
    { name: 'a pointer stored in a map', code: 'r6 = r1\nr1 = map_val(1) + 0\n*(u64 *)(r1 + 0) = r6\nexit', want: 'leak_store', at: 3 },
    { name: 'a pointer returned', code: 'r0 = r10\nexit', want: 'leak_return', at: 1 },
    { name: 'a value outside the range', code: 'r0 = 7\nexit', want: 'exit_value', at: 1, type: 'cgroup_skb' },
    { name: 'pointers added', code: 'r1 += r10\nexit', want: 'pointer_plus_pointer', at: 0 },
    { name: 'a pointer masked', code: 'r1 &= 7\nexit', want: 'pointer_arithmetic', at: 0 },
    { name: 'a map moved', code: 'r1 = map_fd 0\nr1 += 8\nexit', want: 'pointer_arithmetic', at: 2 },
    { name: 'a pointer negated', code: 'r1 = -r1\nexit', want: 'pointer_arithmetic', at: 0 },
    { name: 'half a pointer moved', code: 'w0 = w1\nexit', want: 'pointer_truncated', at: 0 },
    { name: 'pointers of two regions subtracted', code: 'r1 -= r10\nexit', want: 'pointer_difference', at: 0 },
    { name: 'pointers of two regions compared', code: 'if r1 > r10 goto <out>\nout:\nexit', want: 'pointer_comparison', at: 0 },
    { name: 'a pointer compared with a number', code: 'if r1 == 5 goto <out>\nout:\nexit', want: 'pointer_comparison', at: 0 },
    { name: 'half a pointer compared', code: 'if w1 == 0 goto <out>\nout:\nexit', want: 'pointer_truncated', at: 0 },
    { name: 'a helper that is not there', code: 'call 9999\nexit', want: 'helper_unknown', at: 0 },
    { name: 'a kernel function that is not there', code: 'call_btf 3\nexit', want: 'kfunc_unknown', at: 0 },
    { name: 'a number called', code: 'r1 = 70000\ncallx r1\nexit', want: 'type', at: 1 },
    { name: 'no map', code: 'r2 = r10\ncall 1\nexit', want: 'map_argument', at: 1 },
    { name: 'a map of another kind', code: '*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map_fd 4\ncall 1\nexit', want: 'map_kind', at: 5 },
    { name: 'a key that is a number', code: 'r2 = 1\nr1 = map_fd 0\ncall 1\nexit', want: 'memory_argument', at: 3 },
    { name: 'a key that is null', code: 'r2 = 0\nr1 = map_fd 0\ncall 1\nexit', want: 'null_access', at: 3 },
    { name: 'a key never written', code: 'r2 = r10\nr2 += -4\nr1 = map_fd 0\ncall 1\nexit', want: 'stack_argument', at: 4 },
    {
      name: 'a key that is a pointer',
      code: '*(u64 *)(r10 - 8) = r1\nr2 = r10\nr2 += -8\nr1 = map_fd 0\ncall 1\nexit',
      want: 'leak_argument',
      at: 5,
    },
    {
      name: 'a key that crosses the frame',
      code: '*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -2\nr1 = map_fd 0\ncall 1\nexit',
      want: 'stack_upper',
      at: 5,
    },
    { name: 'a moved context argument', code: 'r1 += 4\nr2 = 0\ncall 44\nexit', want: 'context_modified', at: 2 },
    { name: 'another context argument', code: 'r1 = 4\nr2 = 0\ncall 44\nexit', want: 'argument_type', at: 2 },
    { name: 'a negative size', code: 'r1 = r10\nr1 += -16\nr2 = -1\ncall 16\nexit', want: 'size_negative', at: 3, type: 'kprobe' },
    { name: 'a size of nothing', code: 'r1 = r10\nr1 += -16\nr2 = 0\ncall 16\nexit', want: 'size_zero', at: 3, type: 'kprobe' },
    { name: 'a buffer too small', code: 'r1 = r10\nr1 += -16\nr2 = 17\ncall 16\nexit', want: 'stack_upper', at: 3, type: 'kprobe' },
    { name: 'a record size of no sense', code: 'r1 = map_fd 3\nr2 = -1\nr3 = 0\ncall 131\nexit', want: 'argument_constant', at: 4 },
    { name: 'a release of what was never acquired', code: 'r1 = map_val(1) + 0\nr2 = 0\ncall 132\nexit', want: 'release_argument', at: 3 },
    { name: 'a callback that is a number', code: 'r1 = 1\nr2 = 5\nr3 = 0\nr4 = 0\ncall 181\nexit', want: 'callback_argument', at: 4 },
    { name: 'recursion', code: 'call <f>\nexit\nf:\ncall <f>\nexit', want: 'call_depth', at: 2 },
    {
      name: 'a pointer to a dead frame',
      code: 'call <f>\nr0 = *(u8 *)(r0 - 8)\nexit\nf:\n*(u64 *)(r10 - 8) = 1\nr0 = r10\nexit',
      want: 'register_uninitialised',
      at: 1,
    },
    { name: 'the end run past', code: 'r0 = 1', want: 'control_flow', at: 0 },
    { name: 'a jump into nowhere', code: 'goto +7', want: 'control_flow', at: 0 },
    { name: 'a legacy load of a program without', code: 'r6 = r1\nr0 = *(u8 *)skb[0]\nexit', want: 'legacy_packet', at: 1 },
  ];
  it.each(rows)('$name', ({ code, want, at, type }) => {
    const outcome = run(code, {}, {}, type);
    expect(outcome).toMatchObject({ kind: 'fault', fault: { kind: want, instruction: at } });
  });

  it('say where, and in which call', () => {
    const outcome = run('call <f>\nexit\nf:\ncall <g>\nexit\ng:\nr0 = *(u64 *)(r10 - 520)\nexit');
    expect(outcome).toMatchObject({
      kind: 'fault',
      steps: 3,
      fault: {
        callStack: [0, 2],
        instruction: 4,
        register: 10,
        access: { offset: -520n, width: 8, size: 512, mode: 'read' },
        message: 'Reads 8 bytes at offset -520 of the stack of frame 2, which has 512',
      },
    });
  });

  it('include division by zero on demand only', () => {
    const code = 'r1 = 0\nr0 = 5\nr0 /= r1\nexit';
    expect(run(code)).toMatchObject({ kind: 'exit', r0: 0n });
    expect(run(code, {}, { faultOnDivisionByZero: true })).toMatchObject({ kind: 'fault', fault: { kind: 'division_by_zero', register: 1 } });
  });
});

describe('correct programs', () => {
  const rows: readonly {
    readonly name: string;
    readonly code: string;
    readonly want: bigint;
    readonly input?: CheckedInput;
    readonly type?: string;
  }[] = [
    {
      name: 'read a checked packet',
      code: 'r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr3 = r1\nr3 += 2\nr0 = 0\nif r3 > r2 goto <out>\nr0 = *(u16 *)(r1 + 0)\nout:\nexit',
      want: 0x0201n,
      input: { packet: Uint8Array.of(1, 2, 3) },
    },
    {
      name: 'skip a short packet',
      code: 'r2 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr3 = r1\nr3 += 2\nr0 = 0\nif r3 > r2 goto <out>\nr0 = *(u16 *)(r1 + 0)\nout:\nexit',
      want: 0n,
      input: { packet: Uint8Array.of(1) },
    },
    { name: 'measure a packet by subtraction', code: 'r0 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nr0 -= r1\nexit', want: 20n },
    { name: 'measure it in 32 bits', code: 'r0 = *(u32 *)(r1 + 4)\nr1 = *(u32 *)(r1 + 0)\nw0 -= w1\nexit', want: 20n },
    {
      name: 'read metadata',
      code: 'r1 = *(u32 *)(r1 + 8)\nr0 = *(u32 *)(r1 + 0)\nexit',
      want: 0x04030201n,
      input: { metadata: Uint8Array.of(1, 2, 3, 4) },
    },
    {
      name: 'read a context field',
      code: 'r0 = *(u32 *)(r1 + 16)\nexit',
      want: 9n,
      input: { context: Uint8Array.of(...new Array<number>(16).fill(0), 9, 0, 0, 0) },
    },
    {
      name: 'spill and fill pointers',
      code: '*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 16)\nexit',
      want: 0n,
      input: { context: new Uint8Array(24) },
    },
    { name: 'overwrite a spilled pointer', code: '*(u64 *)(r10 - 8) = r1\n*(u64 *)(r10 - 8) = 7\nr0 = *(u64 *)(r10 - 8)\nexit', want: 7n },
    { name: 'read constants', code: 'r1 = map_val(2) + 1\nr0 = *(u16 *)(r1 + 0)\nexit', want: 0x0302n },
    {
      name: 'read given map values',
      code: `${LOOKUP(0)}\nr0 = *(u16 *)(r0 + 0)\nexit`,
      want: 0x0201n,
      input: { maps: new Map([[0, new Map([['00000000', Uint8Array.of(1, 2)]])]]) },
    },
    { name: 'find array values always', code: `${LOOKUP(1)}\nr0 = *(u8 *)(r0 + 0)\nr0 = 1\nexit`, want: 1n },
    {
      name: 'add atomically',
      code: 'r2 = 3\n*(u64 *)(r10 - 8) = 4\nlock *(u64 *)(r10 - 8) += r2 fetch\nr0 = *(u64 *)(r10 - 8)\nr0 += r2\nexit',
      want: 11n,
    },
    {
      name: 'exchange where equal',
      code: 'r0 = 4\nr2 = 9\n*(u64 *)(r10 - 8) = 4\nlock *(u64 *)(r10 - 8) cx= r2\nr0 = *(u64 *)(r10 - 8)\nexit',
      want: 9n,
    },
    {
      name: 'call with their own frame',
      code: '*(u64 *)(r10 - 8) = 1\nr6 = 5\nr1 = 2\ncall <f>\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\nr0 += r6\nexit\nf:\nr6 = r1\n*(u64 *)(r10 - 8) = 100\nr0 = r6\nexit',
      want: 8n,
    },
    {
      name: 'write through a pointer to the caller',
      code: 'r1 = r10\nr1 += -8\ncall <f>\nr0 = *(u64 *)(r10 - 8)\nexit\nf:\n*(u64 *)(r1 + 0) = 42\nexit',
      want: 42n,
    },
    {
      name: 'load from the packet the old way',
      code: 'r6 = r1\nr0 = *(u16 *)skb[1]\nexit',
      want: 0x0203n,
      input: { packet: Uint8Array.of(1, 2, 3) },
      type: 'socket_filter',
    },
    {
      name: 'end outside the packet the old way',
      code: 'r6 = r1\nr0 = *(u16 *)skb[2]\nr0 = 1\nexit',
      want: 0n,
      input: { packet: Uint8Array.of(1, 2, 3) },
      type: 'socket_filter',
    },
    { name: 'turn bytes around', code: 'r0 = 0x0102\nr0 = be16 r0\nexit', want: 0x0201n },
  ];
  it.each(rows)('$name', ({ code, want, input, type }) => {
    expect(run(code, input, {}, type)).toMatchObject({ kind: 'exit', r0: want });
  });
});

describe('helpers', () => {
  const outcomes = (code: string, seeds = 60, type = 'xdp', input: CheckedInput = {}) => {
    const seen = new Map<string, CheckedOutcome>();
    for (let seed = 1; seed <= seeds; seed++) {
      const outcome = run(code, { ...input, seed }, {}, type);
      seen.set(outcome.kind === 'fault' ? outcome.fault.kind : outcome.kind, outcome);
    }
    return seen;
  };

  it('find or do not find a hash value', () => {
    expect([...outcomes(`${LOOKUP(0)}\nr0 = *(u8 *)(r0 + 0)\nexit`).keys()].sort()).toEqual(['exit', 'null_access']);
    expect([...outcomes(`${LOOKUP(0)}\nr1 = r0\nr1 += 8\nr0 = *(u8 *)(r1 + 0)\nexit`).keys()].sort()).toEqual(['exit', 'null_access']);
    expect([...outcomes(`${LOOKUP(0)}\nif r0 == 0 goto <out>\nr0 = *(u8 *)(r0 + 15)\nout:\nexit`).keys()]).toEqual(['exit']);
  });

  it('find the same value twice', () => {
    const twice = `${LOOKUP(0)}\nif r0 == 0 goto <none>\n*(u64 *)(r0 + 0) = 77\n${LOOKUP(0)}\nr0 = *(u64 *)(r0 + 0)\nexit\nnone:\nr0 = 77\nexit`;
    for (let seed = 1; seed <= 30; seed++) expect(run(twice, { seed })).toMatchObject({ kind: 'exit', r0: 77n });
  });

  it('find what an update stored', () => {
    const code = `*(u64 *)(r10 - 24) = 5\n*(u64 *)(r10 - 16) = 6\n*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -24\nr4 = 0\nr1 = map_fd 0\ncall 2\nif r0 != 0 goto <failed>\n${LOOKUP(0)}\nr0 = *(u64 *)(r0 + 8)\nexit\nfailed:\nr0 = 6\nexit`;
    for (let seed = 1; seed <= 30; seed++) expect(run(code, { seed })).toMatchObject({ kind: 'exit', r0: 6n });
  });

  const RESERVE = 'r1 = map_fd 3\nr2 = 8\nr3 = 0\ncall 131';
  it('give out records that must be given back', () => {
    expect([...outcomes(`${RESERVE}\nr0 = 0\nexit`).keys()].sort()).toEqual(['exit', 'reference_leak']);
    const released = `${RESERVE}\nif r0 == 0 goto <out>\n*(u64 *)(r0 + 0) = 1\nr6 = r0\nr1 = r0\nr2 = 0\ncall 132\nBODY\nout:\nr0 = 0\nexit`;
    expect([...outcomes(released.replace('BODY', 'r0 = 1')).keys()]).toEqual(['exit']);
    expect([...outcomes(released.replace('BODY', 'r0 = r6')).keys()]).toEqual(['exit']);
    expect([...outcomes(released.replace('BODY', 'r0 = r6\nr0 = *(u8 *)(r0 + 0)')).keys()].sort()).toEqual(['exit', 'use_after_release']);
    expect([...outcomes(released.replace('*(u64 *)(r0 + 0) = 1', '*(u64 *)(r0 + 4) = 1').replace('BODY', 'r0 = 1')).keys()].sort()).toEqual([
      'exit',
      'memory_upper',
    ]);
  });

  it('make packet pointers stale', () => {
    const code = 'r6 = r1\nr7 = *(u32 *)(r1 + 0)\nr2 = 4\ncall 44\nBODY\nr0 = 0\nexit';
    // A copy does no harm by itself, as the verifier has it.
    expect([...outcomes(code.replace('BODY', 'r0 = r7')).keys()]).toEqual(['exit']);
    expect([...outcomes(code.replace('BODY', 'r0 = r7\nr0 = *(u8 *)(r0 + 0)')).keys()]).toEqual(['stale_packet']);
    const sizes = new Set<bigint>();
    for (let seed = 1; seed <= 30; seed++) {
      const outcome = run(code.replace('BODY', 'r0 = *(u32 *)(r6 + 4)\nr1 = *(u32 *)(r6 + 0)\nr0 -= r1\nexit'), { seed });
      if (outcome.kind === 'exit') sizes.add(outcome.r0);
    }
    expect([...sizes].sort()).toEqual([16n, 20n]);
  });

  it('take a tail call or not', () => {
    const code = 'r2 = map_fd 4\nr3 = 1\ncall 12\nr0 = r0\nexit';
    const seen = outcomes(code);
    expect([...seen.keys()].sort()).toEqual(['exit', 'tail_call']);
    expect(seen.get('exit')).toMatchObject({ r0: BigInt.asUintN(64, -2n) });
  });

  const loop = (turns: number, body: string): InstructionList =>
    instructionsOf(
      parseProgram(
        blocks(
          `*(u64 *)(r10 - 8) = 0\nr1 = ${turns}\nr2 = code_addr(8)\nr3 = r10\nr3 += -8\nr4 = 0\ncall 181\nr0 = *(u64 *)(r10 - 8)\nexit\nr2 = r2\n${body}`,
        ),
      ),
    );

  it('run callbacks in frames of their own', () => {
    const count = 'r3 = *(u64 *)(r2 + 0)\nr3 += r1\n*(u64 *)(r2 + 0) = r3\nr0 = 0\nexit';
    expect(run(loop(5, count))).toMatchObject({ kind: 'exit', r0: 10n });
    expect(run(loop(0, count))).toMatchObject({ kind: 'exit', r0: 0n });
    expect(run(loop(5, count.replace('r0 = 0', 'r0 = 1')))).toMatchObject({ kind: 'exit', r0: 0n });
    expect(run(loop(5, 'r0 = r6\nexit'))).toMatchObject({ kind: 'fault', fault: { kind: 'register_uninitialised', callStack: [7] } });
    expect(run(loop(5, 'r0 = 9\nexit'))).toMatchObject({ kind: 'fault', fault: { kind: 'callback_return' } });
  });

  it('follow a model where there is one', () => {
    const calls: string[] = [];
    const outcome = run('call 7\nexit', {}, { helperModel: ({ prototype }) => void calls.push(prototype.name) });
    expect(outcome.kind).toBe('exit');
    expect(calls).toEqual(['bpf_get_prandom_u32']);
  });
});

describe('runs', () => {
  const code = `call 7\nr6 = r0\n${LOOKUP(0)}\nif r0 == 0 goto <out>\nr0 = *(u64 *)(r0 + 0)\nr6 ^= r0\nout:\nr0 = r6\nexit`;
  it('repeat with their seed', () => {
    const results = new Set<bigint>();
    for (let seed = 1; seed <= 20; seed++) {
      const first = run(code, { seed });
      expect(run(code, { seed })).toEqual(first);
      if (first.kind === 'exit') results.add(first.r0);
    }
    expect(results.size).toBeGreaterThan(5);
  });

  it('stop at the limit', () => {
    expect(run('goto -1', {}, { instructionLimit: 50 })).toEqual({ kind: 'limit', instruction: 0, steps: 50 });
    expect(
      run([{ kind: 'may_goto', offset: 1 }, { kind: 'jump', wide: false, offset: -2 }, ...instructionsOf(parseProgram([['a', 'r0 = 3\nexit']]))]),
    ).toMatchObject({ kind: 'exit', r0: 3n });
  });

  it('show every step, access and comparison', () => {
    const steps: unknown[] = [];
    const accesses: unknown[] = [];
    const comparisons: unknown[] = [];
    run(
      'r2 = 5\n*(u64 *)(r10 - 16) = r2\nif r2 > 4 goto <out>\nr0 = 1\nout:\nr0 = 2\nexit',
      {},
      {
        onStep: (pc, state) => steps.push([pc, state.registers[2]?.bits, state.registers[1]?.region?.kind, state.frames.length]),
        onAccess: (pc, region, offset, width, mode) => accesses.push([pc, region.kind, offset, width, mode]),
        onCompare: (...comparison) => comparisons.push(comparison),
      },
    );
    expect(steps).toEqual([
      [0, undefined, 'ctx', 1],
      [1, 5n, 'ctx', 1],
      [2, 5n, 'ctx', 1],
      [4, 5n, 'ctx', 1],
      [5, 5n, 'ctx', 1],
    ]);
    expect(accesses).toEqual([[1, 'stack', 496n, 8, 'write']]);
    expect(comparisons).toEqual([[2, 5n, 4n, true]]);
  });

  it('do not change their input', () => {
    const packet = new Uint8Array(20);
    expect(run('r1 = *(u32 *)(r1 + 0)\n*(u8 *)(r1 + 0) = 9\nr0 = 0\nexit', { packet })).toMatchObject({ kind: 'exit' });
    expect(packet[0]).toBe(0);
  });

  it('allow addresses to be numbers where the host does', () => {
    expect(run('r0 = r1\nr0 &= 7\nr0 = 1\nexit', {}, { allowPointerLeaks: true })).toMatchObject({ kind: 'exit', r0: 1n });
  });
});
