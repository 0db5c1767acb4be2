import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { linux } from '../../src/platform/linux/linux.ts';
import type { ArgumentKind, ReturnKind } from '../../src/platform/platform.ts';

/** libbpf generates it from linux/bpf.h: one line per helper with its C signature. */
const header = '/usr/include/bpf/bpf_helper_defs.h';
const present = existsSync(header);
if (!present) console.warn(`SKIPPED: comparison of 211 signatures with ${header} (the file is absent)`);

interface Signature {
  readonly id: number;
  readonly name: string;
  readonly returns: string;
  readonly parameters: readonly string[];
}

function signatures(): readonly Signature[] {
  const pattern = /^static (.+?)\(\*(\w+)\)\((.*)\) = \(void \*\) (\d+);$/gm;
  return [...readFileSync(header, 'utf8').matchAll(pattern)].map(([, returns = '', name = '', parameters = '', id]) => ({
    id: Number(id),
    name,
    returns: returns.trim(),
    parameters: parameters === 'void' ? [] : parameters.split(', '),
  }));
}

/** Kinds that stand for a C pointer; `anything` and `map` may be either. */
const pointerKinds: ReadonlySet<ArgumentKind> = new Set<ArgumentKind>([
  'ctx',
  'map_key',
  'map_value',
  'map_value_out',
  'memory_read',
  'memory_write',
  'memory_readwrite',
  'fixed_read',
  'fixed_write',
  'allocated',
  'callback',
  'callback_context',
  'spin_lock',
  'timer',
  'kptr',
  'dynptr',
  'socket',
  'btf',
  'const_string',
  'percpu',
]);
const numberKinds: ReadonlySet<ArgumentKind> = new Set<ArgumentKind>(['number', 'size', 'size_or_zero', 'alloc_size', 'zero']);
const pointerResults: ReadonlySet<ReturnKind['kind']> = new Set<ReturnKind['kind']>(['map_value', 'memory', 'socket', 'btf']);

/** Where the C signature says something else on purpose: the classid of the current task needs no packet, a function's context may be a number. */
const elsewhere = ['bpf_get_cgroup_classid', 'bpf_spin_lock', 'bpf_spin_unlock', 'bpf_task_pt_regs'];

describe.skipIf(!present)('bpf_helper_defs.h', () => {
  const found = present ? signatures() : [];

  it('lists at least the helpers up to user_ringbuf_drain', () => {
    expect(found.length).toBeGreaterThanOrEqual(209);
  });

  it.each(found.filter(({ name }) => !elsewhere.includes(name)).map((signature) => [signature.name, signature] as const))('%s', (_, signature) => {
    const prototype = linux.helpers.get(signature.id);
    const parameters = signature.parameters.filter((parameter) => parameter !== '...');
    expect(prototype?.name).toBe(signature.name);
    expect(prototype?.arguments.length).toBe(parameters.length);
    parameters.forEach((parameter, index) => {
      const kind = prototype?.arguments[index]?.kind ?? 'anything';
      if (parameter.includes('*')) expect(numberKinds.has(kind), parameter).toBe(false);
      else expect(pointerKinds.has(kind), parameter).toBe(false);
      if (/\bconst (char|void) \*/.test(parameter)) expect(['memory_write', 'map_value_out', 'fixed_write'], parameter).not.toContain(kind);
    });
    const result = prototype?.returns.kind ?? 'no_return';
    if (signature.returns.includes('*')) expect(pointerResults.has(result)).toBe(true);
    else if (signature.returns === 'void') expect(result).toBe('void');
    else expect(result).toBe('number');
  });
});
