import type { Binary, Branch, Instruction } from '../../isa/instruction.ts';
import { constantValue } from '../../verifier/number/index.ts';
import type { Site } from './site.ts';

/** Something the compiler did that separates a check of the source from the use it was written for. */
export interface Lowering {
  readonly kind: 'narrow_guard' | 'guard_on_copy' | 'bottom_tested_loop' | 'removed_mask';
  /** Slot of the check. */
  readonly instruction: number;
  readonly words: string;
  /** What to write in the source. */
  readonly cure: readonly string[];
}

const BARRIER = (name: string) => `asm volatile("" : "+r"(${name}));   /* before the test: the compiler must test this very register */`;
const BOUNDS: ReadonlySet<string> = new Set([
  'map_value_upper',
  'map_value_lower',
  'memory_upper',
  'memory_lower',
  'stack_upper',
  'stack_lower',
  'packet_upper',
  'packet_lower',
  'size_negative',
]);

/** Looks for a check of the source that the compiler moved away from its use; undefined where there is none. */
export function loweringOf(site: Site): Lowering | undefined {
  const { kind } = site.finding;
  if (kind === 'loop_unbounded' || kind === 'infinite_loop') return loopShape(site);
  return BOUNDS.has(kind) ? (narrowGuard(site) ?? copyGuard(site) ?? removedMask(site)) : undefined;
}

/** An instruction before the failing one, nearest first, with the registers that hold behind it what goes into the failing register. */
interface Link {
  readonly slot: number;
  readonly instruction: Instruction;
  readonly feeds: ReadonlySet<number>;
}

function* chainOf(site: Site): Generator<Link> {
  const feeds = new Set<number>(site.register === undefined ? [] : [site.register]);
  for (const slot of site.before(site.pc)) {
    const instruction = site.machine.instruction(slot);
    yield { slot, instruction, feeds };
    if (instruction.kind === 'call' || instruction.kind === 'call_local' || instruction.kind === 'call_btf' || instruction.kind === 'callx') {
      for (let register = 0; register <= 5; register++) feeds.delete(register);
    } else if (instruction.kind === 'binary') {
      if (!feeds.has(instruction.dst)) continue;
      if (instruction.operator === 'mov') feeds.delete(instruction.dst);
      if (instruction.source.kind === 'register') feeds.add(instruction.source.register);
    } else if (instruction.kind === 'movsx' || instruction.kind === 'cast') {
      if (feeds.delete(instruction.dst)) feeds.add(instruction.src);
    } else if (instruction.kind === 'load' || instruction.kind === 'lddw' || instruction.kind === 'load_acquire') feeds.delete(instruction.dst);
  }
}

/** A test of a number's range; a test for 0 is one for null as a rule. */
function boundsTest(instruction: Instruction): Branch | undefined {
  if (instruction.kind !== 'branch' || instruction.source.kind !== 'immediate') return undefined;
  return instruction.comparison === 'eq' || instruction.comparison === 'ne' || instruction.comparison === 'set' ? undefined : instruction;
}

function narrowGuard(site: Site): Lowering | undefined {
  for (const { slot, instruction, feeds } of chainOf(site)) {
    const test = boundsTest(instruction);
    // Where the upper half is known to be 0 the narrow test says as much as a wide one.
    if (test === undefined || test.width !== 32 || !feeds.has(test.dst) || !mayBeWide(site, slot, test.dst)) continue;
    return {
      kind: 'narrow_guard',
      instruction: slot,
      words: `The test at instruction ${slot} compares w${test.dst}, the low 32 bits; the access uses all 64 bits of r${test.dst}.`,
      cure: ['__u64 index = ...;', BARRIER('index'), 'or mask the index: index &= SIZE - 1;'],
    };
  }
  return undefined;
}

