/** A helper's call as disassembly prints it: name, id and one word per argument register, in the words of eBPF for Windows. */
import type { ArgumentKind, HelperArgument, HelperPrototype } from './platform.ts';

/** Arguments that stand in one register. */
const singleWords: Partial<Record<ArgumentKind, string>> = {
  anything: 'uint64_t',
  number: 'uint64_t',
  zero: 'uint64_t',
  alloc_size: 'uint64_t',
  ctx: 'ctx',
  map: 'map_fd',
  map_key: 'map_key',
  map_value: 'map_value',
  map_value_out: 'map_value',
  allocated: 'alloc_mem',
  callback: 'func',
  callback_context: 'stack',
  spin_lock: 'spin_lock',
  timer: 'timer',
  kptr: 'kptr',
  dynptr: 'dynptr',
  iterator: 'iter',
  socket: 'socket',
  btf: 'btf_id',
  const_string: 'const_str',
  percpu: 'percpu',
};

/** Arguments that name memory, whose size is in the next register or in the prototype. */
const memoryWords: Partial<Record<ArgumentKind, string>> = {
  memory_read: 'mem',
  memory_write: 'out',
  memory_readwrite: 'out',
  fixed_read: 'mem',
  fixed_write: 'out',
};

const fixedWords: ReadonlyMap<number, string> = new Map([
  [4, 'out_int'],
  [8, 'out_long'],
]);

function single(argument: HelperArgument, prototype: HelperPrototype, register: string): string {
  const word = argument.kind === 'map' && prototype.mapKinds?.includes('prog_array') ? 'map_fd_programs' : singleWords[argument.kind];
  return `${word ?? argument.kind}${argument.nullable ? '?' : ''} ${register}`;
}

function memory(argument: HelperArgument, next: HelperArgument | undefined, word: string, register: number): string {
  const name = `${word}${argument.nullable ? '?' : ''} r${register}`;
  if (argument.size !== undefined) {
    const fixed = argument.kind === 'fixed_write' ? fixedWords.get(argument.size) : undefined;
    return fixed ? `${fixed} r${register}` : `${name}[${argument.size}]`;
  }
  return `${name}[r${register + 1}${next?.kind === 'size_or_zero' ? '?' : ''}]`;
}

/**
 * The call without its "r0 = ": `bpf_map_update_elem:2(map_fd r1, map_key r2, map_value r3, uint64_t r4)`.
 * Memory and its size print as one pair, `mem r2[r3], uint64_t r3`; "?" after the word means that null is accepted, after the size that zero is.
 */
export function formatHelperCall(prototype: HelperPrototype): string {
  const words = prototype.arguments.map((argument, index) => {
    const register = index + 1;
    if (argument.kind === 'size' || argument.kind === 'size_or_zero') return `uint64_t r${register}`;
    const word = memoryWords[argument.kind];
    return word ? memory(argument, prototype.arguments[register], word, register) : single(argument, prototype, `r${register}`);
  });
  return `${prototype.name}:${prototype.id}(${words.join(', ')})`;
}