/** Whether what made the register's value may have set its upper half. */
function mayBeWide(site: Site, at: number, register: number): boolean {
  for (const slot of site.before(at)) {
    const instruction = site.machine.instruction(slot);
    if (instruction.kind === 'call' || instruction.kind === 'call_local') {
      if (register <= 5) return register === 0;
    } else if (instruction.kind === 'load') {
      if (instruction.dst === register) return instruction.size === 8 || instruction.signed;
    } else if ('dst' in instruction && instruction.dst === register && instruction.kind !== 'store' && instruction.kind !== 'branch') {
      if (instruction.kind !== 'binary') return true;
      if (instruction.width === 32) return false;
      if (instruction.operator === 'rsh' || (instruction.operator === 'and' && instruction.source.kind === 'immediate')) return false;
      if (instruction.operator === 'mov' && instruction.source.kind === 'register') return mayBeWide(site, slot, instruction.source.register);
      return true;
    }
  }
  return false;
}

/** A test of a register that was copied from (or to) the one used, which itself is not bounded. */
function copyGuard(site: Site): Lowering | undefined {
  const tests = new Map<number, number>();
  for (const { slot, instruction, feeds } of chainOf(site)) {
    const test = boundsTest(instruction);
    if (test !== undefined && !feeds.has(test.dst)) tests.set(test.dst, slot);
    if (instruction.kind !== 'binary' || !tests.has(instruction.dst)) continue;
    const tested = tests.get(instruction.dst)!;
    if (instruction.operator !== 'mov' || instruction.source.kind !== 'register' || !feeds.has(instruction.source.register)) {
      // The upper half cut off is still the same number to the source.
      if (!isShift(instruction)) tests.delete(instruction.dst);
      continue;
    }
    return {
      kind: 'guard_on_copy',
      instruction: tested,
      words: `The test at instruction ${tested} is done on r${instruction.dst}, a copy made at instruction ${slot}; the access uses the original.`,
      cure: [BARRIER('index'), 'test and use the same variable, of one type'],
    };
  }
  return undefined;
}

function isShift({ operator }: Binary): boolean {
  return operator === 'lsh' || operator === 'rsh' || operator === 'arsh';
}

/** Two shifts where the source has a mask or a narrow type: what a mask would have bounded is not bounded any more. */
function removedMask(site: Site): Lowering | undefined {
  const mask = /&=?\s*(0x[\da-f]+|\d+)/i.exec(site.line);
  if (mask === null) return undefined;
  const wanted = Number(mask[1]);
  for (const slot of site.before(site.pc)) {
    const instruction = site.machine.instruction(slot);
    if (
      instruction.kind === 'binary' &&
      instruction.operator === 'and' &&
      instruction.source.kind === 'immediate' &&
      instruction.source.value === wanted
    )
      return undefined;
  }
  return {
    kind: 'removed_mask',
    instruction: site.pc,
    words: `The source masks with ${mask[1]}, but the compiled code has no such operation before instruction ${site.pc}: the compiler found it redundant.`,
    cure: [BARRIER('index').replace('test', 'mask'), `index &= ${mask[1]};`],
  };
}

function loopShape(site: Site): Lowering | undefined {
  const { graph } = site.verification;
  if (graph === undefined) return undefined;
  const head = graph.blocks.find(({ start, last, loopEnd }) => loopEnd >= 0 && start <= site.pc && site.pc <= last);
  if (head === undefined) return undefined;
  for (const block of graph.blocks) {
    if (block.order < head.order || block.order > head.loopEnd || block.functionStart !== head.functionStart || !block.successors.includes(head.id))
      continue;
    const instruction = site.machine.instruction(block.last);
    if (instruction.kind !== 'branch' || (instruction.comparison !== 'ne' && instruction.comparison !== 'eq')) continue;
    const limit = instruction.source.kind === 'immediate' ? `${instruction.source.value}` : `r${instruction.source.register}`;
    const counter = site.value(instruction.dst);
    if (counter !== undefined && constantValue(counter.range) !== undefined) continue;
    return {
      kind: 'bottom_tested_loop',
      instruction: block.last,
      words: `The loop is tested at its end (instruction ${block.last}) for being ${instruction.comparison === 'ne' ? 'not equal' : 'equal'} to ${limit}; a counter that misses that number never stops.`,
      cure: ['for (__u32 i = 0; i < LIMIT; i++)   /* test with < at the top */', BARRIER('i')],
    };
  }
  return undefined;
}
